"""Suppression: by scope, by address, until its end, for whoever it turns out to be."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from customers import profile, suppression
from customers.barrier import barrier
from customers.consent import CHANNELS, PURPOSES
from store.schema import suppressions
from tests.customers.people import DAY, NOW, Town, identify


@pytest.fixture
def ada(town: Town) -> str:
    return town.who(identify("ada", email="ada@example.com", phone="+493023125000"))


def suppress(town: Town, customer_id: str, scope: str, **more: Any) -> None:
    town.run(
        suppression.suppress,
        town.vault,
        suppression_id=town.fresh_id("sup"),
        customer_id=customer_id,
        **{"scope": scope, "by": "ops", "now_us": NOW, **more},
    )


def stopped(town: Town, customer_id: str, now: int = NOW) -> set[tuple[str, str]]:
    """The channels and purposes on which this person may not be written to."""
    rows = town.db.read_now(suppression.in_force, customer_id, now)
    hashes = town.db.read_now(profile.address_hashes_of, customer_id)
    return {
        (c, p)
        for c in CHANNELS
        for p in PURPOSES
        if suppression.is_suppressed(rows, purpose=p, channel=c, address_hash=hashes.get(c))
    }


def barred(town: Town, customer_id: str, purpose: str, now: int = NOW) -> str | None:
    return town.db.read_now(barrier, town.vault, customer_id, purpose=purpose, now_us=now)


EVERYTHING = {(c, p) for c in CHANNELS for p in PURPOSES}


def test_p5_all_is_all(town: Town, ada: str) -> None:
    suppress(town, ada, "all", channel="email")
    assert stopped(town, ada) == EVERYTHING
    assert {barred(town, ada, p) for p in ("marketing", "service", "legal")} == {"suppressed"}


def test_p5_a_marketing_opt_out_never_stops_service(town: Town, ada: str) -> None:
    suppress(town, ada, "purpose")
    assert stopped(town, ada) == {(c, "marketing") for c in CHANNELS}
    assert barred(town, ada, "marketing") == "suppressed"
    assert barred(town, ada, "service") is None


def test_a_purpose_on_one_channel_leaves_the_others(town: Town, ada: str) -> None:
    suppress(town, ada, "purpose", channel="sms")
    assert stopped(town, ada) == {("sms", "marketing")}
    assert barred(town, ada, "marketing") is None


def test_an_address_is_suppressed_as_that_address(town: Town, ada: str) -> None:
    suppress(town, ada, "address", channel="email")
    assert stopped(town, ada) == {("email", p) for p in PURPOSES}
    assert barred(town, ada, "marketing") is None
    town.who(identify("ada", email="new@example.com"), now=NOW + 1)
    assert stopped(town, ada, NOW + 1) == set(), "the new address never bounced"


def test_p6_a_suppression_of_an_unknown_address_holds_for_every_one(town: Town) -> None:
    bob = town.who(identify("bob"))
    suppress(town, bob, "address", channel="email")
    town.who(identify("bob", email="bob@example.com"), now=NOW + 1)
    assert stopped(town, bob) == {("email", p) for p in PURPOSES}


def test_p6_an_address_that_is_not_told_is_taken_for_the_suppressed_one(
    town: Town, ada: str
) -> None:
    suppress(town, ada, "address", channel="email")
    rows = town.db.read_now(suppression.in_force, ada, NOW)
    assert suppression.is_suppressed(rows, purpose="service", channel="email")
    assert not suppression.is_suppressed(rows, purpose="service", channel="sms")


def test_a_suppression_ends_when_it_said_it_would(town: Town, ada: str) -> None:
    suppress(town, ada, "all", until=NOW + DAY)
    assert barred(town, ada, "service", NOW + DAY - 1) == "suppressed"
    assert barred(town, ada, "service", NOW + DAY) is None


def test_a_suppression_whose_end_is_past_stops_nothing(town: Town, ada: str) -> None:
    suppress(town, ada, "all", until=NOW - 1)
    assert stopped(town, ada) == set()
    assert barred(town, ada, "service") is None


def test_lifting_lifts_that_scope_and_channel_only(town: Town, ada: str) -> None:
    for scope, channel in (("address", "email"), ("address", "sms"), ("purpose", None)):
        suppress(town, ada, scope, channel=channel)
    lift = suppression.lift
    assert town.run(lift, ada, scope="address", channel="email", now_us=NOW) == 1
    assert town.run(lift, ada, scope="all", channel=None, now_us=NOW) == 0
    assert stopped(town, ada) == {("sms", p) for p in PURPOSES} | {("email", "marketing")}
    assert town.run(lift, ada, scope="purpose", channel=None, now_us=NOW) == 1
    suppress(town, ada, "all")
    assert town.run(lift, ada, scope="all", channel="email", now_us=NOW) == 1


def test_p10_the_reason_is_sealed_and_not_kept_for_somebody_unknown(town: Town, ada: str) -> None:
    suppress(town, ada, "all", reason="Ada called and cried.")
    town.run(
        suppression.suppress,
        town.vault,
        suppression_id="sup_unknown",
        customer_id=None,
        identifier_hash="somebody",
        scope="all",
        by="ops",
        reason="Bob called and cried.",
        now_us=NOW,
    )
    known, unknown = town.rows(select(suppressions).order_by(suppressions.c.customer_id.is_(None)))
    assert b"cried" not in known.reason_sealed
    assert town.vault.open("suppressions.reason", known.reason_sealed) == b"Ada called and cried."
    assert unknown.reason_sealed is None


def test_p5_nobody_is_looked_at_under_an_id_that_is_nobody_s(town: Town) -> None:
    assert barred(town, "cus_nobody", "service") == "erased"
