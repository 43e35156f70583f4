"""A claim that needs a person: only the approval of exactly this call lets it happen (P9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.verdict import Outcome
from prompts.agents import Autonomy
from store.ledger import EffectStatus
from tests.tools.world import Person, Ready, World, complains, refused
from tools.instants import HOUR_US


def reviewed(world: World, person: Person) -> Ready:
    """A message of an assisted agent, which a person has to sign."""
    setting = world.setting(person)
    assisted = setting.agent.model_copy(update={"autonomy": Autonomy.ASSISTED})
    return world.ready(person, setting=replace(setting, agent=assisted))


def test_p9_more_than_the_agent_may_do_alone_waits_for_a_person(any_world: World) -> None:
    ready = reviewed(any_world, any_world.person())
    assert refused(any_world, ready) is Outcome.APPROVAL
    claimed = any_world.claim(ready, approval_id=any_world.ask(ready))
    assert any_world.effect(claimed.effect_id).status == "claimed"


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "pending"},
        {"status": "rejected"},
        {"status": "edited"},
        {"status": "lapsed", "by": None},
        {"by": None},
        {"outcome": "review"},
        {"rules": []},
        {"rules": ["footer"]},
    ],
)
def test_p9_only_an_approval_of_enough_by_somebody_counts(
    world: World, asked: dict[str, Any]
) -> None:
    ready = reviewed(world, world.person())
    approval_id = world.ask(ready, **asked)
    assert refused(world, ready, approval_id=approval_id) is Outcome.APPROVAL


def test_p9_an_approval_is_for_that_call_and_no_other(any_world: World) -> None:
    person, other = any_world.person(), any_world.person("bob")
    ready = reviewed(any_world, person)
    approval_id = any_world.ask(ready)
    setting = ready.setting
    longer = any_world.ready(person, args=any_world.letter(hours=47), setting=setting)
    assert refused(any_world, longer, approval_id=approval_id) is Outcome.APPROVAL
    theirs = reviewed(any_world, other)
    assert refused(any_world, theirs, approval_id=approval_id) is Outcome.APPROVAL
    assert refused(any_world, ready, approval_id="apr_none") is Outcome.APPROVAL
    any_world.claim(ready, approval_id=approval_id)


def test_p9_an_approval_is_used_in_its_own_decision_only(world: World) -> None:
    person = world.person()
    approval_id = world.ask(reviewed(world, person))
    world.new_decision(person)
    again = reviewed(world, person)
    assert refused(world, again, approval_id=approval_id) is Outcome.APPROVAL


def test_p9_an_approval_under_an_older_pack_is_none(world: World) -> None:
    ready = reviewed(world, world.person())
    approval_id = world.ask(ready)
    world.put_pack(("version: 1", "version: 2"))
    assert refused(world, ready, approval_id=approval_id) is Outcome.APPROVAL


def test_p9_no_approval_lifts_a_denial(any_world: World) -> None:
    person = any_world.person()
    ready = reviewed(any_world, person)
    every_rule = [rule.id for rule in ready.setting.pack.rules]
    approval_id = any_world.ask(ready, rules=every_rule)
    complains(any_world, person)
    assert refused(any_world, ready, approval_id=approval_id) is Outcome.DENY


def test_p9_no_approval_stands_in_for_a_reason(world: World) -> None:
    person = world.person()
    ready = world.ready(person, "send_sms", world.letter("cart_reminder_sms"))
    assert ready.decided.verdict.outcome is Outcome.NEEDS_REASON
    approval_id = world.ask(ready, outcome="approval")
    assert refused(world, ready, approval_id=approval_id) is Outcome.NEEDS_REASON


def test_p9_a_later_hour_needs_no_second_approval(world: World) -> None:
    ready = reviewed(world, world.person())
    approval_id = world.ask(ready)
    world.now_us += 11 * HOUR_US  # 22:00 in Berlin
    claimed = world.claim(ready, approval_id=approval_id)
    assert claimed.status is EffectStatus.SCHEDULED
