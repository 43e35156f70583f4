"""The proof on the page of somebody erased, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS, Desk

MAIL = "lovelace.1815@example.com"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def erased(served: Served) -> str:
    """Our id of somebody who was erased."""
    with served.client() as client:
        body = {"userId": "lovelace-1815", "traits": {"email": MAIL}}
        client.post("/v1/identify", json=body).raise_for_status()
        ours: str = client.get("/v1/customers/lovelace-1815").raise_for_status().json()["id"]
        client.delete("/v1/customers/lovelace-1815").raise_for_status()
    return ours


def run(page: Page, desk: Desk, identifier: str) -> None:
    page.get_by_label("Identifier to search for").fill(identifier)
    desk.button("Run the proof").click()


def test_p10_an_admin_runs_the_proof_and_sees_every_store(
    served: Served, desk: Desk, erased: str
) -> None:
    page = desk.open(f"/customers/{erased}")
    run(page, desk, MAIL)
    answer = page.locator(".u-card", has=page.locator("h2", has_text="Is anything left?"))
    expect(answer.get_by_role("status")).to_contain_text("Nothing of this person is left.")
    expect(answer.locator(".u-chip.allow").first).to_contain_text("clean")
    for store in ("journal", "database files", "key table"):
        expect(answer.get_by_role("cell", name=store, exact=True)).to_be_visible()
    with served.client() as client:
        stated = {"mentor": MAIL.upper()}
        client.post("/v1/identify", json={"userId": "ada", "traits": stated}).raise_for_status()
        client.get("/v1/customers/ada").raise_for_status()
    desk.button("Run the proof").click()
    expect(answer.locator(".u-chip.deny").first).to_contain_text("not clean")
    expect(answer).to_contain_text("customers.profile_sealed")
    expect(answer).not_to_contain_text("lovelace")


def test_p10_whoever_is_unknown_or_too_short_proves_nothing_and_it_is_said(
    desk: Desk, erased: str
) -> None:
    page = desk.open(f"/customers/{erased}")
    for typed, said in (
        ("", "Type an identifier first"),
        ("nobody@example.com", "would prove nothing"),
    ):
        run(page, desk, typed)
        expect(page.locator(".q-notification").last).to_contain_text(said)


def test_an_operator_may_not_run_it(served: Served, sit: Sits, erased: str) -> None:
    desk = sit(served, role="operator")
    page = desk.open(f"/customers/{erased}")
    run(page, desk, MAIL)
    expect(page.locator(".q-notification").last).to_contain_text("needs the role admin")
