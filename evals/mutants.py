"""`make mutants`: what the tests would not notice, file by file, told by mutmut.

Every mutant of a file is run against the tests that reach it (`[tool.mutmut]` in pyproject.toml).
What a run has found is kept in `mutants/`, so that one which was broken off goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

KEPT = Path("mutants")
#: How mutmut writes down what became of a mutant: the exit code of its tests, or why it has none.
_BECAME: Mapping[int | None, str] = {
    1: "killed",
    3: "killed",
    0: "survived",
    5: "untested",
    33: "untested",
    24: "timeout",
    36: "timeout",
    152: "timeout",
    255: "timeout",
    -24: "timeout",
}
_TOLD = ("killed", "survived", "timeout", "untested", "other", "not run")


def main() -> None:
    """Run the mutants of the files named, or of all that are configured, and tell the figures."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="such as policies/expressions.py")
    parser.add_argument("--at-once", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--only-tell", action="store_true", help="tell what is kept, run nothing")
    told = parser.parse_args()
    code = 0
    if not told.only_tell:
        code = _run(told.files, told.at_once)
    for line in figures(KEPT, told.files):
        print(line)
    sys.exit(code)


def patterns(files: Sequence[Path]) -> list[str]:
    """Files as mutmut names their mutants."""
    return [f"{'.'.join(file.with_suffix('').parts)}.*" for file in files]


def figures(kept: Path, files: Sequence[Path] = ()) -> list[str]:
    """One line a file that has mutants; after it the names of those that survived."""
    lines: list[str] = []
    for path in sorted(kept.rglob("*.py.meta")):
        file = path.relative_to(kept).with_suffix("")
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        if not codes or (files and file not in files):
            continue
        became = {name: _became(code) for name, code in codes.items()}
        if not files and set(became.values()) == {"not run"}:
            continue
        counted = Counter(became.values())
        said = ", ".join(f"{counted[word]} {word}" for word in _TOLD if counted[word])
        lines.append(f"{file}: {said}")
        lines += [f"  {name}" for name, word in became.items() if word == "survived"]
    return lines


def _became(code: int | None) -> str:
    return "not run" if code is None else _BECAME.get(code, "other")


def _run(files: Sequence[Path], at_once: int) -> int:
    command = [str(Path(sys.executable).parent / "mutmut"), "run", "--max-children", str(at_once)]
    # A test must find the mutants, in processes of its own too, before what is installed.
    found = {**os.environ, "PYTHONPATH": str(KEPT.absolute())}
    return subprocess.run([*command, *patterns(files)], env=found, check=False).returncode


if __name__ == "__main__":
    main()
