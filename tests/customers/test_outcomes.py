"""Outcomes as memories: bought, redeemed and opted out, each once and with its cause."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from customers import memory_text, outcomes
from customers.outcomes import ANSWERS_WITHIN_US, KINDS
from store.ledger import EffectStatus
from store.schema import effects, memories
from tests.customers.people import DAY, HOUR, NOW, Town, identify, track

LATER = NOW + 2 * HOUR


def sent(town: Town, who: str, *, at: int = NOW) -> str:
    """A message that reached this person."""
    effect_id = town.contact(who, status=EffectStatus.SENT)
    town.run(
        lambda conn: conn.execute(
            update(effects).where(effects.c.id == effect_id).values(settled_at=at)
        )
    )
    return effect_id


def remembered(town: Town) -> list[tuple[str, str]]:
    """Every memory, its kind and text."""
    rows = town.rows(select(memories).order_by(memories.c.id))
    return [(row.kind, memory_text.text_of(town.vault, row)) for row in rows]


def order(town: Town, user: str = "ada", *, at: int = LATER, now: int = LATER, **more: Any) -> str:
    said = {"order_id": "o-1", "total": 120, "currency": "EUR"} | more
    return town.who(track("Order Completed", user, **said), at=at, now=now)


def test_an_order_after_a_message_is_remembered_once_with_what_it_was_worth(
    any_town: Town,
) -> None:
    ada = any_town.who(identify("ada"))
    sent(any_town, ada)
    order(any_town)
    order(any_town)
    [row] = any_town.rows(select(memories))
    assert memory_text.text_of(any_town.vault, row) == (
        "Bought for 120.00 EUR 2 hours after the e-mail."
    )
    assert (row.kind, row.source_id[:4], row.at, row.purpose) == ("bought", "evt_", LATER, "any")
    lasting = KINDS["bought"]
    assert (row.weight_bp, row.expires_at) == (lasting.weight_bp, LATER + 365 * DAY)
    assert b"Bought" not in row.text_sealed


def test_an_order_that_no_message_went_before_is_no_outcome(town: Town) -> None:
    ada = town.who(identify("ada"))
    order(town)
    sent(town, ada)
    order(town, order_id="o-2", at=NOW - HOUR)
    order(town, order_id="o-3", at=NOW + ANSWERS_WITHIN_US, now=NOW + ANSWERS_WITHIN_US)
    assert remembered(town) == []


def test_what_was_queued_or_failed_has_brought_no_order(town: Town) -> None:
    ada = town.who(identify("ada"))
    for status in EffectStatus:
        if status is not EffectStatus.SENT:
            town.contact(ada, status=status)
    order(town)
    assert remembered(town) == []


def test_a_code_is_remembered_as_used_by_whom_it_was_for_and_by_nobody_else(town: Town) -> None:
    ada, bob = town.who(identify("ada")), town.who(identify("bob"))
    town.offer(ada, code="ADA10")
    town.offer(bob, code="BOB10")
    order(town, coupon="ADA10")
    order(town, order_id="o-2", coupon="BOB10")
    assert remembered(town) == [
        ("redeemed", "Used the code for 10 % off that they were given."),
    ]


def test_every_way_to_opt_out_is_remembered_as_one(town: Town) -> None:
    town.who(track("Unsubscribed", "ada"))
    town.who(track("Consent Revoked", "ada", channel="email", purpose="marketing", source="form"))
    town.who(track("Message Replied", "ada", text="Stop!", channel="sms"))
    assert remembered(town) == [
        ("unsubscribed", "Unsubscribed from marketing."),
        ("unsubscribed", "Took back their consent to marketing by e-mail."),
        ("unsubscribed", "Replied STOP to a text message."),
    ]


def test_a_revocation_that_changes_nothing_is_no_second_memory(town: Town) -> None:
    message = track("Consent Revoked", "ada", channel="email", purpose="marketing", source="form")
    town.who(message)
    town.who(message, at=NOW - HOUR)
    assert len(remembered(town)) == 1


def test_the_same_cause_told_again_is_the_same_memory(any_town: Town) -> None:
    ada = any_town.who(identify("ada"))

    def again(text: str) -> bool:
        kept: bool = any_town.run(
            outcomes.keep,
            any_town.vault,
            kind="send",
            customer_id=ada,
            source_id="eff_1",
            text=text,
            at=NOW,
        )
        return kept

    assert [again("An e-mail was sent."), again("An e-mail was sent once more.")] == [True, False]
    assert remembered(any_town) == [("send", "An e-mail was sent.")]
