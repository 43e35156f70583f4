"""The commerce pack as shipped: its promises one by one, and all of it against plain Python."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import Outcome
from tests.policies.commerce_oracle import BOOLS, NEEDED, RANGES, WORDS, opinion
from tests.policies.packs import (
    CODE,
    COMMERCE,
    HOUR,
    MESSAGE,
    NOON,
    SERVICE,
    TICKET,
    ask,
    commerce,
    fired,
)

LEGAL = {**SERVICE, "action.class": "legal"}
GOOD = {"contact": MESSAGE, "offer": CODE, "ticket": TICKET, "suppression": TICKET,
        "read": TICKET, "control": TICKET}  # fmt: skip
DENIALS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("weekly", MESSAGE, {"cap.weekly.used": 3}),
    ("daily_channel", MESSAGE, {"cap.daily_channel.used": 1}),
    ("just_bought", MESSAGE, {"customer.minutes_since_purchase": 1439}),
    ("open_complaint", MESSAGE, {"customer.open_complaint": True}),
    ("out_of_stock", MESSAGE, {"cart.in_stock": False}),
    ("suppressed", MESSAGE, {"customer.suppressed": True}),
    ("no_address", MESSAGE, {"customer.address_known": False}),
    ("offer_not_valid", MESSAGE, {"action.has_offer": True, "action.offer_valid": False}),
    ("not_useful", MESSAGE, {"action.useful_minutes": 0}),
    ("discount_without_offer", MESSAGE, {"action.names_discount": True}),
    ("discount_without_offer", MESSAGE, {"action.discount_bp": 1}),
    ("class_and_purpose", MESSAGE, {"action.purpose": "service"}),
    ("class_and_purpose", SERVICE, {"action.purpose": "marketing"}),
    ("offer_in_service", SERVICE, {"action.has_offer": True}),
    ("offer_in_service", LEGAL, {"action.has_offer": True}),
    ("refused_channel", SERVICE, {"customer.consent": "revoked"}),
    ("tool_not_listed", MESSAGE, {"action.tool_listed": False}),
    ("tool_not_listed", TICKET, {"action.tool_listed": False}),
    ("no_consent", MESSAGE, {"customer.consent": "denied"}),
    ("no_consent", MESSAGE, {"customer.consent": "revoked"}),
    ("no_consent", MESSAGE, {"customer.consent": "absent"}),
    ("max_discount", CODE, {"action.discount_bp": 2001}),
    ("margin_floor", CODE, {"margin.after_discount_bp": 1499}),
    ("just_bought", CODE, {"customer.minutes_since_purchase": 0}),
    ("open_complaint", CODE, {"customer.open_complaint": True}),
    ("out_of_stock", CODE, {"cart.in_stock": False}),
    ("suppressed", CODE, {"customer.suppressed": True}),
    ("no_price", CODE, {"cart.priced": False}),
    ("stale_price", CODE, {"product.age_minutes": 10_081}),
    ("discounts", CODE, {"budget.discounts.left_minor": 999}),
    ("discount_tier.thin", CODE, {"margin.lowest_bp": 1999, "action.discount_bp": 1}),
]  # fmt: skip


def kind_of(facts: dict[str, Any]) -> str:
    return next(kind for kind, good in GOOD.items() if good.keys() == facts.keys())


def test_a_message_in_bounds_without_discount_needs_nobody() -> None:
    verdict = ask(commerce(), "contact", MESSAGE)
    assert verdict.outcome is Outcome.ALLOW
    assert fired(verdict) == {"contact_autonomy.in_bounds": "allow", "footer": "allow"}
    assert verdict.obligations == {"require_footer": True}


@pytest.mark.parametrize(("rule", "facts", "changes"), DENIALS)
def test_each_hard_bound_denies_by_its_own_rule(
    rule: str, facts: dict[str, Any], changes: dict[str, Any]
) -> None:
    kind = kind_of(facts)
    assert ask(commerce(), kind, facts).outcome is Outcome.ALLOW
    verdict = ask(commerce(), kind, {**facts, **changes})
    assert fired(verdict)[rule] == "deny" and verdict.outcome is Outcome.DENY
    lifting = ask(commerce(), kind, {**facts, **changes}, {rule: "An exception"})
    assert lifting.outcome is Outcome.DENY and "override_of_hard" in fired(lifting)


@pytest.mark.parametrize(
    ("facts", "changes"),
    [
        (MESSAGE, {"cap.weekly.used": 2}),
        (MESSAGE, {"customer.minutes_since_purchase": 1440}),
        (MESSAGE, {"customer.orders": 0, "customer.minutes_since_purchase": 52_560_000}),
        (MESSAGE, {"action.has_offer": True, "action.discount_bp": 1000}),
        (CODE, {"margin.after_discount_bp": 1500}),
        (CODE, {"product.age_minutes": 10_080}),
        (CODE, {"budget.discounts.left_minor": 1000}),
    ],
)
def test_up_to_the_bound_is_allowed(facts: dict[str, Any], changes: dict[str, Any]) -> None:
    assert ask(commerce(), kind_of(facts), {**facts, **changes}).outcome is Outcome.ALLOW


@pytest.mark.parametrize("facts", [SERVICE, LEGAL], ids=["service", "legal"])
@pytest.mark.parametrize(
    "changes",
    [
        {"customer.consent": "absent"},
        {"customer.minutes_since_purchase": 1},
        {"customer.open_complaint": True},
        {"cart.in_stock": False},
        {"cart.in_stock": None, "cart.currency": None},
        {"cart.currency": "USD"},
        {"cap.weekly.used": 9, "cap.daily_channel.used": 9},
        {"cap.weekly.used": None},
        {"action.channel": "sms"},
        {"now_us": NOON + 10 * HOUR},
        {"customer.zones": None},
        {"customer.orders": None, "customer.minutes_since_purchase": None},
    ],
)
def test_what_is_about_marketing_stops_no_service_or_legal_message(
    facts: dict[str, Any], changes: dict[str, Any]
) -> None:
    verdict = ask(commerce(), "contact", {**facts, **changes})
    assert fired(verdict) == {"contact_autonomy.in_bounds": "allow"}
    assert verdict.obligations == {}


def test_marketing_says_why_it_may_not_be_a_text_message() -> None:
    asks = ask(commerce(), "contact", MESSAGE, action__channel="sms")
    assert asks.outcome is Outcome.NEEDS_REASON and fired(asks)["prefer_email"] == "needs_reason"


@pytest.mark.parametrize(
    ("hour", "deferred"), [(0, False), (9, True), (8.99, False), (19.99, True), (20, False)]
)
def test_quiet_hours_are_from_21_to_8_where_the_customer_is(hour: float, deferred: bool) -> None:
    verdict = ask(commerce(), "contact", MESSAGE, now_us=NOON + int(hour * HOUR))
    assert verdict.outcome is Outcome.ALLOW
    assert ("not_before_us" in verdict.obligations) is deferred
    if deferred:
        assert verdict.obligations["not_before_us"] == NOON + 20 * HOUR


@pytest.mark.parametrize(
    ("autonomy", "discount", "cost", "outcome"),
    [
        ("supervised", 1000, 4999, "allow"),
        ("supervised", 1001, 4999, "review"),
        ("supervised", 500, 5000, "approval"),
        ("assisted", 500, 100, "approval"),
        ("autonomous", 2000, 9000, "allow"),
        ("autonomous", 2001, 100, "deny"),
    ],
)
def test_how_much_an_agent_may_give_alone(
    autonomy: str, discount: int, cost: int, outcome: str
) -> None:
    verdict = ask(commerce(), "offer", CODE, agent__autonomy=autonomy,
                  action__discount_bp=discount, action__cost_minor=cost)  # fmt: skip
    assert verdict.outcome.value == outcome


def test_p6_an_unknown_segment_stops_an_offer_and_nothing_else() -> None:
    assert ask(commerce(), "offer", CODE, customer__segment=None).missing == ("customer.segment",)
    assert ask(commerce(), "ticket", TICKET).outcome is Outcome.ALLOW
    assert ask(commerce(), "contact", MESSAGE).outcome is Outcome.ALLOW


def test_another_currency_than_the_packs_is_malformed() -> None:
    assert ask(commerce(), "offer", CODE, cart__currency="USD").missing == ("cart.currency",)
    assert ask(commerce(), "contact", MESSAGE, cart__currency="eur").missing == ("cart.currency",)


@pytest.mark.parametrize("kind", list(GOOD))
def test_the_pack_needs_what_its_text_says_of_each_kind(kind: str) -> None:
    assert commerce().needs(kind) == NEEDED[kind]


def test_no_rule_of_the_pack_is_forgotten_by_these_tests() -> None:
    seen: set[str] = set()
    for seed in range(60):
        random = Random(seed)
        for kind in GOOD:
            for _ in range(10):
                seen |= opinion(kind, draw(random, kind, wild=0.3), {}).fired.keys()
    assert {rule.id for rule in commerce().rules} - {"leaving.cancel"} <= seen


def test_cancelling_what_a_customer_pays_for_needs_a_person() -> None:
    verdict = ask(commerce(), "subscription", {"action.tool_listed": True})
    assert verdict.outcome is Outcome.APPROVAL
    assert fired(verdict) == {"leaving.cancel": "approval"}


BAD = (
    1,
    0,
    1.0,
    True,
    False,
    "",
    "yes",
    "EUR ",
    -1,
    10**30,
    (),
    [],
    ("Mars/Base",),
    ["Etc/UTC"],
    b"x",
)
NEAR: dict[str, list[int]] = {
    "action.useful_minutes": [0, 1, 60, 300, 660, 661, 1440, 20_000],
    "action.discount_bp": [0, 0, 1, 500, 1000, 1001, 1500, 1501, 2000, 2001, 10_000],
    "action.cost_minor": [0, 400, 4999, 5000, 5001],
    "customer.orders": [0, 1, 40],
    "customer.minutes_since_purchase": [0, 1439, 1440, 1441, 52_560_000],
    "customer.days_since_last_code": [0, 59, 60, 36_500],
    "customer.open_tickets": [0, 2, 3, 4],
    "margin.lowest_bp": [-10_000, 0, 1999, 2000, 3999, 4000, 9000],
    "margin.after_discount_bp": [-10_000, 1499, 1500, 1501, 8000],
    "product.age_minutes": [0, 10_079, 10_080, 10_081],
    "cap.weekly.used": [0, 1, 2, 3, 4],
    "cap.daily_channel.used": [0, 0, 1, 2],
    "budget.discounts.left_minor": [-5, 0, 399, 400, 5000, 500_000],
}
ZONES = ["Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "Asia/Kolkata",
         "Asia/Tokyo", "Australia/Lord_Howe"]  # fmt: skip


def draw(random: Random, kind: str, *, wild: float) -> dict[str, Any]:
    """Facts of a call: mostly harmless, some at a bound; with `wild`, some missing or malformed."""
    facts: dict[str, Any] = {}
    for name in sorted(NEEDED[kind]):
        if wild and random.random() < wild / 8:
            continue
        if wild and random.random() < wild / 8:
            facts[name] = random.choice(BAD)
        elif name in GOOD[kind] and random.random() < 0.6 and name != "now_us":
            facts[name] = GOOD[kind][name]
        elif name in BOOLS:
            facts[name] = random.random() < 0.5
        elif name in WORDS:
            facts[name] = random.choice(sorted(WORDS[name]))
        elif name == "now_us":
            quarter = random.randrange(-200 * 96, 200 * 96) * HOUR // 4
            facts[name] = NOON + quarter + random.choice((0, -1, 1, 30_000_000))
        elif name in RANGES:
            facts[name] = random.choice(NEAR[name])
        else:
            facts[name] = tuple(random.sample(ZONES, random.choice((1, 1, 1, 2, 3))))
    return facts


def values_of(name: str) -> list[Any]:
    """Values of a fact that tell apart whatever can be told apart by it."""
    if name in BOOLS:
        return [False, True]
    if name == "now_us":
        return [NOON + hours * HOUR for hours in range(24)]
    return sorted(WORDS[name]) if name in WORDS else list(NEAR.get(name, [("Asia/Tokyo",)]))


OVERRIDES: list[dict[str, str]] = [{}, {}, {"prefer_email": "asked for it"}, {"code_lately": " "},
                                   {"code_lately": "x", "many_tickets": "y"}]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_the_pack_says_what_plain_python_says(seed: int) -> None:
    random = Random(seed)
    for _ in range(60):
        kind = random.choice(["contact", "contact", "contact", "offer", "offer", *GOOD])
        facts = draw(random, kind, wild=random.choice([0, 0, 0.4]))
        overrides = random.choice(OVERRIDES)
        expected = opinion(kind, facts, overrides)
        verdict = ask(commerce(), kind, facts, overrides)
        assert (fired(verdict), set(verdict.missing)) == (expected.fired, expected.stops), facts
        assert (verdict.outcome.value, verdict.obligations) == (expected.outcome, expected.owed), (
            facts
        )
        order = [(-one.outcome.rank, one.rule) for one in verdict.fired]
        assert order == sorted(order)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_a_suppressed_person_is_never_contacted_or_given_anything(seed: int) -> None:
    random = Random(seed)
    for _ in range(50):
        kind = random.choice(["contact", "offer"])
        facts = {**draw(random, kind, wild=random.choice([0, 0.5])), "customer.suppressed": True}
        overrides = {rule.id: "please" for rule in commerce().rules if random.random() < 0.2}
        assert ask(commerce(), kind, facts, overrides).outcome is Outcome.DENY


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_p6_taking_a_fact_away_never_makes_an_answer_milder(seed: int) -> None:
    random = Random(seed)
    for _ in range(40):
        kind = random.choice(list(GOOD))
        facts = draw(random, kind, wild=0)
        gone = random.choice(sorted(facts))
        whole = ask(commerce(), kind, facts)
        part = ask(commerce(), kind, {n: v for n, v in facts.items() if n != gone})
        assert part.outcome.rank >= whole.outcome.rank
        if part.outcome is not Outcome.DENY:
            # Then nothing hung on it: whatever it is, the same rules fire.
            for value in values_of(gone):
                other = fired(ask(commerce(), kind, {**facts, gone: value}))
                assert other == {k: v for k, v in fired(part).items() if k != f"missing:{gone}"}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_p2_a_fuller_cap_or_an_emptier_budget_is_never_milder(seed: int) -> None:
    random = Random(seed)
    for _ in range(40):
        kind = random.choice(["contact", "offer"])
        facts = draw(random, kind, wild=0)
        more = dict(facts)
        for name in ("cap.weekly.used", "cap.daily_channel.used"):
            if name in more:
                more[name] += random.randrange(4)
        if kind == "offer":
            more["budget.discounts.left_minor"] -= random.randrange(2000)
        before, after = ask(commerce(), kind, facts), ask(commerce(), kind, more)
        assert after.outcome.rank >= before.outcome.rank


def test_the_pack_can_be_read_aloud() -> None:
    lines = COMMERCE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 180
    for one in commerce().rules:
        assert one.because[0].isupper() and not one.because.endswith(".")
