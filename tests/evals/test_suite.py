"""A whole suite, small: real deployments, a model in a second process, results and report."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from evals.case_files import read_cases
from evals.comparing import Unlike, compare, main, read_results
from evals.evaluating import evaluate, list_suites
from evals.report import html
from evals.suite import PLANNERS, SUITES, run_suite, smaller, steps_of
from evals.verdicts import problems

CHOSEN = ("happy_reminder", "hard_margin_floor", "hard_quiet_hours", "interrupted_unheard_of")
SMALL = smaller(SUITES["smoke"], people=26, days=4, trials=2, cases=CHOSEN)
CASES = tuple(case for case in read_cases() if case.name in CHOSEN)


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def result(told: list[str]) -> dict[str, Any]:
    return asyncio.run(run_suite(SMALL, told=told.append))


@pytest.fixture
def changed(result: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(result)


def test_sensible_planners_win_and_no_rule_is_broken(result: dict[str, Any]) -> None:
    assert result["problems"] == []
    assert list(result["planners"]) == list(PLANNERS)
    earned = {n: one["cohort"]["margin_a_person"]["value"] for n, one in result["planners"].items()}
    for planner in ("offline", "llm"):
        assert earned[planner] > max(earned["do_nothing"], earned["send_always"])
        assert result["planners"][planner]["cases"]["pass_hat"] == {"1": 1.0, "2": 1.0}


def test_everybody_met_the_same_people(result: dict[str, Any]) -> None:
    for one in result["planners"].values():
        assert len(one["cohort"]["margins"]) == one["cohort"]["people"] == 26
        assert one["cohort"]["lift"]["low"] <= one["cohort"]["lift"]["value"]
    assert result["planners"]["do_nothing"]["cohort"]["contacts_a_person"] == 0
    always = result["planners"]["send_always"]["cohort"]
    assert always["over_blocked"]["refused"] > 0
    assert always["over_blocked"]["without_ground"] == 0
    assert (
        always["contacts_a_person"] > result["planners"]["offline"]["cohort"]["contacts_a_person"]
    )


def test_only_the_model_was_asked_and_every_turn_was_its_own(result: dict[str, Any]) -> None:
    calls = {n: one["cohort"]["cost"]["llm_calls"] for n, one in result["planners"].items()}
    assert {name for name, n in calls.items() if n} == {"llm"}
    assert result["planners"]["llm"]["cohort"]["mishaps"] == 0
    assert result["planners"]["llm"]["cohort"]["cost"]["prompt_tokens"] > 0


def test_progress_is_told_as_often_as_it_was_said(told: list[str], result: dict[str, Any]) -> None:
    assert len(told) == steps_of(SMALL)
    assert told[-2:] == ["gold", "without its rules"]


def test_the_result_is_json_with_the_digests_of_all_it_depends_on(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result)) == result
    identity = result["identity"]
    digests = [identity["grader"], identity["cases"]["sha256"], identity["prompts"]]
    for digest in [*digests, identity["pack"]["sha256"]]:
        assert re.fullmatch("[0-9a-f]{64}", digest)
    assert identity["models"]["llm"] == "scripted-1" and identity["models"]["offline"] is None
    assert identity["world"] == {"seed": 7, "people": 26, "days": 4}


def test_the_report_stands_alone_and_names_everybody(result: dict[str, Any]) -> None:
    page = html(result)
    assert not re.search(r"(?:src|href|url|@import|<script|<link)\s*[=(\"']", page)
    assert "http" not in page
    assert page.count("<svg") == 5
    for name in (*PLANNERS, *(title for _, title in result["case_titles"].values())):
        assert name.replace("'", "&#x27;") in page
    assert "no bad agent wins" in page


def test_words_of_others_are_escaped_in_the_report(changed: dict[str, Any]) -> None:
    changed["problems"] = ["<script>alert(1)</script>"]
    changed["identity"]["models"]["llm"] = "<b>bold</b>"
    page = html(changed)
    assert "<script>" not in page and "<b>" not in page


# -- why a result is not good enough ---------------------------------------------------------------


def test_a_violation_is_a_problem_whoever_made_it(changed: dict[str, Any]) -> None:
    broke = {"rule": "no_consent", "user": "shop-1", "where": "eff_1"}
    changed["planners"]["send_always"]["cohort"]["violations"] = [broke]
    assert problems(changed, CASES) == ["send_always: 1 violations: no_consent"]


def test_a_bad_agent_that_wins_is_a_problem(changed: dict[str, Any]) -> None:
    changed["planners"]["do_nothing"]["cohort"]["margin_a_person"]["value"] = 1e9
    said = problems(changed, CASES)
    assert [line.split(":")[0] for line in said] == [
        "do_nothing wins over offline",
        "do_nothing wins over llm",
    ]
    changed["planners"]["send_always"]["cases"]["success"]["value"] = 1.0
    assert any("send_always wins over offline" in line for line in problems(changed, CASES))


def test_a_case_that_is_too_easy_or_measures_nothing_is_a_problem(changed: dict[str, Any]) -> None:
    easy = changed["planners"]["do_nothing"]["cases"]["by_case"]["happy_reminder"]
    easy["passed"] = 1
    changed["checks"] |= {"gold_fails": {"happy_reminder": ["x"]}, "vacuous": ["hard_quiet_hours"]}
    assert problems(changed, CASES) == [
        "do_nothing passes happy_reminder, which it must fail",
        "the gold run fails happy_reminder: x",
        "hard_quiet_hours passes without the rules that guard it",
    ]


def test_a_fault_of_the_trial_is_no_result(changed: dict[str, Any]) -> None:
    changed["planners"]["offline"]["cases"]["faults"] = ["decisions: failed"]
    (said,) = problems(changed, CASES)
    assert said == "offline: the trial itself went wrong: decisions: failed"


# -- comparing -------------------------------------------------------------------------------------


def test_a_result_compares_with_itself(result: dict[str, Any]) -> None:
    rows = compare(result, result)
    assert len(rows) == 3 * len(PLANNERS)
    assert all(row["a"] == row["b"] and not row["apart"] for row in rows)


@pytest.mark.parametrize("what", ["grader", "cases", "trials", "world", "prompts", "pack", "suite"])
def test_unlike_results_refuse_to_be_compared_and_the_difference_is_named(
    result: dict[str, Any], changed: dict[str, Any], what: str
) -> None:
    changed["identity"][what] = "other"
    with pytest.raises(Unlike, match=f"{what}: ") as refused:
        compare(result, changed)
    assert list(refused.value.differences) == [what]


def test_what_is_tried_may_differ_and_nothing_else(
    result: dict[str, Any], changed: dict[str, Any]
) -> None:
    changed["identity"]["prompts"] = "other"
    assert compare(result, changed, trying=["prompts"])
    with pytest.raises(ValueError, match="grader cannot differ"):
        compare(result, changed, trying=["grader"])
    changed["identity"]["grader"] = "other"
    with pytest.raises(Unlike, match="grader"):
        compare(result, changed, trying=["prompts"])


# -- the command -----------------------------------------------------------------------------------


def test_the_command_lists_its_suites() -> None:
    out = io.StringIO()
    assert list_suites(Console(file=out, width=200)) == 0
    assert "smoke" in out.getvalue() and "send_always" in out.getvalue()


def test_the_command_writes_results_and_report_and_says_no_where_a_planner_does_not_win(
    tmp_path: Path,
) -> None:
    tiny = smaller(
        SMALL, planners=("rules", "do_nothing"), people=13, days=1, trials=1, cases=CHOSEN[1:2]
    )
    out = io.StringIO()
    assert evaluate(tiny, Console(file=out, width=200), folder=tmp_path) == 1
    assert "not good enough: do_nothing wins over rules: 0% of cases to 0%" in out.getvalue()
    written = read_results(tmp_path / "smoke.json")
    assert written["problems"] and "Not good enough" in (tmp_path / "smoke.html").read_text("utf-8")


def test_results_in_files_are_compared_and_unlike_ones_refused_in_a_line(
    result: dict[str, Any],
    changed: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed["identity"]["prompts"] = "other"
    files = [str(tmp_path / name) for name in ("a.json", "b.json")]
    for file, told in zip(files, (result, changed), strict=True):
        Path(file).write_text(json.dumps(told), encoding="utf-8")
    assert main(files) == 2
    assert "prompts: " in capsys.readouterr().err
    assert main([*files, "--trying", "prompts"]) == 0
    assert "send_always" in capsys.readouterr().out


def test_what_is_no_result_or_no_case_is_said(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="no results of an eval"):
        read_results(tmp_path / "other.json")
    with pytest.raises(ValueError, match="no case 'nothing_like_it'"):
        asyncio.run(run_suite(smaller(SMALL, cases=("nothing_like_it",))))
    with pytest.raises(ValueError, match="no planner 'prophet'"):
        asyncio.run(run_suite(smaller(SMALL, planners=("prophet",))))
    with pytest.raises(ValueError, match="USHER_LLM_BASE_URL"):
        asyncio.run(run_suite(smaller(SMALL, planners=("model",))))
