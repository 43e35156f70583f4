"""Comparing two results: only of like with like, and whatever is not alike is named.

python -m evals.comparing A.json B.json [--trying prompts]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

#: What may be the very thing that is being tried; everything else must be equal in any case.
MAY_DIFFER = ("models", "prompts", "pack")


class Unlike(ValueError):
    """Two results that cannot be compared; `differences` names each thing and its two values."""

    def __init__(self, differences: Mapping[str, tuple[Any, Any]]) -> None:
        said = "; ".join(f"{name}: {a!r} and {b!r}" for name, (a, b) in differences.items())
        super().__init__(f"these results are not of the same thing: {said}")
        self.differences = dict(differences)


def read_results(path: Path) -> dict[str, Any]:
    """A results file. Raises `ValueError` where it is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    if not isinstance(told, dict) or not {"identity", "planners"} <= told.keys():
        raise ValueError(f"{path}: no results of an eval")
    return told


def compare(
    a: Mapping[str, Any], b: Mapping[str, Any], *, trying: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Each planner's figures in both. `trying`: what is meant to differ (`MAY_DIFFER`).

    Raises `Unlike` where anything else does.
    """
    stray = sorted(set(trying) - {*MAY_DIFFER})
    if stray:
        raise ValueError(f"{stray[0]} cannot differ; there is: {', '.join(MAY_DIFFER)}")
    differences = dict(_differences(a["identity"], b["identity"], set(trying)))
    if differences:
        raise Unlike(differences)
    rows = []
    for name in sorted(a["planners"].keys() & b["planners"].keys()):
        for figure in ("margin_a_person", "goal_completion", "success"):
            before, after = (_figure(one["planners"][name], figure) for one in (a, b))
            rows.append(
                {
                    "planner": name,
                    "figure": figure,
                    "a": before["value"],
                    "b": after["value"],
                    "apart": before["high"] < after["low"] or after["high"] < before["low"],
                }
            )
    return rows


def _differences(
    a: Mapping[str, Any], b: Mapping[str, Any], trying: set[str]
) -> list[tuple[str, tuple[Any, Any]]]:
    names = sorted({*a, *b} - trying)
    return [(n, (a.get(n), b.get(n))) for n in names if a.get(n) != b.get(n)]


def _figure(planner: Mapping[str, Any], name: str) -> dict[str, float]:
    found: dict[str, float] = planner["cases" if name == "success" else "cohort"][name]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print two results side by side; 2 where they cannot be compared."""
    parser = argparse.ArgumentParser(prog="python -m evals.comparing")
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    parser.add_argument("--trying", nargs="*", default=[], choices=MAY_DIFFER)
    asked = parser.parse_args(argv)
    try:
        rows = compare(read_results(asked.a), read_results(asked.b), trying=asked.trying)
    except ValueError as error:
        print(f"comparing: {error}", file=sys.stderr)
        return 2
    for row in rows:
        apart = "apart" if row["apart"] else "not apart"
        print(f"{row['planner']:<12} {row['figure']:<16} {row['a']:>10g} {row['b']:>10g}  {apart}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
