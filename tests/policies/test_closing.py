"""P6: a missing, stale or malformed fact is the strictest answer, named, and still a full one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import FiredKind, Outcome
from tests.policies.packs import CONTACT, NOON, OFFER, ask, fired, small

CALLS = [("contact", CONTACT), ("offer", OFFER)]
EVERY = [(kind, facts, name) for kind, facts in CALLS for name in sorted(facts)]


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


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_p6_taking_facts_away_never_widens(data: st.DataObject) -> None:
    kind, facts = data.draw(st.sampled_from(CALLS))
    known = {
        **facts,
        "customer.suppressed": data.draw(st.booleans()),
        "action.discount_bp": data.draw(st.sampled_from([0, 500, 1500, 2500])),
        "agent.autonomy": data.draw(st.sampled_from(["assisted", "supervised", "autonomous"])),
    }
    gone = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    which = st.integers(0, len(MALFORMED) - 1)
    broken = {name: MALFORMED[data.draw(which)] for name in gone if data.draw(st.booleans())}
    less = {**{n: v for n, v in known.items() if n not in gone}, **broken}
    whole, part = ask(small(), kind, known), ask(small(), kind, less)
    assert part.outcome is Outcome.DENY and set(part.missing) == gone
    asked = {rule for rule in fired(part) if not rule.startswith("missing:")}
    assert asked <= fired(whole).keys()
