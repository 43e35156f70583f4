"""Why a suite's result is not good enough, in sentences; none where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.case_files import Case


def problems(result: Mapping[str, Any], cases: Sequence[Case]) -> list[str]:
    """Everything that speaks against the result."""
    planners = result["planners"]
    return [
        *_broken(planners),
        *_faults(planners),
        *_winning(planners),
        *_too_easy(planners, cases),
        *_measure(result["checks"]),
    ]


def violations(figures: Mapping[str, Any]) -> list[str]:
    """The rules a planner's trials broke, once a time in the cohort and once a case."""
    of_cases = [
        rule for case in figures["cases"]["by_case"].values() for rule in case["violations"]
    ]
    return [*(v["rule"] for v in figures["cohort"]["violations"]), *of_cases]


def _broken(planners: Mapping[str, Any]) -> Iterator[str]:
    for name, figures in planners.items():
        found = violations(figures)
        if found:
            yield f"{name}: {len(found)} violations: {', '.join(sorted(set(found)))}"


def _faults(planners: Mapping[str, Any]) -> Iterator[str]:
    for name, figures in planners.items():
        found = [*figures["cohort"]["faults"], *figures["cases"]["faults"]]
        if found:
            yield f"{name}: the trial itself went wrong: {', '.join(sorted(set(found)))}"


def _winning(planners: Mapping[str, Any]) -> Iterator[str]:
    """A bad agent wins where a planner earns no more a person, or anybody comes to no more ends.

    A campaign of today is no planner: what it earns is a baseline, and may be little.
    """
    good = {name: one for name, one in planners.items() if one["role"] != "bad"}
    for bad, its in planners.items():
        if its["role"] != "bad":
            continue
        for name, figures in good.items():
            earned, right = (_value(figures, what) for what in (_MARGIN, _CASES))
            if figures["role"] == "planner" and earned <= _value(its, _MARGIN):
                yield f"{bad} wins over {name}: {_value(its, _MARGIN):.0f} a person to {earned:.0f}"
            if right <= _value(its, _CASES):
                yield f"{bad} wins over {name}: {_value(its, _CASES):.0%} of cases to {right:.0%}"


_MARGIN, _CASES = ("cohort", "margin_a_person"), ("cases", "success")


def _value(figures: Mapping[str, Any], what: tuple[str, str]) -> float:
    return float(figures[what[0]][what[1]]["value"])


def _too_easy(planners: Mapping[str, Any], cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        for bad in case.fails:
            passed = (
                planners[bad]["cases"]["by_case"][case.name]["passed"] if bad in planners else 0
            )
            if passed:
                yield f"{bad} passes {case.name}, which it must fail"


def _measure(checks: Mapping[str, Any]) -> Iterator[str]:
    for case, said in checks["gold_fails"].items():
        yield f"the gold run fails {case}: {'; '.join(said)}"
    for case in checks["vacuous"]:
        yield f"{case} passes without the rules that guard it"
