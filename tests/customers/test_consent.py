"""Consent: newer over older, stricter at the same instant, nothing unclear counts as a yes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete

from customers import consent
from customers.consent import CHANNELS, PURPOSES
from store.schema import consents
from tests.customers.people import DAY, NOW, Town, identify, track

Said = tuple[str, int, int | None]


def record(conn: Connection, town: Town, said: Said) -> bool:
    state, at, expires_at = said
    return consent.record(
        conn,
        town.vault,
        customer_id="cus_ada",
        channel="email",
        purpose="marketing",
        state=state,
        at=at,
        evidence={"source": "form"},
        expires_at=expires_at,
    )


def stands(conn: Connection) -> tuple[str, int, int | None]:
    row = consent.of_customer(conn, "cus_ada")[0]
    return row.state, row.at, row.expires_at


def test_an_older_consent_never_undoes_a_newer_refusal(any_town: Town) -> None:
    any_town.vault.ensure("cus_ada")

    def unit(conn: Connection) -> None:
        assert record(conn, any_town, ("revoked", 5, None))
        assert not record(conn, any_town, ("granted", 4, None))
        assert not record(conn, any_town, ("granted", 5, None)), "at the same instant: stricter"
        assert record(conn, any_town, ("granted", 6, None))
        assert record(conn, any_town, ("denied", 6, None))
        assert stands(conn) == ("denied", 6, None)

    any_town.run(unit)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(["granted", "denied", "revoked"]),
            st.integers(1, 3),
            st.sampled_from([None, 10, 20]),
        ),
        min_size=1,
        max_size=5,
    ),
    data=st.data(),
)
def test_consents_come_out_the_same_in_any_order_of_arrival(
    town: Town, said: list[Said], data: st.DataObject
) -> None:
    town.vault.ensure("cus_ada")
    other_order = data.draw(st.permutations(said))

    def unit(conn: Connection) -> list[Said]:
        found = []
        for order in (said, other_order):
            conn.execute(delete(consents))
            for one in order:
                record(conn, town, one)
            found.append(stands(conn))
        return found

    one, other = town.run(unit)
    assert one == other
    newest = max(at for _, at, _ in said)
    strictest = max((s for s, at, _ in said if at == newest), key=consent.STRICTNESS.__getitem__)
    assert one[:2] == (strictest, newest)


def agreed(town: Town, customer_id: str, now: int = NOW) -> dict[tuple[str, str], str]:
    rows = town.db.read_now(consent.of_customer, customer_id)
    return consent.states(rows, now)


def test_absent_is_not_granted(town: Town) -> None:
    assert set(agreed(town, town.who(identify("ada"))).values()) == {"absent"}


def test_a_consent_ends_when_it_said_it_would_and_a_refusal_never(town: Town) -> None:
    ada = town.who(
        track(
            "Consent Granted",
            "ada",
            channel="email",
            purpose="marketing",
            expires_at="2026-01-06T10:00:00Z",
        )
    )
    assert agreed(town, ada, NOW + DAY - 1)["email", "marketing"] == "granted"
    assert agreed(town, ada, NOW + DAY)["email", "marketing"] == "absent"
    town.vault.ensure("cus_ada")
    town.run(record, town, ("revoked", NOW, NOW + 1))
    assert agreed(town, "cus_ada", NOW + DAY)["email", "marketing"] == "revoked"


@pytest.mark.parametrize("end", ["tomorrow", "2026-01-06T10:00:00", 5, [], ""])
def test_p6_a_consent_for_nobody_knows_how_long_is_not_granted(town: Town, end: Any) -> None:
    ada = town.who(
        track("Consent Granted", "ada", channel="email", purpose="marketing", expires_at=end)
    )
    assert set(agreed(town, ada).values()) == {"absent"}


def test_all_channels_and_purposes_are_written_out(town: Town) -> None:
    ada = town.who(track("Consent Granted", "ada", channel="all", purpose="all"))
    assert agreed(town, ada) == {(c, p): "granted" for c in CHANNELS for p in PURPOSES}


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("email", ("email",)),
        (" SMS ", ("sms",)),
        (["sms", "email"], CHANNELS),
        ("all", CHANNELS),
        ("*", CHANNELS),
        (None, ()),
        ("", ()),
        ("pigeon", ()),
        (["pigeon", "sms"], ("sms",)),
        ({"email": True}, ()),
        (1, ()),
    ],
)
def test_p6_a_grant_counts_for_what_it_names_clearly(word: Any, named: tuple[str, ...]) -> None:
    assert consent.granted(word, CHANNELS) == named


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("email", ("email",)),
        ("E-Mail", CHANNELS),
        (None, CHANNELS),
        ([], CHANNELS),
        ("all", CHANNELS),
        ("pigeon", CHANNELS),
        (["sms", "pigeon"], CHANNELS),
        ("push", ()),
        (["push", "sms"], ("sms",)),
        ({"email": False}, CHANNELS),
    ],
)
def test_p6_an_unclear_refusal_counts_for_every_channel(word: Any, named: tuple[str, ...]) -> None:
    assert consent.refused_channels(word) == named


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("marketing", ("marketing",)),
        ("Service", ("service",)),
        (None, PURPOSES),
        ("all", PURPOSES),
        ("newsletter", ("marketing",)),
    ],
)
def test_a_marketing_refusal_in_other_words_never_stops_service(
    word: Any, named: tuple[str, ...]
) -> None:
    assert consent.refused_purposes(word) == named


@pytest.mark.parametrize(
    "change",
    [
        {"context": {"historical": True}},
        {"type": "identify"},
        {"event": "Consent Revoked"},
        {"properties": {}},
        {"properties": {"channel": "email"}},
        {"properties": {"channel": "pigeon", "purpose": "marketing"}},
        {"properties": None},
    ],
)
def test_p10_only_a_new_grant_of_something_is_a_consent_of_one_s_own(change: Any) -> None:
    said = track("Consent Granted", "ada", channel="email", purpose="marketing")
    assert consent.own_grant(said)
    assert not consent.own_grant({**said, **change})
