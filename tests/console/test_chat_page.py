"""Chat in the browser: asked and answered beside the decision; only a confirmed card acts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from console.chat_card import cost_of, outcome_of
from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS, Desk, contrast_of


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def _let_go(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "served" in request.fixturenames:
        served = request.getfixturevalue("served")
        with served.client() as client:
            for brake in pulled(served):
                client.delete(f"/v1/brake/{brake['id']}").raise_for_status()


def pulled(served: Served) -> list[dict[str, Any]]:
    with served.client() as client:
        items = client.get("/v1/brake").raise_for_status().json()["items"]
        return [item for item in items if item["lifted_at"] is None]


def say(page: Page, words: str) -> None:
    page.get_by_label("What to say").fill(words)
    page.get_by_label("What to say").press("Enter")


def test_why_is_answered_beside_the_decision_it_is_about(desk: Desk) -> None:
    page = desk.open("/chat")
    say(page, "why for grace@example.com")
    expect(page.locator(".u-talk")).to_contain_text("why for grace@example.com")
    expect(page.locator(".u-talk")).to_contain_text("waits for a signature")
    expect(page.locator(".u-sentence")).to_contain_text("20 % off waits for a signature")
    expect(page.get_by_label("What to say")).to_have_value("")
    page.get_by_role("link", name="Open it").click()
    page.wait_for_url("**/decisions/dec_*")


def test_an_example_is_asked_with_a_click(desk: Desk) -> None:
    page = desk.open("/chat")
    desk.button("how many contacts this week").click()
    expect(page.locator(".u-talk")).to_contain_text("1 contact went out this week")
    desk.button("why the newest decision").click()
    expect(page.locator(".u-sentence")).to_be_visible()


def test_a_wish_changes_nothing_until_its_card_is_confirmed(desk: Desk) -> None:
    page = desk.open("/chat")
    say(page, "stop all discounts")
    expect(page.locator(".u-ask")).to_contain_text("needs an operator")
    expect(page.locator(".u-ask")).to_contain_text("3 open questions")
    expect(page.get_by_role("link", name="Grace H.")).to_be_visible()
    assert pulled(desk.served) == []
    desk.button("Confirm").click()
    expect(page.locator(".u-ask")).to_contain_text("The brake is pulled: all discounts.")
    expect(page.locator("header")).to_contain_text("stopped: discounts")
    assert [brake["scope"] for brake in pulled(desk.served)] == ["offers"]
    expect(desk.button("Confirm")).to_have_count(0)


def test_a_viewer_sees_the_card_and_cannot_confirm_it(served: Served, sit: Sits) -> None:
    desk = sit(served, role="viewer")
    page = desk.open("/chat")
    say(page, "stop everything")
    expect(desk.button("Confirm")).to_be_disabled()
    expect(page.locator(".u-ask")).to_contain_text("Somebody with the role confirms it.")
    assert pulled(served) == []


def test_what_is_not_understood_is_said_and_nothing_is_done(desk: Desk) -> None:
    page = desk.open("/chat")
    say(page, "send everybody 90 % off <b>now</b>")
    expect(page.locator(".u-talk")).to_contain_text("I did not understand that")
    expect(page.locator(".u-talk")).to_contain_text("90 % off <b>now</b>")
    expect(page.locator(".u-ask")).to_have_count(0)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_cards_and_answers_are_readable_and_fit_a_narrow_screen(
    served: Served, sit: Sits, mode: str
) -> None:
    desk = sit(served, color_scheme=mode, viewport=NARROW)
    page = desk.open("/chat")
    say(page, "recover carts over 80 € from last 3 hours")
    expect(page.locator(".u-ask")).to_contain_text("Concerns 6 people.")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    found = contrast_of(page, ".u-chip, .u-muted, .u-small, .u-button, .u-mine, .u-message, a")
    assert not {words: ratio for words, ratio in found.items() if ratio < 4.5}


def test_costs_and_outcomes_are_said_in_words() -> None:
    asked = {
        "kind": "start",
        "who": {"count": 1},
        "cost": {
            "contacts_at_most": 1,
            "carts_worth_minor": 12_000,
            "discount_budgets_left_minor": {"discounts": 500_000},
            "currency": "EUR",
        },
    }
    assert cost_of(asked) == [
        "Concerns one person.",
        "1 contact at most.",
        "Carts worth 120.00 EUR.",
        "5,000.00 EUR left in the budget discounts.",
    ]
    told = outcome_of(asked, {"started": 2, "left_out": [{}]})
    assert told == "Started for 2 people; one person left out. Each decision passes the gate."
