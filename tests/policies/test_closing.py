"""P6: a missing, stale or malformed fact is the strictest answer, named, and still a full one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack import load_pack
from policies.verdict import FiredKind, Outcome
from tests.policies.packs import CONTACT, NOON, OFFER, ask, fired, small, swapped

CALLS = [("contact", CONTACT), ("offer", OFFER)]
#: How long a message is of use matters only to one that waits, and these leave at noon.
IDLE = "action.useful_minutes"
EVERY = [(kind, facts, name) for kind, facts in CALLS for name in sorted(facts) if name != IDLE]


class Text(str):
    __slots__ = ()


class Number(int):
    __slots__ = ()


class Hostile:
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("never compared")

    def __hash__(self) -> int:
        raise RuntimeError("never hashed")

    def __str__(self) -> str:
        raise RuntimeError("never printed")

    __repr__ = __str__


MALFORMED: list[Any] = [
    *(1.0, -(10**5000), 10**30, "", "nope", Text("email"), Number(0), [], {}, b"x"),
    *(("Mars/Base",), ["Europe/Berlin"], "\ud800", float("nan"), Hostile(), object),
]


@pytest.mark.parametrize(
    ("kind", "facts", "name"), EVERY, ids=lambda v: v if isinstance(v, str) else ""
)
def test_p6_any_missing_fact_denies_and_is_named(
    kind: str, facts: dict[str, Any], name: str
) -> None:
    assert ask(small(), kind, facts).outcome is Outcome.ALLOW
    verdict = ask(small(), kind, facts, **{name: None})
    assert verdict.outcome is Outcome.DENY and verdict.missing == (name,)
    assert fired(verdict)[f"missing:{name}"] == "deny"
    assert ask(small(), kind, {**facts, name: None}, **{}) == verdict  # None is not known either


@pytest.mark.parametrize(
    ("kind", "facts", "name"), EVERY, ids=lambda v: v if isinstance(v, str) else ""
)
def test_p6_any_malformed_fact_denies_and_is_named(
    kind: str, facts: dict[str, Any], name: str
) -> None:
    for value in MALFORMED:
        verdict = ask(small(), kind, {**facts, name: value})
        assert verdict.outcome is Outcome.DENY and verdict.missing == (name,), value
        assert verdict.canonical()


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("contact", "customer.suppressed", 0),
        ("contact", "action.discount_bp", False),
        ("contact", "action.discount_bp", True),
        ("contact", "cap.weekly.used", False),
        ("contact", "now_us", True),
        ("offer", "item.margin_bp", 3000.0),
        ("offer", "customer.segment", "Gold"),
        ("contact", "customer.zones", ["Europe/Berlin"]),
        ("contact", "customer.zones", "Europe/Berlin"),
        ("contact", "customer.zones", ()),
    ],
)
def test_p6_one_is_not_true_and_a_list_is_no_tuple(kind: str, name: str, value: Any) -> None:
    facts = dict(CALLS)[kind]
    assert ask(small(), kind, {**facts, name: value}).missing == (name,)


def test_a_member_of_a_strenum_is_its_word() -> None:
    class Channel(StrEnum):
        EMAIL = "email"

    plain = ask(small(), "contact", CONTACT)
    assert ask(small(), "contact", CONTACT, action__channel=Channel.EMAIL) == plain
    broken = ask(small(), "contact", CONTACT, action__channel=Channel.EMAIL, learned__score=None)
    assert broken == ask(small(), "contact", CONTACT, learned__score=None)


def test_the_rules_whose_facts_are_known_are_still_all_asked() -> None:
    verdict = ask(
        small(), "contact", CONTACT,
        learned__score=None, customer__suppressed=True, action__channel="sms",
        cap__weekly__used=3, action__discount_bp=2500, now_us=NOON + 36_000_000_000,
    )  # fmt: skip
    assert fired(verdict) == {
        "missing:learned.score": "deny",
        "suppressed": "deny",
        "too_much": "deny",
        "weekly": "deny",
        "matrix.larger": "review",
        "prefer_email": "needs_reason",
        "quiet_hours": "allow",
    }
    assert verdict.obligations["defer_until_local"] == "08:00"


def test_a_rule_is_not_asked_about_a_fact_that_is_missing() -> None:
    verdict = ask(small(), "contact", CONTACT, action__discount_bp=None)
    assert fired(verdict) == {"missing:action.discount_bp": "deny"}


def test_a_malformed_value_is_recorded_so_that_it_can_be_found() -> None:
    verdict = ask(small(), "contact", CONTACT, learned__score=101)
    (one,) = [f for f in verdict.fired if f.kind is FiredKind.MISSING]
    assert one.facts == {"learned.score": 101}
    assert one.because == "learned.score must be a whole number from 0 to 100"


def test_missing_and_malformed_are_told_apart_by_the_digest() -> None:
    seen = [ask(small(), "contact", {**CONTACT, "learned.score": value}).facts_digest
            for value in (None, -1, -2, "None", "-1", True, "true", 50)]  # fmt: skip
    assert len(set(seen)) == len(seen)


def test_p6_an_unknown_kind_of_action_is_denied() -> None:
    for kind in ("teleport", "", "Contact", 3, None, ["contact"], "\ud800", "x" * 9999):
        verdict = small().decide(kind, CONTACT, call_digest="d")  # type: ignore[arg-type]
        assert verdict.outcome is Outcome.DENY and verdict.canonical()
        assert small().needs("teleport") == frozenset()


def test_p6_what_nothing_hangs_on_is_named_and_stops_nothing() -> None:
    at_noon = ask(small(), "contact", CONTACT, action__useful_minutes=None)
    assert at_noon.outcome is Outcome.ALLOW and at_noon.missing == ()
    (one,) = [f for f in at_noon.fired if f.kind is FiredKind.MISSING]
    assert (one.rule, one.outcome) == (f"missing:{IDLE}", Outcome.ALLOW)
    assert one.because == f"It is not known: {IDLE}; nothing hangs on it here"
    at_night = ask(
        small(), "contact", CONTACT, action__useful_minutes=None, now_us=NOON + 36_000_000_000
    )
    assert at_night.outcome is Outcome.DENY and at_night.missing == (IDLE,)


def test_p6_a_condition_that_is_false_whatever_the_rest_is_does_not_wait_for_it() -> None:
    text = swapped(
        "never_when: customer.orders > 500",
        f"never_when: customer.orders > 500 and {IDLE} < 5",
    )
    pack = load_pack(text, file="p.yaml")
    for orders, stops in ((3, ()), (501, (IDLE,))):
        facts = {**CONTACT, "customer.orders": orders, IDLE: None}
        verdict = ask(pack, "contact", facts)
        assert verdict.missing == stops
        assert verdict.outcome is (Outcome.DENY if stops else Outcome.ALLOW)


def test_p6_what_no_rule_reads_is_wanted_for_its_own_sake() -> None:
    text = swapped("facts:\n", "facts:\n  cart.currency: {currency, for: [contact]}\n")
    pack = load_pack(text, file="p.yaml")
    right = {**CONTACT, "cart.currency": "EUR"}
    assert ask(pack, "contact", right).outcome is Outcome.ALLOW
    for value in ("USD", None):
        assert ask(pack, "contact", {**right, "cart.currency": value}).missing == ("cart.currency",)


def test_what_a_rule_did_not_read_is_not_shown_with_it() -> None:
    text = swapped("never_when: customer.suppressed", "never_when: customer.suppressed or "
                   "action.discount_bp > 9000").replace("  - id: too_much\n"
                   "    never_when: action.discount_bp > params.most_bp\n"
                   "    because: Never above 20 %\n", "")  # fmt: skip
    pack = load_pack(text, file="p.yaml")
    facts = {**CONTACT, "customer.suppressed": True, "action.discount_bp": None}
    (one,) = [f for f in ask(pack, "contact", facts).fired if f.rule == "suppressed"]
    assert one.facts == {"customer.suppressed": True}


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_p6_taking_facts_away_never_widens(data: st.DataObject) -> None:
    kind, facts = data.draw(st.sampled_from(CALLS))
    known = drawn(data, facts)
    gone = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    which = st.integers(0, len(MALFORMED) - 1)
    broken = {name: MALFORMED[data.draw(which)] for name in gone if data.draw(st.booleans())}
    less = {**{n: v for n, v in known.items() if n not in gone}, **broken}
    whole, part = ask(small(), kind, known), ask(small(), kind, less)
    assert part.outcome.rank >= whole.outcome.rank
    asked = {rule for rule in fired(part) if not rule.startswith("missing:")}
    assert asked <= fired(whole).keys()
    named = {rule.removeprefix("missing:") for rule in fired(part) if rule.startswith("missing:")}
    assert set(part.missing) <= named <= gone
    # What does not stop it changes nothing, whatever it is.
    if part.outcome is not Outcome.DENY:
        other = {**drawn(data, facts), **{n: v for n, v in known.items() if n not in gone}}
        assert fired(ask(small(), kind, other)) == {
            rule: said for rule, said in fired(part).items() if not rule.startswith("missing:")
        }


def drawn(data: st.DataObject, facts: dict[str, Any]) -> dict[str, Any]:
    """A call on one side or the other of whatever the small pack tells apart."""
    edges: dict[str, Any] = {
        "customer.suppressed": st.booleans(),
        "action.class": st.sampled_from(["marketing", "service"]),
        "action.channel": st.sampled_from(["email", "sms"]),
        "action.discount_bp": st.sampled_from([0, 500, 1500, 2500]),
        "action.useful_minutes": st.sampled_from([0, 2880]),
        "agent.autonomy": st.sampled_from(["assisted", "supervised", "autonomous"]),
        "customer.orders": st.sampled_from([0, 501]),
        "customer.segment": st.sampled_from(["gold", "silver", "new"]),
        "item.margin_bp": st.sampled_from([-1, 1999, 2000, 4000, 9000]),
        "learned.score": st.sampled_from([0, 50]),
        "cap.weekly.used": st.sampled_from([0, 3]),
        "now_us": st.sampled_from([NOON, NOON + 36_000_000_000]),
    }
    return {name: data.draw(edges[name]) if name in edges else value
            for name, value in facts.items()}  # fmt: skip
