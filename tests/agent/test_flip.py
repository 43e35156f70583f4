"""The flip: held against brute force over every value, on the shipped pack."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.documents import shipped_packs
from agent.flip import LEAST_DISCOUNT_BP, Facts, Flip, flips, levers, with_fact
from evals.flat_pack import flat_commerce
from policies.pack import load_pack
from policies.verdict import Outcome
from tools.margin import margin_bp

TEXT = flat_commerce()
PACK = load_pack(TEXT, file="commerce.yaml", library=shipped_packs())
CONTACT: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "action.channel": "email",
    "action.class": "marketing",
    "action.purpose": "marketing",
    "action.has_offer": False,
    "action.names_discount": False,
    "action.offer_valid": True,
    "action.useful_minutes": 600,
    "action.discount_bp": 0,
    "now_us": 1_772_539_200_000_000,
    "customer.suppressed": False,
    "customer.consent": "granted",
    "customer.address_known": True,
    "customer.zones": ("Europe/Berlin",),
    "customer.open_complaint": False,
    "customer.orders": 2,
    "customer.minutes_since_purchase": 50_000,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cap.weekly.used": 1,
    "cap.daily_channel.used": 0,
}
OFFER: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "action.discount_bp": 1_000,
    "action.cost_minor": 1_200,
    "customer.suppressed": False,
    "customer.open_complaint": False,
    "customer.orders": 2,
    "customer.minutes_since_purchase": 50_000,
    "customer.segment": "silver",
    "customer.days_since_last_code": 100,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cart.priced": True,
    "margin.lowest_bp": 5_000,
    "margin.after_discount_bp": 4_444,
    "product.age_minutes": 10,
    "budget.discounts.left_minor": 400_000,
}


def outcome(kind: str, facts: Facts) -> Outcome:
    return PACK.decide(kind, facts, call_digest="").outcome


def found(kind: str, facts: Facts, **more: Any) -> list[Flip]:
    return flips(PACK, kind=kind, facts=facts, overrides={}, **{"params": False, **more})


def test_the_facts_here_are_all_that_the_pack_asks_for() -> None:
    assert PACK.needs("contact") <= CONTACT.keys()
    assert PACK.needs("offer") <= OFFER.keys()


def test_only_things_of_the_person_the_cart_and_the_offer_are_levers() -> None:
    for kind, facts in (("contact", CONTACT), ("offer", OFFER)):
        names = levers(PACK, kind, facts)
        assert names
        roots = {name.split(".")[0] for name in names - {"action.discount_bp"}}
        assert roots <= {"customer", "cart", "margin", "product", "cap", "budget"}
    assert "action.discount_bp" not in levers(PACK, "contact", CONTACT)
    assert "customer.zones" not in levers(PACK, "contact", CONTACT)


@given(
    discount=st.integers(LEAST_DISCOUNT_BP, 2_400),
    lowest=st.integers(-500, 8_000),
    segment=st.sampled_from(["platinum", "gold", "silver", "bronze", "new"]),
    days=st.integers(0, 200),
    bought=st.integers(0, 3_000),
    value=st.integers(1_000, 100_000),
)
@settings(max_examples=25, deadline=None)
def test_what_is_found_changes_the_answer_and_nothing_nearer_does(
    discount: int, lowest: int, segment: str, days: int, bought: int, value: int
) -> None:
    facts = {
        **OFFER,
        "action.discount_bp": discount,
        "action.cost_minor": -(-value * discount // 10_000),
        "margin.lowest_bp": lowest,
        "customer.segment": segment,
        "customer.days_since_last_code": days,
        "customer.minutes_since_purchase": bought,
    }
    facts = with_fact(facts, "action.discount_bp", discount)
    now = outcome("offer", facts)
    for flip in found("offer", facts):
        assert flip.kind == "fact"
        old, new = facts[flip.fact], flip.value
        assert flip.old == old
        assert outcome("offer", with_fact(facts, flip.fact, new)).value == flip.outcome != now.value
        if type(new) is int and flip.fact != "customer.segment":
            assert type(old) is int
            same = flip.outcome
            for step in range(1, min(abs(new - old), 4_000)):
                between = old + step if new > old else old - step
                near = outcome("offer", with_fact(facts, flip.fact, between))
                assert near.value != same, (flip, between)


LEVERS = {
    "customer.minutes_since_purchase": (0, 3_000),
    "customer.days_since_last_code": (0, 300),
    "action.discount_bp": (LEAST_DISCOUNT_BP, 3_000),
    "margin.lowest_bp": (0, 6_000),
    "product.age_minutes": (9_000, 11_000),
}


@given(
    name=st.sampled_from(sorted(LEVERS)),
    discount=st.integers(LEAST_DISCOUNT_BP, 2_600),
    lowest=st.integers(1_000, 6_000),
    days=st.integers(0, 120),
    bought=st.integers(0, 3_000),
    segment=st.sampled_from(["gold", "silver", "new"]),
)
@settings(max_examples=60, deadline=None)
def test_of_one_thing_alone_the_very_nearest_value_is_found(
    name: str, discount: int, lowest: int, days: int, bought: int, segment: str
) -> None:
    facts = {
        **OFFER,
        "margin.lowest_bp": lowest,
        "customer.days_since_last_code": days,
        "customer.minutes_since_purchase": bought,
        "customer.segment": segment,
        "product.age_minutes": 10_000,
    }
    facts = with_fact(facts, "action.discount_bp", discount)
    old, now = facts[name], outcome("offer", facts)
    assert type(old) is int
    low, high = LEVERS[name]
    near = [
        (now is not Outcome.ALLOW and other.rank > now.rank, abs(value - old))
        for value in range(low, high + 1)
        if (other := outcome("offer", with_fact(facts, name, value))) is not now
    ]
    others = levers(PACK, "offer", facts) - {name}
    told = [(f.value, f.outcome) for f in found("offer", facts, fixed=others)]
    if near and not min(near)[0]:
        ((value, said),) = told
        assert type(value) is int and abs(value - old) == min(near)[1]
        assert outcome("offer", with_fact(facts, name, value)).value == said
    for value, said in told:
        assert outcome("offer", with_fact(facts, name, value)).value == said


def test_of_two_changes_the_nearer_comes_first() -> None:
    """The margin has 0.5 % to go, the complaint is a whole word away."""
    facts = with_fact({**OFFER, "action.discount_bp": 1_500}, "margin.lowest_bp", 2_700)
    facts |= {"customer.segment": "gold"}
    (first, *_) = found("offer", facts, fixed=frozenset({"action.discount_bp"}))
    assert (first.fact, first.value) == ("margin.lowest_bp", 2_775)


def test_where_the_cost_decides_the_discount_is_moved_to_just_below_it() -> None:
    """15 % of 800.00 are 120.00; below 50.00 nobody signs, so 6.24 % (49.92) needs no signature."""
    facts = {**OFFER, "customer.segment": "gold", "action.cost_minor": 12_000}
    facts = with_fact(facts, "margin.lowest_bp", 6_000) | {"action.discount_bp": 1_500}
    facts["margin.after_discount_bp"] = 5_294
    assert outcome("offer", facts) is Outcome.APPROVAL
    (flip,) = [f for f in found("offer", facts) if f.fact == "action.discount_bp"]
    assert (flip.value, flip.outcome) == (624, "allow")


def test_a_refused_contact_is_told_what_would_have_let_it_go() -> None:
    for name, bad, good in (
        ("customer.open_complaint", True, False),
        ("customer.suppressed", True, False),
        ("customer.consent", "revoked", "granted"),
        ("cart.in_stock", False, True),
        ("customer.minutes_since_purchase", 100, 1_440),
        ("cap.weekly.used", 3, 2),
    ):
        facts = {**CONTACT, name: bad}
        assert outcome("contact", facts) is Outcome.DENY
        (flip,) = [f for f in found("contact", facts) if f.kind == "fact"]
        assert (flip.fact, flip.value, flip.outcome) == (name, good, "allow")


def test_where_two_things_spoke_against_it_no_single_change_is_claimed() -> None:
    facts = {**CONTACT, "customer.open_complaint": True, "cart.in_stock": False}
    assert found("contact", facts, params=True) == []


def test_a_cap_and_a_limit_of_the_rules_are_moved_just_so_far() -> None:
    facts = {**CONTACT, "cap.weekly.used": 3}
    (cap,) = [f for f in found("contact", facts) if f.kind == "cap"]
    assert (cap.fact, cap.old, cap.value, cap.outcome) == ("weekly", 3, 4, "allow")
    facts = {**CONTACT, "customer.minutes_since_purchase": 1_000}
    (param,) = [f for f in found("contact", facts, params=True) if f.kind == "param"]
    assert (param.fact, param.old, param.value) == ("purchase_rest_minutes", 1_440, 1_000)
    without = load_pack(
        TEXT.replace("purchase_rest_minutes: {value: 1440", "purchase_rest_minutes: {value: 1000"),
        file="x.yaml",
    )
    assert without.decide("contact", facts, call_digest="").outcome is Outcome.ALLOW


@given(
    price=st.integers(100, 100_000),
    cost=st.integers(0, 100_000),
    discount=st.integers(0, 9_000),
)
@settings(max_examples=200, deadline=None)
def test_another_margin_is_another_margin_after_the_discount(
    price: int, cost: int, discount: int
) -> None:
    lowest = margin_bp(price_minor=price, cost_minor=cost, tax_bp=0)
    facts = {**OFFER, "action.discount_bp": discount}
    after = with_fact(facts, "margin.lowest_bp", lowest)["margin.after_discount_bp"]
    exact = margin_bp(price_minor=price, cost_minor=cost, tax_bp=0, discount_bp=discount)
    assert isinstance(after, int)
    # A margin is a whole basis point; one of them weighs more after a larger discount.
    off = 2 + 10_000 // (10_000 - discount)
    assert abs(after - exact) <= off or lowest == -10_000


@pytest.mark.parametrize("kind", ["contact", "offer"])
def test_a_change_never_mentions_how_the_question_was_put(kind: str) -> None:
    facts = CONTACT if kind == "contact" else OFFER
    for flip in found(kind, facts, params=True):
        assert not flip.fact.startswith(("action.class", "action.purpose", "action.has", "now"))
