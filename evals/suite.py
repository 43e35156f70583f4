"""Suites: who is tried on what, and whether the result can be trusted and is good enough.

A suite says no when a rule was broken, when a bad agent wins, when a case is passed by somebody who
must fail it or failed by its own gold run, and when something of the trial itself went wrong.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.planning import Planner
from agent.settings import Settings
from evals import scoring
from evals.bad_agents import DoNothing, SendAlways
from evals.case_files import Case, read_cases
from evals.case_grading import Grade, grade
from evals.case_run import Played, play
from evals.cohort import DAYS, live
from evals.gold import GoldPlanner
from evals.house import RULES_ARM, Contestant
from evals.identity import identity
from evals.scripted_model import MODEL
from evals.scripted_process import scripted_model
from evals.ungoverned import without
from evals.verdicts import problems
from evals.worlds.response import World
from evals.worlds.shop import NEWCOMERS, build

FORMAT = 1
PLANNERS = ("offline", "rules", "llm", "do_nothing", "send_always")
_BAD: Mapping[str, Callable[[], Planner]] = {"do_nothing": DoNothing, "send_always": SendAlways}
_MEMORY, _ROOM = Path("/dev/shm"), 512 * 1024 * 1024
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite. `people`: of the cohort; `trials`: of each case; `seed`: of the world.

    `model`: settings of a real model's endpoint, for the planner of that name.
    """

    name: str
    title: str
    planners: tuple[str, ...] = PLANNERS
    people: int = 60
    days: int = DAYS
    trials: int = 3
    seed: int = 7
    cases: tuple[str, ...] | None = None
    model: Settings | None = None


SUITES = {
    "smoke": Suite("smoke", "a shop whose customers respond by hidden rules, and cases with an end")
}


def steps_of(suite: Suite) -> int:
    """How many steps of progress a suite tells."""
    return sum(suite.days + trials_of(name, suite) for name in suite.planners) + 2


def trials_of(planner: str, suite: Suite) -> int:
    """How often a planner plays each case: who must fail plays it once."""
    return 1 if planner in _BAD else suite.trials


async def run_suite(suite: Suite, *, told: Told = lambda what: None) -> dict[str, Any]:
    """Run a suite. The result is plain JSON. `told` is called with who is at work, once a step."""
    cases = _cases(suite)
    world = World(
        build(customers=max(1, suite.people - NEWCOMERS), seed=suite.seed), seed=suite.seed
    )
    planners: dict[str, Any] = {}
    models: dict[str, str | None] = {}
    with ExitStack() as stack:
        for name in suite.planners:
            contestant = stack.enter_context(_contestant(name, suite))
            models[name] = (contestant.settings or {}).get("llm_model")
            planners[name] = await _try(contestant, suite, cases, world, told)
    checks = await _check(cases, suite, told)
    _lifts(planners)
    result = {
        "format": FORMAT,
        "identity": identity(
            suite=suite.name,
            cases=[case.name for case in cases],
            world={"seed": suite.seed, "people": suite.people, "days": suite.days},
            trials=suite.trials,
            models=models,
        ),
        "case_titles": {case.name: [case.kind, case.title] for case in cases},
        "planners": planners,
        "checks": checks,
    }
    return {**result, "problems": problems(result, cases)}


async def _try(
    contestant: Contestant, suite: Suite, cases: Sequence[Case], world: World, told: Told
) -> dict[str, Any]:
    """One planner on the cohort and on every case, so many times."""
    with _folder() as folder:
        record = await live(
            Path(folder),
            world,
            contestant,
            days=suite.days,
            told=lambda: told(contestant.name),
        )
    carts = [visit.cart for visit in world.visits]
    trials = []
    for trial in range(trials_of(contestant.name, suite)):
        trials.append(await _play(cases, contestant, seed=suite.seed + trial))
        told(contestant.name)
    return {
        "role": contestant.role,
        "cohort": scoring.cohort_figures(record, carts),
        "cases": _cases_of(cases, trials),
    }


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A trial's folder: in memory where there is room, since nothing of it needs to last."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    place = _MEMORY if roomy and os.access(_MEMORY, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="usher-eval-", dir=place)


async def _play(
    cases: Sequence[Case], contestant: Contestant, *, seed: int, pack: str | None = None
) -> tuple[tuple[Grade, ...], Played]:
    with _folder() as folder:
        played = await play(Path(folder), cases, contestant, seed=seed, pack=pack)
    return grade(cases, played), played


def _cases_of(
    cases: Sequence[Case], trials: Sequence[tuple[tuple[Grade, ...], Played]]
) -> dict[str, Any]:
    n = len(trials)
    by_case = {case.name: [grades[k] for grades, _ in trials] for k, case in enumerate(cases)}
    passed = {name: sum(one.passed for one in grades) for name, grades in by_case.items()}
    records = [scoring.asked_and_cost(played.record) for _, played in trials]
    return {
        "success": scoring.share(sum(passed.values()), n * len(cases)).as_json(),
        "pass_hat": {
            str(k): round(sum(scoring.pass_hat(c, n, k) for c in passed.values()) / len(cases), 4)
            for k in range(1, n + 1)
        },
        "by_case": {
            name: {
                "passed": passed[name],
                "of": n,
                "missed": sorted({said for one in grades for said in one.missed}),
                "violations": sorted({v.rule for one in grades for v in one.violations}),
            }
            for name, grades in by_case.items()
        },
        "approvals_asked": sum(one["approvals"]["asked"] for one in records),
        "decisions": sum(one["decisions"] for one in records),
        "llm_calls": sum(one["cost"]["llm_calls"] for one in records),
        "faults": [fault for one in records for fault in one["faults"]],
    }


async def _check(cases: Sequence[Case], suite: Suite, told: Told) -> dict[str, Any]:
    """Whether the cases measure anything: a gold run passes, and without its rules a case fails."""
    gold, _ = await _play(cases, Contestant("gold", GoldPlanner(cases)), seed=suite.seed)
    told("gold")
    guarded = [case for case in cases if case.guards]
    rules = sorted({rule for case in guarded for rule in case.guards})
    loose: tuple[Grade, ...] = ()
    if guarded:
        always = Contestant("send_always", SendAlways(), {"autonomy": "autonomous"})
        loose, _ = await _play(guarded, always, seed=suite.seed, pack=without(rules))
    told("without its rules")
    return {
        "gold_fails": {one.case: [*one.missed, *_rules(one)] for one in gold if not one.passed},
        "vacuous": [one.case for one in loose if one.passed],
        "rules_taken_out": rules,
    }


def _rules(one: Grade) -> list[str]:
    return [violation.rule for violation in one.violations]


def _lifts(planners: dict[str, Any]) -> None:
    """What each earns more than doing nothing does, on the same people."""
    nothing = planners.get("do_nothing")
    for figures in planners.values():
        if nothing is not None:
            figures["cohort"]["lift"] = scoring.lift(figures["cohort"], nothing["cohort"])


def _cases(suite: Suite) -> tuple[Case, ...]:
    cases = read_cases()
    if suite.cases is None:
        return cases
    known = {case.name: case for case in cases}
    unknown = sorted(set(suite.cases) - known.keys())
    if unknown:
        raise ValueError(f"there is no case '{unknown[0]}'; there is: {', '.join(known)}")
    return tuple(known[name] for name in suite.cases)


@contextmanager
def _contestant(name: str, suite: Suite) -> Iterator[Contestant]:
    if name == "rules":
        yield Contestant(name, front=RULES_ARM, role="baseline")
    elif name == "llm":
        with scripted_model() as url:
            yield Contestant(name, settings=_asking({"llm_base_url": url, "llm_model": MODEL}))
    elif name == "model":
        yield Contestant(name, settings=_real(suite))
    elif name in _BAD:
        yield Contestant(name, _BAD[name](), role="bad")
    elif name == "offline":
        yield Contestant(name)
    else:
        raise ValueError(
            f"there is no planner '{name}'; there is: {', '.join((*PLANNERS, 'model'))}"
        )


def _asking(more: dict[str, Any]) -> dict[str, Any]:
    return {"planner": "llm", **more}


def _real(suite: Suite) -> dict[str, Any]:
    """The endpoint that the deployment's own settings name."""
    if suite.model is None or not suite.model.plans_with_model:
        raise ValueError("the planner 'model' needs USHER_LLM_BASE_URL or USHER_LLM_API_KEY")
    told = suite.model.model_dump(include={f for f in Settings.model_fields if f[:4] == "llm_"})
    return _asking(told)


def smaller(suite: Suite, **changes: Any) -> Suite:
    """A suite with other numbers of people, days, trials, other planners, cases or seed."""
    return replace(suite, **{name: value for name, value in changes.items() if value is not None})
