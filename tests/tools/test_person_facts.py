"""Facts of person and cart: a suppression has a scope, and what is unknown closes (P6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.tools.pictures import (
    LAMP,
    a_picture,
    a_profile,
    decided,
    denials,
    sending,
)
from tools.person_facts import person_facts
from tools.picture import CHANNELS, PURPOSES

OFFERING = {"discount_bp": 1_000, "valid_hours": 72}


def suppressed(*stopped: tuple[str, str]) -> dict[tuple[str, str], bool]:
    return {(c, p): (c, p) in stopped for c in CHANNELS for p in PURPOSES}


# -- suppression has a scope -----------------------------------------------------------------------


def test_an_address_that_is_stopped_stops_neither_the_other_channel_nor_an_offer() -> None:
    picture = a_picture(suppressed=suppressed(("sms", "marketing"), ("sms", "service")))
    assert decided("send_email", sending(), picture).allowed
    assert "suppressed" not in denials(decided("create_offer", OFFERING, picture))
    assert "suppressed" in denials(decided("send_sms", sending("cart_reminder_sms"), picture))


def test_somebody_who_asked_us_to_stop_altogether_gets_no_message_and_no_offer() -> None:
    everything = suppressed(*((c, p) for c in CHANNELS for p in PURPOSES))
    picture = a_picture(suppressed=everything)
    for tool, args in (
        ("send_email", sending()),
        ("send_sms", sending("cart_reminder_sms")),
        ("create_offer", OFFERING),
    ):
        assert "suppressed" in denials(decided(tool, args, picture)), tool


def test_an_opt_out_of_marketing_says_nothing_about_service() -> None:
    picture = a_picture(suppressed=suppressed(("email", "marketing"), ("sms", "marketing")))
    assert "suppressed" in denials(decided("create_offer", OFFERING, picture))
    assert not picture.suppressed_for("service")


# -- stock, price, currency ------------------------------------------------------------------------


def test_p2_two_lines_of_one_article_need_both_quantities() -> None:
    line = replace(LAMP, quantity=3)
    assert decided("send_email", sending(), a_picture(lines=(line,))).allowed
    answer = decided("send_email", sending(), a_picture(lines=(line, line)))
    assert denials(answer) == {"out_of_stock"}


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"free_stock": None}, "missing:cart.in_stock"),
        ({"quantity": None}, "missing:cart.in_stock"),
    ],
)
def test_p6_an_unknown_stock_or_quantity_closes_the_gate(
    change: dict[str, Any], missing: str
) -> None:
    lines = (replace(LAMP, **change),)
    picture = a_picture(lines=lines, cart_value_minor=None)
    for tool, args in (("send_email", sending()), ("create_offer", OFFERING)):
        assert missing in denials(decided(tool, args, picture)), tool


@pytest.mark.parametrize("change", [{"price_minor": None}, {"cost_minor": None}])
def test_without_price_or_cost_it_is_mentioned_and_never_discounted(
    change: dict[str, Any],
) -> None:
    picture = a_picture(lines=(replace(LAMP, **change),))
    assert decided("send_email", sending(), picture).allowed
    assert "no_price" in denials(decided("create_offer", OFFERING, picture))


def test_p12_another_currency_than_the_packs_is_a_malformed_fact() -> None:
    for currency in ("USD", None):
        picture = a_picture(cart_currency=currency)
        for tool, args in (("send_email", sending()), ("create_offer", OFFERING)):
            assert "missing:cart.currency" in denials(decided(tool, args, picture))


def test_p6_an_unknown_budget_closes_the_gate() -> None:
    answer = decided("create_offer", OFFERING, a_picture(budgets={}))
    assert "missing:budget.discounts.left_minor" in denials(answer)


def test_p2_an_offer_takes_no_more_than_is_left_of_the_budget() -> None:
    answer = decided("create_offer", OFFERING, a_picture(budgets={"discounts": 1_189}))
    assert denials(answer) == {"discounts"}
    assert decided("create_offer", OFFERING, a_picture(budgets={"discounts": 1_190})).allowed


@pytest.mark.parametrize(
    ("traits", "known"),
    [
        ({}, {"customer.sentiment": "unknown", "customer.compliance_flag": False}),
        ({"sentiment": "negative"}, {"customer.sentiment": "negative"}),
        ({"compliance_flag": True}, {"customer.compliance_flag": True}),
        ({"compliance_flag": False}, {"customer.compliance_flag": False}),
    ],
)
def test_nothing_said_of_mood_or_flag_is_a_value(
    traits: dict[str, Any], known: dict[str, Any]
) -> None:
    facts = person_facts(a_picture(profile=a_profile(**traits)), purpose="marketing")
    assert known.items() <= facts.items()


@pytest.mark.parametrize("value", ["angry", 3, True, ["negative"], {}])
def test_p6_a_mood_or_a_flag_that_cannot_be_read_is_left_out(value: object) -> None:
    facts = person_facts(a_picture(profile=a_profile(sentiment=value)), purpose="marketing")
    assert "customer.sentiment" not in facts
    flag = "yes" if value is True else value
    facts = person_facts(a_picture(profile=a_profile(compliance_flag=flag)), purpose="marketing")
    assert "customer.compliance_flag" not in facts
