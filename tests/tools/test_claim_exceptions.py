"""Exceptions to soft rules are counted when they are made, and never leak (P2)."""

from __future__ import annotations

import pytest

from policies.verdict import Outcome
from store.ledger import EffectStatus
from tests.tools.test_claim_races import AT_ONCE, all_at_once, claims, made
from tests.tools.world import Ready, World, refused

KEY = "override:prefer_email:2026-01"
WHY = {"prefer_email": "she never reads e-mail"}


def few(world: World, most: int) -> None:
    world.put_pack(
        ("version: 1", "version: 2"),
        (
            "    because: E-mail is the milder channel",
            "    because: E-mail is the milder channel\n"
            f'    overrides: {{max: {most}, window: {{calendar: month}}, owner: "Head of CRM"}}',
        ),
    )


def text(world: World, name: str) -> Ready:
    letter = world.letter("cart_reminder_sms")
    return world.ready(world.person(name), "send_sms", letter, overrides=WHY)


def test_an_exception_is_held_by_its_claim_and_made_when_it_was_sent(any_world: World) -> None:
    few(any_world, 2)
    claimed = any_world.claim(text(any_world, "ada"))
    assert any_world.counter(KEY) == (2, 1, 0)
    any_world.move(claimed.effect_id, EffectStatus.SENT)
    assert any_world.counter(KEY) == (2, 0, 1)


@pytest.mark.parametrize("to", [EffectStatus.FAILED, EffectStatus.CANCELLED])
def test_what_reached_nobody_gives_its_exception_back(world: World, to: EffectStatus) -> None:
    few(world, 1)
    claimed = world.claim(text(world, "ada"))
    world.move(claimed.effect_id, to)
    assert world.counter(KEY) == (1, 0, 0)
    world.claim(text(world, "bob"))


def test_what_may_have_reached_somebody_keeps_it(world: World) -> None:
    few(world, 1)
    claimed = world.claim(text(world, "ada"))
    world.move(claimed.effect_id, EffectStatus.UNKNOWN)
    assert world.counter(KEY) == (1, 0, 1)


def test_used_up_a_person_decides_and_what_they_sign_is_no_exception(any_world: World) -> None:
    few(any_world, 1)
    any_world.claim(text(any_world, "ada"))
    ready = text(any_world, "bob")
    assert ready.decided.verdict.outcome is Outcome.APPROVAL
    assert "Head of CRM" in ready.decided.verdict.fired[0].because
    assert refused(any_world, ready) is Outcome.APPROVAL
    any_world.claim(ready, approval_id=any_world.ask(ready))
    assert any_world.counter(KEY) == (1, 1, 0)


def test_a_call_that_needs_no_exception_takes_none(world: World) -> None:
    few(world, 1)
    world.claim(world.ready(world.person()))
    assert world.counter(KEY) == (0, 0, 0)


def test_p2_racing_exceptions_never_pass_their_number(any_world: World) -> None:
    few(any_world, 3)
    ready = [text(any_world, f"p{k}") for k in range(AT_ONCE)]
    assert all(one.decided.allowed for one in ready)
    results = all_at_once(claims(any_world, ready))
    assert len(made(results)) == 3
    assert any_world.counter(KEY) == (3, 3, 0)
