"""Stopping: what is queued is cancelled and gives everything back; what was sent is not touched."""

from __future__ import annotations

from sqlalchemy import select

from customers.stopping import stop_queued
from store.ledger import EffectStatus
from store.schema import contacts
from tests.customers.people import NOW, Town, identify


def test_p3_everything_not_handed_over_is_stopped_and_nothing_else(any_town: Town) -> None:
    ada, bob = any_town.who(identify("ada")), any_town.who(identify("bob"))
    stopped = [
        any_town.contact(ada),
        any_town.contact(ada, status=EffectStatus.CLAIMED),
    ]
    untouched = {
        any_town.contact(ada, channel="sms"): "scheduled",
        any_town.contact(ada, purpose="service"): "scheduled",
        any_town.contact(ada, status=EffectStatus.SENT): "sent",
        any_town.contact(bob): "scheduled",
    }
    found = any_town.run(
        stop_queued, ada, channel="email", purpose="marketing", reason="stop", now_us=NOW
    )
    assert found == 2
    assert [any_town.status(effect_id) for effect_id in stopped] == ["cancelled", "cancelled"]
    assert {effect_id: any_town.status(effect_id) for effect_id in untouched} == untouched
    places = {row.effect_id: row.state for row in any_town.rows(select(contacts))}
    assert {places[effect_id] for effect_id in stopped} == {"released"}
    assert {places[effect_id] for effect_id in untouched} == {"reserved"}


def test_p3_without_a_channel_and_purpose_everything_stops(town: Town) -> None:
    ada = town.who(identify("ada"))
    queued = [town.contact(ada), town.contact(ada, channel="sms", purpose="service")]
    found = town.run(stop_queued, ada, channel=None, purpose=None, reason="stop", now_us=NOW)
    assert found == 2
    assert {town.status(effect_id) for effect_id in queued} == {"cancelled"}
    again = town.run(stop_queued, ada, channel=None, purpose=None, reason="stop", now_us=NOW)
    assert again == 0
