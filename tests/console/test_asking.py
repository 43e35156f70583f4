"""Questions in words, whatever the call and whatever is known."""

from __future__ import annotations

from typing import Any

from console import asking

HOUR_US = 3_600 * 1_000_000


def question(tool: str = "create_offer", **over: Any) -> dict[str, Any]:
    args = over.pop("args", {"discount_bp": 2_000, "valid_hours": 72})
    asked = {
        "call": {"tool": tool, "args": args},
        "outcome": "approval",
        "amount_minor": 12_000,
        "currency": "EUR",
        "over_budget": [],
        "raised": [],
        "fired": [
            fired("large", "approval", {"action.cost_minor": 12_000}),
            fired("code_lately", "review", {"customer.days_since_last_code": 12}),
            fired("footer", "allow", {}),
        ],
        "facts": {
            "action.cost_minor": 12_000,
            "action.tool_listed": True,
            "budget.discounts.left_minor": 50_000,
            "customer.days_since_last_code": 12,
            "customer.open_complaint": False,
            "customer.minutes_since_purchase": 52_560_000,
            "margin.after_discount_bp": 3_750,
        },
    }
    return asked | over


def fired(rule: str, outcome: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"rule": rule, "outcome": outcome, "because": rule, "kind": "table", "facts": facts}


def test_each_tool_is_asked_about_in_words_of_its_own() -> None:
    titles = {
        tool: asking.title_of(question(tool, args={}), "Ada L.")
        for tool in ("send_email", "send_sms", "create_ticket", "suppress_customer", "escalate")
    }
    assert titles == {
        "send_email": "An e-mail for Ada L.",
        "send_sms": "A text message for Ada L.",
        "create_ticket": "A ticket for Ada L.",
        "suppress_customer": "Stop contact with Ada L.",
        "escalate": "People take over for Ada L.",
    }
    assert asking.title_of(question(), "Ada L.") == "20 % off for Ada L."
    assert asking.title_of(question("call_back"), "Ada L.") == "Call back for Ada L."


def test_what_was_asked_about_somebody_erased_has_no_words_of_theirs() -> None:
    assert "erased" in asking.title_of(question(call=None))
    assert asking.what_of(question(call=None)) == []


def test_the_call_is_told_in_units_that_people_use() -> None:
    told = asking.what_of(question())
    assert told == [("Discount", "20 %"), ("Valid", "72 hours")]


def test_an_instant_among_the_arguments_has_its_zone() -> None:
    sends = question("send_email", args={"useful_until": "2026-03-05T13:00:00+01:00", "slots": {}})
    assert asking.what_of(sends) == [("Useful until", "Thu 5 Mar 2026, 12:00 UTC")]
    odd = question("send_email", args={"useful_until": "soon"})
    assert asking.what_of(odd) == [("Useful until", "soon")]


def test_what_it_costs_stands_beside_the_budget_and_the_margin() -> None:
    figure, notes = asking.cost_of(question())
    assert figure == "120.00 EUR"
    assert notes == [
        "of 500.00 EUR left in the budget for discounts",
        "37.5 % margin is left on the weakest item",
    ]
    assert asking.cost_of(question(amount_minor=None))[0] == "Nothing"
    lacking = [{"budget": "discounts", "amount_minor": 2_000}]
    assert (
        "20.00 EUR more than is left of the budget for discounts: a signature raises it"
        in (asking.cost_of(question(over_budget=lacking))[1])
    )
    assert (
        "raised the budget for discounts by 20.00 EUR"
        in (asking.cost_of(question(raised=lacking))[1])
    )


def test_the_rules_that_ask_come_first_and_those_that_allow_not_at_all() -> None:
    assert [f["rule"] for f in asking.rules_of(question())] == ["large", "code_lately"]


def test_every_fact_is_told_once_with_its_rule_or_as_evidence() -> None:
    asked = question()
    first, rest = asking.evidence_of(asked)
    with_rules = [line for f in asking.rules_of(asked) for line in asking.facts_of(asked, f)]
    told = [name for name, _ in [*first, *rest, *with_rules]]
    assert len(told) == len(set(told)) == len(asked["facts"]) - 1  # what is dull is left out
    assert ("When this person last had a code", "12 days ago") in with_rules
    assert ("When this person last bought", "never") in rest


def test_how_long_is_left_is_said_until_there_is_nothing_left() -> None:
    assert asking.time_left(26 * HOUR_US, 0) == "26 hours left"
    assert asking.time_left(30_000_000, 0) == "less than a minute left"
    assert asking.time_left(5, 5) == "lapsed"


def test_who_asked_is_said_plainly() -> None:
    assert asking.asked_by("agent:shopping") == "the agent shopping"
    assert asking.asked_by("ann") == "ann"
