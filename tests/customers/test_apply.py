"""What a message changes takes effect at once: consents, suppressions, orders, words."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from customers import consent, memory_text, suppression
from customers.apply import STOP_WORDS
from store.ledger import EffectStatus
from store.schema import suppressions
from tests.customers.people import DAY, NOW, Message, Town, identify, track

Queue = dict[tuple[str, str], str]


def queue(town: Town, customer_id: str) -> Queue:
    """A contact of each kind, scheduled."""
    return {
        (channel, purpose): town.contact(customer_id, channel=channel, purpose=purpose)
        for channel in consent.CHANNELS
        for purpose in consent.PURPOSES
    }


def cancelled(town: Town, queued: Queue) -> set[tuple[str, str]]:
    return {kind for kind, effect_id in queued.items() if town.status(effect_id) == "cancelled"}


def agreed(town: Town, customer_id: str) -> dict[tuple[str, str], str]:
    return consent.states(town.db.read_now(consent.of_customer, customer_id), NOW)


EMAIL = {("email", "marketing"), ("email", "service")}
MARKETING = {("email", "marketing"), ("sms", "marketing")}


@pytest.mark.parametrize(
    ("message", "stopped"),
    [
        (
            track("Consent Revoked", "ada", channel="email", purpose="marketing"),
            {("email", "marketing")},
        ),
        (track("Consent Revoked", "ada", channel="all", purpose="marketing"), MARKETING),
        (track("Consent Revoked", "ada", channel="email"), EMAIL),
        (track("Consent Revoked", "ada"), EMAIL | MARKETING | {("sms", "service")}),
        (track("Consent Revoked", "ada", channel="e-mail", purpose="newsletter"), MARKETING),
        (track("Consent Revoked", "ada", channel="push", purpose="marketing"), set()),
        (track("Unsubscribed", "ada"), MARKETING),
        (track("Email Bounced", "ada", type="hard"), EMAIL),
        (track("Email Bounced", "ada"), EMAIL),
        (track("Email Bounced", "ada", type="soft"), set()),
        (track("Message Replied", "ada", text=" Stop! ", channel="email"), EMAIL),
        (
            track("Message Replied", "ada", text="STOP ALL"),
            EMAIL | MARKETING | {("sms", "service")},
        ),
        (track("Message Replied", "ada", text="Please do not stop!", channel="email"), set()),
        (track("Consent Granted", "ada", channel="email", purpose="marketing"), set()),
        ({"type": "page", "userId": "ada", "event": "Unsubscribed"}, set()),
    ],
)
def test_p3_an_opt_out_stops_exactly_what_it_is_about(
    town: Town, message: Message, stopped: set[tuple[str, str]]
) -> None:
    ada = town.who(identify("ada", email="ada@example.com", phone="+493023125000"))
    queued = queue(town, ada)
    assert town.who(message) == ada
    assert cancelled(town, queued) == stopped


def test_p3_an_opt_out_stops_what_is_claimed_and_nobody_else_s(any_town: Town) -> None:
    ada, bob = any_town.who(identify("ada")), any_town.who(identify("bob"))
    claimed = any_town.contact(ada, status=EffectStatus.CLAIMED)
    sent = any_town.contact(ada, status=EffectStatus.SENT)
    others = any_town.contact(bob)
    any_town.who(track("Unsubscribed", "ada"))
    assert [any_town.status(e) for e in (claimed, sent, others)] == [
        "cancelled",
        "sent",
        "scheduled",
    ]


def test_a_refusal_that_comes_late_undoes_no_newer_grant_and_stops_nothing(town: Town) -> None:
    granted = track("Consent Granted", "ada", channel="email", purpose="marketing")
    ada = town.who(granted, at=NOW - 1)
    queued = queue(town, ada)
    town.who(track("Consent Revoked", "ada", channel="email", purpose="marketing"), at=NOW - 2)
    assert agreed(town, ada)["email", "marketing"] == "granted"
    assert cancelled(town, queued) == set()


def test_p6_nothing_is_granted_in_the_future(town: Town) -> None:
    granted = track("Consent Granted", "ada", channel="email", purpose="marketing")
    ada = town.who(granted, at=NOW + 365 * DAY)
    town.who(
        track("Consent Revoked", "ada", channel="email", purpose="marketing"),
        at=NOW + 1,
        now=NOW + 1,
    )
    assert agreed(town, ada)["email", "marketing"] == "revoked"


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"channel": "email"},
        {"purpose": "marketing"},
        {"channel": "pigeon", "purpose": "marketing"},
        {"channel": None, "purpose": "all"},
    ],
)
def test_p6_a_grant_of_nothing_clear_grants_nothing(town: Town, properties: dict[str, Any]) -> None:
    ada = town.who(track("Consent Granted", "ada", **properties))
    assert set(agreed(town, ada).values()) == {"absent"}


def test_a_bounce_holds_for_the_address_and_not_for_the_next_one(town: Town) -> None:
    ada = town.who(identify("ada", email="old@example.com"))
    town.who(track("Email Bounced", "ada", type="hard"))
    town.who(identify("ada", email="new@example.com"), now=NOW + 1)
    queued = queue(town, ada)
    town.who(track("Email Bounced", "ada", email="Old@example.com"), at=NOW + 1, now=NOW + 2)
    assert cancelled(town, queued) == set(), "the old address bounced again, later"
    town.who(track("Email Bounced", "ada", email="new@example.com"), at=NOW + 3, now=NOW + 3)
    assert cancelled(town, queued) == EMAIL


def test_a_stop_names_the_number_it_came_from(town: Town) -> None:
    ada = town.who(identify("ada", phone="+493023125000"))
    town.who(
        track("Message Replied", "ada", text="stop", channel="sms", **{"from": "+493023125001"})
    )
    row = town.rows(select(suppressions))[0]
    assert row.address_hash == town.vault.lookup("id:phone", "+493023125001")
    rows = town.db.read_now(suppression.in_force, ada, NOW)
    current = town.vault.lookup("id:phone", "+493023125000")
    assert not suppression.is_suppressed(
        rows, purpose="service", channel="sms", address_hash=current
    )


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_a_stop_word_is_an_opt_out_and_remembered_as_one_never_in_its_words(
    town: Town, word: str
) -> None:
    ada = town.who(track("Message Replied", "ada", text=f" {word.upper()}. ", channel="sms"))
    [memory] = town.db.read_now(memory_text.of_customer, ada)
    assert memory.kind == "unsubscribed"
    assert memory_text.text_of(town.vault, memory) == "Replied STOP to a text message."
    assert len(town.db.read_now(suppression.in_force, ada, NOW)) == 1


def test_other_replies_and_complaints_are_remembered(town: Town) -> None:
    ada = town.who(track("Message Replied", "ada", text="When does the shop stop selling?"))
    town.who(track("Complaint Received", "ada", text="It is broken."), at=NOW - 1)
    rows = town.db.read_now(memory_text.of_customer, ada)
    assert [(row.kind, memory_text.text_of(town.vault, row)) for row in rows] == [
        ("reply", "When does the shop stop selling?"),
        ("complaint", "It is broken."),
    ]
    assert all(row.source_id for row in rows)


def test_traits_come_from_an_identify_and_from_any_message_s_context(town: Town) -> None:
    ada = town.who(identify("ada", firstName="Ada"))
    context = {"timezone": "Europe/Berlin", "locale": "de-DE", "traits": {"colour": "red"}}
    town.who(track("Product Viewed", "ada") | {"context": context}, at=NOW - 1)
    town.who({"type": "group", "userId": "ada", "traits": {"firstName": "Firm"}})
    person = town.profile(ada)
    assert (person.first_name, person.locale, person.stated_zone) == (
        "Ada",
        "de-DE",
        "Europe/Berlin",
    )
    assert person.traits["colour"].value == "red"


@pytest.mark.parametrize("value", [None, [], "x", 5, {"traits": []}, {"traits": {"a": None}}])
@pytest.mark.parametrize("part", ["properties", "context", "traits"])
def test_p7_odd_messages_change_nothing_and_break_nothing(
    town: Town, part: str, value: Any
) -> None:
    for event in ("Order Completed", "Consent Revoked", "Message Replied", "Email Bounced"):
        message = {"type": "track", "event": event, "userId": "ada", "properties": {}, part: value}
        assert town.who(message)


def test_growth_an_order_costs_the_same_after_thousands(town: Town) -> None:
    """A decision reads one sealed profile, whose size does not follow the number of orders."""
    sizes = []
    for n in range(300):
        ada = town.who(track("Order Completed", "ada", order_id=f"o-{n}", total=10, currency="EUR"))
        if n in (100, 299):
            sizes.append(len(str(town.profile(ada))))
    assert sizes[0] == sizes[1]
    assert town.profile(ada).orders == 300


def test_how_somebody_sounded_is_the_newest_word_about_it(town: Town) -> None:
    ada = town.who(identify("ada", email="ada@example.com"))
    assert "sentiment" not in town.profile(ada).traits
    glad = track("Message Replied", "ada", text="lovely", sentiment="positive")
    cross = track("Complaint Received", "ada", text="broken", sentiment="negative")
    town.hear(glad, at=NOW - 3)
    town.hear(cross, at=NOW - 4)
    assert town.profile(ada).traits["sentiment"].value == "positive"
    town.hear(cross, at=NOW - 2)
    town.hear(track("Message Replied", "ada", text="and?"), at=NOW - 1)
    assert town.profile(ada).traits["sentiment"].value == "negative"
