"""A problem reads as `FILE:LINE:COL: text`, and a near miss is met with advice."""

from __future__ import annotations

from policies.problems import PolicyError, Problem, did_you_mean


def test_a_problem_reads_as_file_line_column_and_text() -> None:
    assert str(Problem("a/b.yaml", 3, 14, "no")) == "a/b.yaml:3:14: no"


def test_problems_come_in_the_order_of_the_file() -> None:
    later, earlier = Problem("f", 10, 1, "b"), Problem("f", 9, 80, "a")
    assert PolicyError([later, earlier]).problems == (earlier, later)


def test_advice_is_given_for_a_near_miss_only() -> None:
    assert did_you_mean("becuase", ["id", "because"]) == "; did you mean 'because'?"
    assert did_you_mean("zebra", ["id", "because"]) == ""
