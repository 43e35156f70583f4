"""The cases measure something: a gold run passes each, bad agents fail where they should.

And what a rule guards goes wrong without the rule, which the oracle sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.bad_agents import DoNothing, SendAlways
from evals.case_files import Case, read_cases
from evals.case_grading import Grade, grade
from evals.case_run import play
from evals.gold import GoldPlanner
from evals.house import Contestant
from evals.ungoverned import without

CASES = read_cases()
GUARDED = [case for case in CASES if case.guards]
#: What the oracle calls that which each rule of the pack forbids.
SEEN_AS = {
    "no_consent": "no_consent",
    "just_bought": "just_bought",
    "open_complaint": "open_complaint",
    "quiet_hours": "quiet_hours",
    "weekly": "three_a_week",
    "daily_channel": "one_a_day_by_channel",
    "margin_floor": "margin_floor",
    "discount_tier": "discount_tier",
}


def played(
    folder: Path, planner: Contestant, cases: Sequence[Case] = CASES, *, pack: str | None = None
) -> dict[str, Grade]:
    done = asyncio.run(play(folder, cases, planner, seed=11, pack=pack))
    assert done.record.loose == ()
    return {one.case: one for one in grade(cases, done)}


def test_the_gold_run_passes_every_case(tmp_path: Path) -> None:
    grades = played(tmp_path, Contestant("gold", GoldPlanner(CASES)))
    assert {name: one for name, one in grades.items() if not one.passed} == {}


def test_whoever_needs_no_model_passes_every_case(tmp_path: Path) -> None:
    grades = played(tmp_path, Contestant("offline"))
    assert {name: one for name, one in grades.items() if not one.passed} == {}


@pytest.mark.parametrize(
    "agent",
    [Contestant("do_nothing", DoNothing()), Contestant("send_always", SendAlways())],
    ids=lambda agent: agent.name,
)
def test_a_bad_agent_fails_where_it_should_and_breaks_no_rule(
    tmp_path: Path, agent: Contestant
) -> None:
    grades = played(tmp_path, agent)
    assert [c.name for c in CASES if agent.name in c.fails and grades[c.name].passed] == []
    assert [one for one in grades.values() if one.violations] == []


def test_p1_without_its_rules_every_guarded_case_fails_and_the_oracle_says_why(
    tmp_path: Path,
) -> None:
    rules = sorted({rule for case in GUARDED for rule in case.guards})
    agent = Contestant("send_always", SendAlways(), {"autonomy": "autonomous"})
    grades = played(tmp_path, agent, GUARDED, pack=without(rules))
    assert [name for name, one in grades.items() if one.passed] == []
    for case in GUARDED:
        said = {violation.rule for violation in grades[case.name].violations}
        assert said & {SEEN_AS[rule] for rule in case.guards if rule in SEEN_AS}, case.name
