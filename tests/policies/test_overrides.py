"""The override budget of a soft rule: while there is any a reason lifts it, then only a person."""

from __future__ import annotations

import pytest

from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import FactValue, Outcome, Verdict

TEXT = """\
policy: small
version: 1
currency: EUR
facts:
  action.discount_bp: {int: [0, 10000], for: [offer]}
soft:
  - id: dear
    avoid_when: action.discount_bp > 1000
    because: A discount should be small
    overrides: OVERRIDES
tables:
  - id: who
    on: [offer]
    outcome: gate
    table: |
      | row | action.discount_bp || gate  | because |
      | all | -                  || allow | Anybody |
"""
SAID = '{max: 20, window: {calendar: month}, owner: "Head of CRM"}'
WHY = {"dear": "a friend of the house"}


def small(overrides: str = SAID) -> Pack:
    return load_pack(TEXT.replace("OVERRIDES", overrides), file="p.yaml")


def decide(left: int | None, overrides: dict[str, str], discount: int = 2_000) -> Verdict:
    facts: dict[str, FactValue] = {"action.discount_bp": discount}
    if left is not None:
        facts["override.dear.left"] = left
    return small().decide("offer", facts, call_digest="d", overrides=overrides)


def test_while_there_are_exceptions_left_a_reason_lifts_the_rule() -> None:
    assert decide(1, WHY).outcome is Outcome.ALLOW
    assert decide(1, {}).outcome is Outcome.NEEDS_REASON


@pytest.mark.parametrize("left", [0, -3])
def test_when_they_are_used_up_a_person_decides_and_the_owner_is_named(left: int) -> None:
    verdict = decide(left, WHY)
    assert verdict.outcome is Outcome.APPROVAL
    said = verdict.fired[0].because
    assert "Head of CRM" in said and "20 exceptions of this month" in said
    assert decide(left, {}).outcome is Outcome.NEEDS_REASON


def test_a_rule_that_does_not_fire_takes_no_notice() -> None:
    assert decide(0, {}, discount=500).outcome is Outcome.ALLOW


def test_p6_how_many_are_left_must_be_known() -> None:
    assert decide(None, WHY).outcome is Outcome.DENY


def test_a_pack_without_a_budget_lifts_as_often_as_there_are_reasons() -> None:
    pack = load_pack(TEXT.replace("    overrides: OVERRIDES\n", ""), file="p.yaml")
    verdict = pack.decide("offer", {"action.discount_bp": 2_000}, call_digest="d", overrides=WHY)
    assert verdict.outcome is Outcome.ALLOW and not pack.overrides


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{max: 20, window: {calendar: month}}", "overrides lacks the key 'owner'"),
        (
            "{max: 2, window: {rolling: P7D}, owner: X}",
            "lacks the key 'calendar'",
        ),
        ("{max: 2, window: {calendar: moon}, owner: X}", "calendar: is one of"),
        ("{max: -2, window: {calendar: day}, owner: X}", "max: is 0 to"),
        ("{max: 2, window: {calendar: day}, owner: ''}", "owner: is empty"),
        ("3", "overrides must be a mapping"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(said: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        small(said)
    assert told in caught.value.problems[0].text
    assert caught.value.problems[0].line == 10


def test_only_what_becomes_an_effect_can_be_counted() -> None:
    text = TEXT.replace("OVERRIDES", SAID).replace("for: [offer]", "for: [offer, read]")
    with pytest.raises(PolicyError, match="overrides: counts effects; add on: without read"):
        load_pack(text, file="p.yaml")


def test_a_hard_rule_has_no_exceptions() -> None:
    text = TEXT.replace("OVERRIDES", SAID).replace("soft:", "hard:")
    text = text.replace("avoid_when", "never_when")
    with pytest.raises(PolicyError, match="unknown key 'overrides' in a hard rule"):
        load_pack(text, file="p.yaml")
