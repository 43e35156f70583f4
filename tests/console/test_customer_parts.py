"""A customer's page in words: what somebody is expected to spend."""

from __future__ import annotations

from typing import Any

import pytest

from console.about import happened
from console.pages.customer_parts import outlook
from tools.channels.receipts.receipt import KINDS

NOON = 1_772_539_200_000_000


def seen(alive_bp: int | None) -> dict[str, Any]:
    expected = {
        "value_minor": 4_120,
        "currency": "EUR",
        "horizon_days": 365,
        "probability_alive_bp": alive_bp,
        "expected_purchases": 1.1,
        "segment": "gold",
        "fitted_at": NOON,
    }
    return {"lifetime": expected, "lifetime_why_not": None}


@pytest.mark.parametrize(
    ("alive_bp", "said"),
    [
        (6_312, "63 % likely still a customer"),
        (4, "less than 1 % likely still a customer"),
        (9_998, "more than 99 % likely still a customer"),
        (None, "ordered once, so nobody can say whether they come back"),
    ],
)
def test_what_somebody_is_expected_to_spend_is_said_in_a_line(
    alive_bp: int | None, said: str
) -> None:
    words, note = outlook(seen(alive_bp))
    assert words == f"Expected to spend 41.20 EUR in the next 12 months; {said}"
    assert note == "estimated Tue 3 Mar 2026, 12:00:00 UTC"


def test_where_it_cannot_be_said_the_reason_stands_there() -> None:
    told = {"lifetime": None, "lifetime_why_not": "no order yet"}
    assert outlook(told) == ("Cannot be said", "no order yet")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_a_channel_reports_is_a_line_of_what_happened(kind: str) -> None:
    item = {"kind": "receipt", "receipt": kind, "machine": False, "reason": None}
    said = happened(item)
    assert said[0].isupper() and said != "receipt"
    assert happened({**item, "machine": True, "reason": "5.1.1"}) == f"{said}, by a machine: 5.1.1"
