"""What mutmut has kept is told in one line a file, with the names of what survived."""

from __future__ import annotations

import json
from pathlib import Path

from evals.mutants import figures, patterns


def keep(folder: Path, file: str, **codes: int | None) -> None:
    path = folder / f"{file}.meta"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"exit_code_by_key": codes}))


def test_each_file_is_one_line_and_survivors_are_named(tmp_path: Path) -> None:
    keep(tmp_path, "store/counters.py", a=1, b=0, c=36, d=33, e=None, f=-11)
    keep(tmp_path, "policies/quiet.py", g=1, h=3)
    keep(tmp_path, "policies/closing.py", i=None)
    keep(tmp_path, "store/keys.py")
    told = [
        "store/counters.py: 1 killed, 1 survived, 1 timeout, 1 untested, 1 other, 1 not run",
        "  b",
    ]
    assert figures(tmp_path) == ["policies/quiet.py: 2 killed", *told]
    assert figures(tmp_path, [Path("store/counters.py")]) == told
    assert figures(tmp_path, [Path("policies/closing.py")]) == ["policies/closing.py: 1 not run"]
    assert figures(tmp_path / "nothing") == []


def test_a_file_is_named_as_its_mutants_are() -> None:
    assert patterns([Path("policies/expressions.py")]) == ["policies.expressions.*"]
