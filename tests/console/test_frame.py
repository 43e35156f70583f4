"""The frame: the state of the house is in sight and stays true; who may not stay is shown out."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from console.frame import moment
from tests.api.processes import Served
from tests.console import sample
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS, Desk


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def test_the_clock_and_what_waits_stay_true_without_loading_again(desk: Desk) -> None:
    page = desk.open("/policies")
    expect(page.locator("[data-clock]")).to_have_text("Tue 3 Mar 2026, 12:00 UTC · simulated")
    expect(page.get_by_role("link", name="Approvals")).to_contain_text("3")
    with desk.served.client() as client:
        question = sample.question_of(client, "gilda")
        client.post(
            f"/v1/approvals/{question['id']}", json={"decision": "reject", "reason": "no"}
        ).raise_for_status()
        client.post("/v1/clock", json={"advance": "PT30M"}).raise_for_status()
    expect(page.locator("[data-clock]")).to_have_text("Tue 3 Mar 2026, 12:30 UTC · simulated")
    expect(page.get_by_role("link", name="Approvals")).to_contain_text("2")


def test_who_was_disabled_is_shown_out_of_an_open_page(served: Served, sit: Sits) -> None:
    desk = sit(served, role="operator")
    page = desk.open("/policies")
    name = page.locator("header").inner_text().split(" · operator")[0].split("\n")[-1]
    with served.client() as client:
        client.delete(f"/v1/principals/{name}").raise_for_status()
    page.wait_for_url("**/login")


def test_logging_out_ends_the_session(served: Served, sit: Sits) -> None:
    desk = sit(served)
    page = desk.open("/policies")
    cookie = {c["name"]: c["value"] for c in desk.context.cookies()}
    assert "usher_session" in cookie
    desk.button("Log out").click()
    page.wait_for_url("**/login")
    assert desk.context.cookies() == []
    page.goto(f"{served.url}/policies")
    page.wait_for_url("**/login")


def test_the_page_that_is_open_is_marked_and_every_place_is_there(desk: Desk) -> None:
    page = desk.open("/figures")
    here = page.locator("nav [aria-current=page]")
    expect(here).to_have_text("Figures")
    with httpx.Client(base_url=desk.served.url, trust_env=False) as client:
        client.post("/login", data={"key": desk.served.key})
        for link in page.locator("nav a").all():
            path = link.get_attribute("href")
            assert path is not None
            assert client.get(path).status_code == 200


def test_every_instant_shows_its_zone() -> None:
    assert moment(1_772_539_200_000_000) == "Tue 3 Mar 2026, 12:00:00 UTC"
    assert moment(None) == "–"
