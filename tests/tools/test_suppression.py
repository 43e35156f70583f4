"""`suppress_customer`: contact stops, and what is queued with it, in one unit."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from store import ledger
from store.schema import suppressions
from tests.tools.pictures import decided, denials
from tests.tools.world import LAMP, Person, World
from tools.instants import HOUR_US

LONGER_CAPS = (("version: 1", "version: 2"), ("max: 1,", "max: 9,"))


def two_queued(world: World, person: Person) -> tuple[str, str]:
    """An e-mail and a text message that wait for the morning."""
    world.now_us += 11 * HOUR_US
    mail = world.do(person, "send_email", world.letter())
    text = world.do(
        person,
        "send_sms",
        world.letter("cart_reminder_sms"),
        overrides={"prefer_email": "they prefer texts"},
    )
    return mail.effect_id, text.effect_id


@pytest.mark.parametrize(
    ("args", "left"),
    [
        ({"scope": "all"}, ("cancelled", "cancelled")),
        ({"scope": "purpose"}, ("cancelled", "cancelled")),
        ({"scope": "purpose", "channel": "email"}, ("cancelled", "scheduled")),
        ({"scope": "address", "channel": "sms"}, ("scheduled", "cancelled")),
    ],
)
def test_p3_what_is_queued_stops_in_the_same_unit(
    world: World, args: dict[str, Any], left: tuple[str, str]
) -> None:
    person = world.person()
    queued = two_queued(world, person)
    world.do(person, "suppress_customer", {**args, "reason": "they asked us to stop"})
    assert tuple(world.effect(i).status for i in queued) == left
    assert world.counter(LAMP)[1] == left.count("scheduled")


def test_p3_a_claim_that_is_not_handed_over_yet_stops_too(any_world: World) -> None:
    person = any_world.person()
    claimed = any_world.do(person, "send_email", any_world.letter())

    def stands() -> bool:
        return any_world.db.read_now(
            ledger.still_claimed, claimed.effect_id, epoch=person.epoch, monotonic_us=0
        )

    assert stands()
    any_world.do(person, "suppress_customer", {"scope": "all", "reason": "they asked"})
    assert not stands()
    assert any_world.effect(claimed.effect_id).status == "cancelled"


def test_a_suppression_by_an_agent_says_so_and_is_sealed(world: World) -> None:
    person = world.person()
    world.do(person, "suppress_customer", {"scope": "address", "channel": "sms", "reason": "STOP"})
    row = world.db.read_now(lambda conn: conn.execute(select(suppressions)).one())
    assert (row.scope, row.channel, row.by) == ("address", "sms", "agent:shopping")
    assert b"STOP" not in row.reason_sealed
    assert world.decide(person, "send_email", world.letter()).allowed


def test_afterwards_the_gate_refuses(world: World) -> None:
    person = world.person()
    world.do(person, "suppress_customer", {"scope": "all", "reason": "they asked"})
    for tool, args in (
        ("send_email", world.letter()),
        ("create_offer", {"discount_bp": 500, "valid_hours": 1}),
    ):
        assert "suppressed" in denials(world.decide(person, tool, args))


@pytest.mark.parametrize(
    "args",
    [
        {"scope": "address"},
        {"scope": "all", "channel": "email"},
        {"scope": "none"},
        {"scope": "purpose", "channel": "fax"},
        {"scope": "all", "until": "2026-01-06T00:00:00Z"},
        {"scope": "all", "lift": True},
    ],
)
def test_a_planner_can_neither_lift_nor_blur_a_suppression(args: dict[str, Any]) -> None:
    answer = decided("suppress_customer", {**args, "reason": "they asked"})
    assert denials(answer) == {"malformed_call"}
