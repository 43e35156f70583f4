"""How close a call came: measured at each kind of limit, and the same whatever else is so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.expressions import truth
from policies.nearness import FULL_BP, Closeness, Nearness, closeness_of
from policies.pack import Pack, load_pack
from policies.verdict import Outcome
from tests.policies.packs import CODE, CONTACT, MESSAGE, OFFER, commerce, small, swapped


def near(pack: Pack, kind: str, facts: dict[str, Any], **changes: Any) -> dict[str, Nearness]:
    """Rule → how close, on these facts with some changed."""
    given = facts | {key.replace("__", "."): value for key, value in changes.items()}
    return {one.rule: one for one in pack.near(kind, given)}


def told(found: dict[str, Nearness]) -> dict[str, tuple[str, int, int]]:
    return {rule: (one.closeness.value, one.used_bp, one.distance) for rule, one in found.items()}


# -- caps ------------------------------------------------------------------------------------------


def test_the_last_contact_that_a_cap_lets_pass_is_at_it() -> None:
    assert told(near(commerce(), "contact", MESSAGE, cap__weekly__used=1)) == {}
    at = near(commerce(), "contact", MESSAGE, cap__weekly__used=2)["weekly"]
    assert (at.closeness, at.used_bp, at.distance) == (Closeness.AT, 10_000, 1)
    assert (at.fact, at.because) == (
        "cap.weekly.used",
        "Nobody gets more than 3 marketing contacts in 7 days",
    )
    past = near(commerce(), "contact", MESSAGE, cap__weekly__used=3)["weekly"]
    assert (past.closeness, past.used_bp, past.distance) == (Closeness.PAST, 10_000, 0)


def test_the_first_contact_that_a_cap_counts_is_far_from_it_however_small_it_is() -> None:
    assert "daily_channel" not in near(commerce(), "contact", MESSAGE)
    assert (
        near(commerce(), "contact", MESSAGE, cap__daily_channel__used=1)["daily_channel"].closeness
        is Closeness.PAST
    )
    none = load_pack(swapped("    max: 3", "    max: 0"), file="p.yaml")
    assert near(none, "contact", CONTACT)["weekly"].closeness is Closeness.PAST


def test_within_a_tenth_of_a_cap_is_close() -> None:
    wide = load_pack(swapped("    max: 3", "    max: 100"), file="p.yaml")
    assert "weekly" not in near(wide, "contact", CONTACT, cap__weekly__used=88)
    close = near(wide, "contact", CONTACT, cap__weekly__used=89)["weekly"]
    assert (close.closeness, close.used_bp, close.distance) == (Closeness.CLOSE, 9_000, 11)


def test_who_a_cap_does_not_hold_is_not_near_it() -> None:
    facts = CONTACT | {"action.class": "service"}
    assert near(small(), "contact", facts, cap__weekly__used=2) == {}
    del facts["action.class"]
    assert near(small(), "contact", facts, cap__weekly__used=2) == {}


def test_an_unknown_count_is_near_to_nothing() -> None:
    facts = {name: value for name, value in CONTACT.items() if name != "cap.weekly.used"}
    assert near(small(), "contact", facts) == {}
    assert near(small(), "nonsense", CONTACT) == {}


# -- budgets, discounts ----------------------------------------------------------------------------


def test_a_budget_is_measured_as_it_stands_after_the_call() -> None:
    def money(cost: int, left: int) -> tuple[str, int, int] | None:
        found = near(
            small(), "offer", OFFER, action__cost_minor=cost, budget__money__left_minor=left
        )
        return told(found).get("money")

    assert money(400, 5_000) is None
    assert money(499, 1_000) is None
    assert money(500, 1_000) == ("close", 9_000, 501)
    assert money(1_000, 1_000) == ("at", 10_000, 1)
    assert money(1_001, 1_000) == ("past", 10_000, 0)
    assert money(0, 0) is None
    assert money(0, -5) == ("past", 10_000, 0)
    assert money(9_000, 8_000) == ("past", 10_000, 0), "the month's limit was raised by hand"


def test_a_discount_is_measured_against_its_own_row_and_every_rule_that_bounds_it() -> None:
    found = near(commerce(), "offer", CODE, action__discount_bp=2_000)
    assert told(found) == {
        "max_discount": ("at", 10_000, 1),
        "discount_tier.top_rich": ("at", 10_000, 1),
    }
    silver = CODE | {"customer.segment": "silver"}
    assert told(near(commerce(), "offer", silver, action__discount_bp=1_400)) == {
        "discount_tier.other_rich": ("close", 9_333, 101)
    }
    assert near(commerce(), "offer", CODE, action__discount_bp=0) == {}


def test_no_discount_is_far_from_a_row_that_grants_none() -> None:
    thin = CODE | {"margin.lowest_bp": 1_000}
    assert near(commerce(), "offer", thin, action__discount_bp=0) == {}
    past = near(commerce(), "offer", thin, action__discount_bp=1)["discount_tier.thin"]
    assert past.closeness is Closeness.PAST


def test_a_row_with_an_unknown_fact_measures_nothing() -> None:
    for name in ("customer.segment", "action.discount_bp"):
        facts = {key: value for key, value in CODE.items() if key != name}
        assert not [rule for rule in near(commerce(), "offer", facts) if "tier" in rule]


def test_an_obligation_that_caps_a_discount_is_measured_where_it_applies() -> None:
    text = swapped(
        "soft:",
        "  - id: gentle\n    on: [contact]\n    never_when: customer.orders > 10\n"
        "    obeys: {class: [marketing]}\n    then: {cap_discount_bp: 500}\n    because: B\nsoft:",
    )
    pack = load_pack(text, file="p.yaml")
    held = CONTACT | {"customer.orders": 11}
    assert told(near(pack, "contact", held, action__discount_bp=460)) == {
        "gentle": ("close", 9_200, 41)
    }
    assert told(near(pack, "contact", held, action__discount_bp=501))["gentle"][0] == "past"
    assert near(pack, "contact", CONTACT, action__discount_bp=460) == {}
    service = held | {"action.class": "service"}
    assert near(pack, "contact", service, action__discount_bp=460) == {}
    bare = {key: value for key, value in held.items() if key != "action.discount_bp"}
    assert near(pack, "contact", bare) == {}


# -- rules -----------------------------------------------------------------------------------------


def rule(condition: str, *, on: str = "offer", strength: str = "hard", more: str = "") -> Pack:
    """The small pack with one more rule `x`."""
    when = {"hard": "never_when", "ask": "ask_when"}[strength]
    of = "    of: operator\n" if strength == "ask" else ""
    body = f"  - id: x\n    on: [{on}]\n    {when}: {condition}\n{of}{more}    because: B\n"
    old = "soft:\n"
    return load_pack(
        swapped(old, (body if strength == "hard" else f"ask:\n{body}") + old), file="p"
    )


@pytest.mark.parametrize(
    ("condition", "cost", "says"),
    [
        ("action.cost_minor > 1000", 899, None),
        ("action.cost_minor > 1000", 900, ("close", 9_000, 101)),
        ("action.cost_minor > 1000", 999, ("close", 9_990, 2)),
        ("action.cost_minor > 1000", 1_000, ("at", 10_000, 1)),
        ("action.cost_minor > 1000", 1_001, ("past", 10_000, 0)),
        ("action.cost_minor >= 1000", 999, ("at", 10_000, 1)),
        ("1000 < action.cost_minor", 1_000, ("at", 10_000, 1)),
        ("action.cost_minor < 1000", 1_000, ("at", 10_000, 1)),
        ("action.cost_minor < 1000", 1_100, ("close", 9_000, 101)),
        ("action.cost_minor < 1000", 1_101, None),
        ("action.cost_minor <= 1000", 1_001, ("at", 10_000, 1)),
        ("not action.cost_minor <= 1000", 950, ("close", 9_500, 51)),
        ("action.cost_minor - 500 > 500", 950, ("close", 9_500, 51)),
        ("2000 - action.cost_minor < 1000", 950, ("close", 9_500, 51)),
        ("action.cost_minor + action.cost_minor > 2000", 950, ("close", 9_500, 51)),
        ("action.cost_minor + action.cost_minor > 2001", 1_000, ("at", 10_000, 1)),
        ("action.cost_minor - action.cost_minor > 5", 5, None),
        ("action.cost_minor > 1000 or action.cost_minor > 2000", 990, ("close", 9_900, 11)),
        ("action.cost_minor > 1000 and action.cost_minor > 2000", 1_990, ("close", 9_950, 11)),
        ("action.cost_minor > 1000 and customer.suppressed", 1_000, None),
        ("action.cost_minor > 1000 and not customer.suppressed", 1_000, ("at", 10_000, 1)),
        ("action.cost_minor > 0 and customer.suppressed", 0, None),
        ("action.cost_minor > 0", 0, None),
        ("action.cost_minor == 1000", 999, None),
        ("action.cost_minor == 1000", 1_000, None),
        ("action.cost_minor in (1000, 1001)", 999, None),
        ("100 < action.cost_minor < 200", 100, ("at", 10_000, 1)),
        ("100 < action.cost_minor < 200", 200, ("at", 10_000, 1)),
        ("100 < action.cost_minor < 200", 150, ("past", 10_000, 0)),
    ],
)
def test_a_rule_is_as_near_as_the_smallest_change_of_a_number_that_makes_it_fire(
    condition: str, cost: int, says: tuple[str, int, int] | None
) -> None:
    for strength in ("hard", "ask"):
        found = near(rule(condition, strength=strength), "offer", OFFER, action__cost_minor=cost)
        assert told(found).get("x") == says


def test_of_two_numbers_the_nearer_one_tells() -> None:
    pack = rule("action.cost_minor > 1000 or item.margin_bp < 2000")
    found = near(pack, "offer", OFFER, action__cost_minor=950, item__margin_bp=2_010)["x"]
    assert (found.fact, found.used_bp, found.distance) == ("item.margin_bp", 9_950, 11)
    found = near(pack, "offer", OFFER, action__cost_minor=999, item__margin_bp=2_050)["x"]
    assert (found.fact, found.used_bp, found.distance) == ("action.cost_minor", 9_990, 2)


def test_two_facts_may_bound_each_other() -> None:
    pack = rule("action.cost_minor > item.margin_bp + 100")
    found = near(pack, "offer", OFFER, action__cost_minor=1_080, item__margin_bp=1_000)["x"]
    assert (found.fact, found.closeness, found.distance) == (
        "action.cost_minor", Closeness.CLOSE, 21,
    )  # fmt: skip


def test_a_limit_below_zero_and_one_at_zero_have_a_nearness_too() -> None:
    pack = rule("item.margin_bp < -1000")
    assert told(near(pack, "offer", OFFER, item__margin_bp=-950))["x"] == ("close", 9_500, 51)
    zero = rule("item.margin_bp < 0")
    assert told(near(zero, "offer", OFFER, item__margin_bp=0))["x"] == ("at", 10_000, 1)
    assert "x" not in near(zero, "offer", OFFER, item__margin_bp=1)


def test_nothing_is_said_of_a_value_that_the_fact_cannot_have() -> None:
    # useful_minutes is at most 525600: one more is no change that could be
    pack = rule("action.useful_minutes - 1 > 525598", on="contact")
    assert told(near(pack, "contact", CONTACT, action__useful_minutes=525_599))["x"][0] == "at"
    never = rule("action.useful_minutes - 1 > 525599", on="contact")
    assert near(never, "contact", CONTACT, action__useful_minutes=525_600) == {}


def test_unknown_facts_and_other_contacts_measure_nothing() -> None:
    pack = rule("customer.orders > 10", on="contact", more="    obeys: {class: [marketing]}\n")
    assert told(near(pack, "contact", CONTACT, customer__orders=10))["x"][0] == "at"
    service = CONTACT | {"action.class": "service"}
    assert near(pack, "contact", service, customer__orders=10) == {}
    unknown = {key: value for key, value in CONTACT.items() if key != "customer.orders"}
    assert near(pack, "contact", unknown) == {}
    other = rule("action.cost_minor > item.margin_bp")
    bare = {key: value for key, value in OFFER.items() if key != "item.margin_bp"}
    assert near(other, "offer", bare, action__cost_minor=3_000) == {}


def test_soft_rules_and_rules_about_other_calls_are_no_limits() -> None:
    assert near(small(), "contact", CONTACT, learned__score=10) == {}
    assert near(rule("action.cost_minor > 400"), "contact", CONTACT) == {}


def test_the_closest_comes_first() -> None:
    facts = MESSAGE | {"cap.weekly.used": 2, "customer.minutes_since_purchase": 1_500}
    assert [one.rule for one in commerce().near("contact", facts)] == ["weekly", "just_bought"]


# -- whatever is so --------------------------------------------------------------------------------

WORDS = {kind: commerce().content.facts_for(kind) for kind in ("contact", "offer")}


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A call with some of its numbers at or near what the commerce pack's limits say."""
    kind = draw(st.sampled_from(["contact", "offer"]))
    facts: dict[str, Any] = dict(MESSAGE if kind == "contact" else CODE)
    for name, fact in WORDS[kind].items():
        if fact.type.value == "int" and draw(st.booleans()):
            around = st.sampled_from([0, 1, 2, 3, 60, 1_000, 1_500, 2_000, 1_440, 4_000, 5_000])
            value = draw(around) + draw(st.integers(-2, 2))
            facts[name] = max(fact.low, min(fact.high, value))
        elif fact.type.value == "bool" and draw(st.integers(0, 9)) == 0:
            facts[name] = not facts[name]
    return kind, facts


@given(calls())
@settings(max_examples=300, deadline=None)
def test_a_rule_that_fired_is_never_far_and_one_that_did_not_is_never_past(
    call: tuple[str, dict[str, Any]],
) -> None:
    kind, facts = call
    verdict = commerce().decide(kind, facts, call_digest="d", overrides={})
    found = near(commerce(), kind, facts)
    denied = {one.rule for one in verdict.fired if one.outcome is Outcome.DENY}
    past = {name for name, one in found.items() if one.closeness is Closeness.PAST}
    measured = {"weekly", "daily_channel", "discounts", "max_discount", "margin_floor",
                "just_bought", "stale_price", "discount_without_offer"}  # fmt: skip
    assert past == {rule for rule in denied if rule in measured or rule.startswith("discount_tier")}
    assert past <= denied


@given(calls())
@settings(max_examples=200, deadline=None)
def test_that_much_change_makes_a_rule_fire_and_less_does_not(
    call: tuple[str, dict[str, Any]],
) -> None:
    kind, facts = call
    trees = {rule.id: rule.condition.tree for rule in commerce().content.rules if not rule.then}
    for one in commerce().near(kind, facts):
        if one.rule in trees and one.closeness is not Closeness.PAST:
            tree, value = trees[one.rule], facts[one.fact]
            moved = [facts | {one.fact: value + sign * one.distance} for sign in (1, -1)]
            assert any(truth(tree, other) for other in moved)
            less = range(value - one.distance + 1, value + one.distance)
            assert not any(truth(tree, facts | {one.fact: v}) for v in list(less)[:200])


@given(st.integers(-500, 500), st.integers(-500, 500), st.booleans())
def test_nearer_to_the_limit_is_never_told_as_farther(value: int, last: int, up: bool) -> None:
    step = 1 if up else -1
    here, there = (closeness_of(v, last, up=up) for v in (value, value + step))
    assert there[0].rank >= here[0].rank
    assert there[1] >= here[1]
    assert 0 <= here[1] <= FULL_BP
    assert (here[0] is Closeness.PAST) == ((value > last) if up else (value < last))
    assert (here[1] == FULL_BP) == (here[0] in (Closeness.AT, Closeness.PAST))
