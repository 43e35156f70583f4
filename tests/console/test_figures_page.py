"""Figures in the browser: they add up, and each leads to the people it counts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from console.mending import what_mends
from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS, Desk


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def test_each_bar_leads_to_as_many_people_as_it_says(desk: Desk) -> None:
    page = desk.open("/figures")
    bars = [
        (bar.get_attribute("href"), int(bar.inner_text().split("\n")[-1]))
        for bar in page.locator("a.u-plot").all()
    ]
    assert len(bars) >= 5
    whole = next(n for href, n in bars if href == "/figures/people?days=1")
    assert sum(n for href, n in bars if "status=" in str(href)) == whole == 6
    for href, n in bars:
        assert href is not None
        behind = desk.open(href)
        expect(behind.locator("tbody tr")).to_have_count(n)


def test_a_rule_leads_to_whom_it_made_wait(desk: Desk) -> None:
    page = desk.open("/figures")
    line = page.get_by_role("row", name="offer_autonomy.large")
    expect(line).to_contain_text("An offer worth 50.00 or more is signed by a person")
    expect(line).to_contain_text("none refused")
    line.get_by_role("link", name="2 asked").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator(".u-main")).to_contain_text("Grace H.")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/decisions/dec_*")


def test_the_sentence_and_the_budget_are_in_money_and_words(desk: Desk) -> None:
    page = desk.open("/figures?days=7")
    expect(page.locator(".u-sentence")).to_contain_text("6 decisions in 7 days: 1 contact went out")
    expect(page.locator(".u-sentence")).to_contain_text("3 questions wait for a person")
    expect(page.locator(".u-main")).to_contain_text("left of 5,000.00 EUR")


def test_an_empty_deployment_says_what_to_do(empty: Served, sit: Sits) -> None:
    page = sit(empty).open("/figures")
    expect(page.locator(".u-sentence")).to_contain_text("Nobody was woken today.")
    expect(page.locator(".u-main")).to_contain_text("Start here says how")


def test_p6_whatever_fact_is_missing_something_is_said_to_do() -> None:
    for fact in ("product.age_minutes", "customer.zones", "customer.consent", "cart.priced", "x"):
        assert what_mends(fact)
    assert "timezone" in what_mends("customer.zones")
    assert "Consent Granted" in what_mends("customer.consent")
    assert "Consent" not in what_mends("customer.orders")
