"""Outcomes are ordered, and a verdict has one form as bytes."""

from __future__ import annotations

import json

from policies.verdict import Outcome, canonical
from tests.policies.packs import CONTACT, NOON, ask, small


def test_the_order_is_deny_approval_review_needs_reason_allow() -> None:
    strict = sorted(Outcome, key=lambda outcome: -outcome.rank)
    assert [o.value for o in strict] == ["deny", "approval", "review", "needs_reason", "allow"]


def test_p8_a_verdict_read_back_from_json_is_the_same_bytes() -> None:
    verdict = ask(small(), "contact", CONTACT, now_us=NOON + 36_000_000_000, learned__score=3)
    assert verdict.obligations
    assert canonical(json.loads(verdict.canonical())) == verdict.canonical()
    assert json.loads(verdict.canonical())["fired"][-1]["facts"]["customer.zones"] == [
        "Europe/Berlin"
    ]


def test_a_verdict_names_what_was_missing() -> None:
    verdict = ask(small(), "contact", CONTACT, learned__score=None, now_us="noon")
    assert verdict.missing == ("learned.score", "now_us")
