"""The two panels of the first page: what failed closed, and what came close to a limit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS, Desk, contrast_of


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def card(page: Page, title: str) -> Locator:
    return page.locator(".u-card", has=page.get_by_role("heading", name=title))


@pytest.mark.parametrize("path", ["/", "/decisions"])
def test_with_nothing_counted_each_panel_says_what_that_means(
    empty: Served, sit: Sits, path: str
) -> None:
    page = sit(empty).open(path)
    expect(card(page, "Closed because something was not known")).to_contain_text(
        "every fact that a rule needed was known"
    )
    expect(card(page, "Close to a limit")).to_contain_text("There is room below every cap")


def approve_all(served: Served) -> None:
    """Every open question is answered with yes; Ines's discount is all that her row lets pass."""
    with served.client() as client:
        for question in client.get("/v1/approvals").raise_for_status().json()["items"]:
            path = f"/v1/approvals/{question['id']}"
            client.post(path, json={"decision": "approve"}).raise_for_status()


def test_a_limit_that_was_met_is_told_in_its_own_words_and_leads_to_whom(
    served: Served, desk: Desk, sit: Sits
) -> None:
    approve_all(served)
    for path in ("/", "/decisions", "/figures"):
        page = desk.open(path)
        panel = card(page, "Close to a limit")
        expect(panel).to_contain_text("How much a person may get depends on how loyal they are")
        expect(panel).to_contain_text("exactly at it in 7 days")
        expect(panel.locator(".u-days")).not_to_have_count(0)
    desk.open("/")
    desk.page.get_by_role("link", name="How much a person may get").first.click()
    desk.page.wait_for_url("**/figures/people?*near=*")
    expect(desk.page.locator(".u-sentence")).to_contain_text("Who came close to a limit")
    expect(desk.page.locator("tbody tr")).not_to_have_count(0)
    narrow = sit(served, viewport=NARROW)
    for path in ("/", "/decisions"):
        page = narrow.open(path)
        expect(card(page, "Close to a limit")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
    assert min(contrast_of(narrow.page, ".u-day").values()) >= 4.5
