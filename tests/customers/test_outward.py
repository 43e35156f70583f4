"""Other systems are told of every stop and erasure, once, in the transaction that makes it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from customers import erasure, outward, suppression, suppression_lists
from store import deliveries, systems
from store.schema import deliveries as table
from tests.customers.people import NOW, Town, identify, track

ADA = [("email", "ada@example.com"), ("phone", "+493023125000"), ("user_id", "ada")]


@pytest.fixture
def ada(any_town: Town) -> str:
    any_town.run(systems.connect, {"crm": "webhook", "mail": "sendgrid"}, now_us=NOW)
    return any_town.who(identify("ada", email="ada@example.com", phone="+493023125000"))


def told(town: Town, name: str = "crm", *, state: str = "waiting") -> list[dict[str, Any]]:
    """The bodies that a system is to be told, in order."""
    target = systems.target_of_system(name)
    query = select(table).where(table.c.target == target, table.c.state == state)
    rows = town.db.read_now(lambda conn: conn.execute(query.order_by(table.c.made_at)).all())
    return [
        {**town.vault.open_json(deliveries.LABEL, row.body_sealed), "topic": row.topic}
        for row in rows
    ]


def whose(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["kind"], each["value"]) for each in body["identifiers"]]


def suppress(town: Town, customer_id: str | None, scope: str, **more: Any) -> None:
    town.run(
        suppression.suppress,
        town.vault,
        suppression_id=town.fresh_id("sup"),
        customer_id=customer_id,
        **{"scope": scope, "by": "ops", "now_us": NOW, **more},
    )


@pytest.mark.parametrize("scope", ["all", "purpose", "address"])
def test_a_stop_of_any_scope_is_told_to_every_system_with_whom_it_is_about(
    any_town: Town, ada: str, scope: str
) -> None:
    channel = "email" if scope == "address" else None
    suppress(any_town, ada, scope, channel=channel, reason="she is ill")
    for name in ("crm", "mail"):
        [body] = told(any_town, name)
        assert (body["topic"], body["scope"]) == ("customer.suppressed", scope)
        assert body["purposes"] == (["marketing"] if scope == "purpose" else [])
        assert whose(body) == (ADA[:1] if scope == "address" else ADA)
        assert "ill" not in str(body)


def test_what_takes_a_consent_back_tells_it_once_whatever_it_names(
    any_town: Town, ada: str
) -> None:
    any_town.who(track("Consent Revoked", "ada", channel="email", purpose="marketing"))
    [body] = told(any_town)
    assert (body["scope"], body["purposes"], body["channels"]) == (
        "consent",
        ["marketing"],
        ["email"],
    )
    assert whose(body) == ADA


@pytest.mark.parametrize(
    ("event", "scope"),
    [("Unsubscribed", "purpose"), ("Email Bounced", "address"), ("Message Replied", "all")],
)
def test_what_a_person_does_is_told_as_what_people_here_do(
    any_town: Town, ada: str, event: str, scope: str
) -> None:
    any_town.who(track(event, "ada", text="STOP"))
    assert [body["scope"] for body in told(any_town)] == [scope]


def test_a_stop_that_did_not_happen_is_not_told(any_town: Town, ada: str) -> None:
    def half(conn: Connection) -> None:
        suppression.suppress(
            conn,
            any_town.vault,
            suppression_id="sup_half",
            customer_id=ada,
            scope="all",
            by="ops",
            now_us=NOW,
        )
        raise RuntimeError("the process stops")

    with pytest.raises(RuntimeError):
        any_town.run(half)
    assert told(any_town) == []


def test_somebody_unknown_is_told_by_what_they_were_named_and_again_once_known(
    any_town: Town, ada: str
) -> None:
    entry = {"email": "bo@example.com", "scope": "all"}
    any_town.run(
        suppression_lists.add_entries,
        any_town.vault,
        [entry],
        by="partner",
        now_us=NOW,
        fresh_id=any_town.fresh_id,
    )
    assert [whose(body) for body in told(any_town)] == [[("email", "bo@example.com")]]
    any_town.who(identify("bo", email="bo@example.com"))
    assert {("user_id", "bo"), ("email", "bo@example.com")} == set(whose(told(any_town)[-1]))


def test_a_new_address_of_somebody_stopped_is_told_too(any_town: Town, ada: str) -> None:
    suppress(any_town, ada, "purpose")
    any_town.who(identify("ada", email="ada@new.example"))
    assert ("email", "ada@new.example") in whose(told(any_town)[-1])
    assert len(told(any_town)) == 2


def test_an_erasure_is_told_in_full_and_what_was_untold_before_it_is_void(
    any_town: Town, ada: str
) -> None:
    suppress(any_town, ada, "all")

    def erase(conn: Connection) -> list[str]:
        everyone = erasure.prepare(conn, ada, now_us=NOW)
        outward.erased(conn, any_town.vault, everyone, now_us=NOW)
        return everyone

    everyone = any_town.run(erase)
    any_town.vault.destroy(everyone)
    [body] = told(any_town)
    assert (body["topic"], body["scope"], whose(body)) == ("customer.erased", "erased", ADA)
    assert [b["topic"] for b in told(any_town, state="void")] == ["customer.suppressed"]
    any_town.run(erase)  # as after a crash: nothing can be read any more, and nothing is told twice
    assert [whose(b) for b in told(any_town)] == [ADA]


def test_a_system_that_is_no_longer_in_the_settings_is_told_nothing_more(
    any_town: Town, ada: str
) -> None:
    suppress(any_town, ada, "purpose")
    any_town.run(systems.connect, {"mail": "sendgrid"}, now_us=NOW)
    suppress(any_town, ada, "all")
    assert told(any_town, "crm") == []
    assert len(told(any_town, "mail")) == 2
    any_town.run(systems.connect, {"crm": "webhook", "mail": "sendgrid"}, now_us=NOW)
    suppress(any_town, ada, "address", channel="sms")
    assert len(told(any_town, "crm")) == 1


def test_with_nothing_connected_and_nobody_subscribed_nothing_is_written(any_town: Town) -> None:
    bo = any_town.who(identify("bo", email="bo@example.com"))
    suppress(any_town, bo, "all")
    assert any_town.db.read_now(lambda conn: conn.execute(select(table)).all()) == []
