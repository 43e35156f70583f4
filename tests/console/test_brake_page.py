"""The brake in the browser: seen before it is pulled, in sight everywhere, lifted by role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS, Desk


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def _let_go(served: Served) -> Iterator[None]:
    yield
    with served.client() as client:
        for brake in pulled(served):
            client.delete(f"/v1/brake/{brake['id']}").raise_for_status()


def pulled(served: Served) -> list[dict[str, Any]]:
    with served.client() as client:
        items = client.get("/v1/brake").raise_for_status().json()["items"]
        return [item for item in items if item["lifted_at"] is None]


def test_it_is_seen_before_it_is_pulled_and_in_sight_afterwards(desk: Desk) -> None:
    page = desk.open("/brake")
    expect(page.locator(".u-sentence").first).to_contain_text("Nothing is stopped.")
    expect(desk.button("Pull the brake")).to_have_count(0)
    elsewhere = desk.open("/figures", page=desk.tab())
    page.get_by_label("Why").fill("A wrong price went out")
    desk.button("Show what it would do").click()
    expect(page.locator(".u-main")).to_contain_text("1 queued contact and 3 open questions wait")
    waits = re.compile(r"3 Mar 2026, 23:(0\d|1[0-4]):[0-5]\d UTC")
    expect(page.get_by_role("row", name="Yuki T.")).to_contain_text(waits)
    assert pulled(desk.served) == []
    desk.button("Pull the brake").click()
    expect(page.locator(".u-sentence").first).to_contain_text("everything that reaches customers")
    [brake] = pulled(desk.served)
    assert (brake["scope"], brake["in_flight"]) == ("all", "hold")
    assert (brake["by"], brake["reason"]) == ("admin", "A wrong price went out")
    for tab in (page, elsewhere):
        expect(tab.locator("header")).to_contain_text("stopped: everything")
    desk.button("Lift").click()
    expect(page.locator(".u-sentence").first).to_contain_text("Nothing is stopped.")
    expect(page.get_by_role("row", name="A wrong price went out")).to_contain_text("admin")
    expect(elsewhere.locator("header")).not_to_contain_text("stopped")


def test_another_choice_is_seen_anew(desk: Desk) -> None:
    page = desk.open("/brake")
    page.get_by_label("Why").fill("Codes leaked")
    desk.button("Show what it would do").click()
    expect(desk.button("Pull the brake")).to_be_visible()
    page.get_by_label("What to stop").select_option("offers")
    expect(desk.button("Pull the brake")).to_have_count(0)
    page.get_by_label("What is queued").select_option("cancel")
    desk.button("Show what it would do").click()
    expect(page.locator(".u-main")).to_contain_text("Stops all discounts")
    expect(page.locator(".u-main")).to_contain_text("cancelled for good")


def test_nobody_pulls_without_saying_why(desk: Desk) -> None:
    page = desk.open("/brake")
    desk.button("Show what it would do").click()
    desk.button("Pull the brake").click()
    expect(page.get_by_text("Say why")).to_be_visible()
    assert pulled(desk.served) == []


def test_a_viewer_looks_and_an_operator_pulls_but_does_not_lift(served: Served, sit: Sits) -> None:
    viewer = sit(served, role="viewer")
    viewer.open("/brake")
    viewer.button("Show what it would do").click()
    expect(viewer.button("Pull the brake")).to_be_disabled()
    operator = sit(served, role="operator")
    page = operator.open("/brake")
    page.get_by_label("What to stop").select_option("channel:sms")
    page.get_by_label("Why").fill("The provider is down")
    operator.button("Show what it would do").click()
    operator.button("Pull the brake").click()
    expect(operator.button("Lift")).to_be_disabled()
    assert [brake["scope"] for brake in pulled(served)] == ["channel:sms"]
