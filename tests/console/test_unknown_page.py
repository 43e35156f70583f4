"""What nobody knows is looked at in the browser, after a restore too; what waits is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from agent.restore_folder import mark_in_place
from agent.settings import Settings
from tests.api.processes import Served, serving
from tests.api.service import PRODUCTS, trigger
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS

NIGHT = "2026-03-03T22:00:00Z"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def cart(client: httpx.Client, user: str) -> dict[str, Any]:
    """A cart of somebody is abandoned; the decision."""
    traits = {"email": f"{user}@example.com", "timezone": "Etc/UTC", "firstName": user.title()}
    agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
    for path, said in (
        ("identify", {"userId": user, "traits": traits}),
        ("track", {"userId": user, "event": "Consent Granted", "properties": agreed}),
    ):
        client.post(f"/v1/{path}", json=said).raise_for_status()
    answer = client.post("/v1/triggers?wait=30", json=trigger(user)).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def restored(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on data that was put on hold with one message queued for the morning."""
    folder = tmp_path_factory.mktemp("restored") / "data"
    with serving(folder, USHER_CLOCK=NIGHT) as served, served.client() as client:
        client.put("/v1/products", json=PRODUCTS).raise_for_status()
        assert cart(client, "ada")["status"] == "scheduled"
        served.terminate()
    mark_in_place(Settings(data=folder))
    with serving(folder, USHER_CLOCK=NIGHT) as served:
        yield served


def test_it_is_on_hold_in_sight_and_somebody_says_what_arrived(restored: Served, sit: Sits) -> None:
    viewer = sit(restored, role="viewer")
    page = viewer.open("/unknown")
    expect(viewer.button("It arrived")).to_be_disabled()
    desk = sit(restored)
    page = desk.open("/unknown")
    expect(page.get_by_role("status")).to_contain_text("Nothing goes out: restored from a backup")
    expect(page.get_by_role("navigation")).to_contain_text("To be looked at1")
    expect(page.locator(".u-main")).to_contain_text("Nobody knows whether 1 effect arrived.")
    expect(page.get_by_role("link", name="Ada")).to_be_visible()
    desk.button("It arrived").click()
    expect(page.get_by_text("Write how you know first")).to_be_visible()
    page.get_by_label("How you know").fill("their postmaster says so")
    desk.button("It arrived").click()
    expect(page.locator(".u-main")).to_contain_text("Nothing waits here.")
    with restored.client() as client:
        [sent] = client.get("/v1/effects?status=sent").json()["items"]
        assert sent["reason"] == "admin looked: it arrived"
        [brake] = client.get("/v1/brake").json()["items"]
        client.delete(f"/v1/brake/{brake['id']}").raise_for_status()
    expect(page.get_by_role("status")).to_have_count(0)


def test_what_is_queued_is_taken_back_after_it_was_shown_what_that_does(
    restored: Served, sit: Sits
) -> None:
    with restored.client() as client:
        for brake in client.get("/v1/brake").json()["items"]:
            client.delete(f"/v1/brake/{brake['id']}")
        decision = cart(client, "bob")
    assert decision["status"] == "scheduled"
    desk = sit(restored)
    page = desk.open(f"/decisions/{decision['id']}")
    told = page.locator("section", has_text="Take it back")
    expect(told).to_contain_text("Undoing it cancels the queued message")
    page.get_by_label("Why").fill("the wrong lamp")
    desk.button("Undo").click()
    expect(page.locator(".u-sentence").first).to_contain_text("admin took it back")
    expect(desk.button("Undo")).to_have_count(0)
    with restored.client() as client:
        [effect] = client.get("/v1/effects?status=cancelled").json()["items"]
    assert effect["decision_id"] == decision["id"]
