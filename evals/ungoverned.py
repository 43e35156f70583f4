"""The shipped pack with some rules taken out: what must go wrong without them has to go wrong.

A case that a rule guards and that passes without the rule measures nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ruamel.yaml import YAML

from evals.flat_pack import flat_commerce

_LISTS = ("hard", "soft", "caps", "tables", "budgets")
_QUIET = "quiet_hours"
_PROMISES = "invariants"


def without(rules: Collection[str], text: str | None = None) -> str:
    """The pack's text without these rules, caps or tables. Raises `LookupError` for an unknown.

    Their lines are cut out, and its invariants; the rest stays as it was written.
    """
    text = flat_commerce() if text is None else text
    told = YAML().load(text)
    lines = text.splitlines()
    cut: set[int] = set()
    found: set[str] = set()
    for name, first, after in _blocks(told, len(lines)):
        if name in rules:
            found.add(name)
            cut |= {*range(first, after)}
    unknown = sorted(set(rules) - found)
    if unknown:
        raise LookupError(f"the pack has no rule {', '.join(unknown)}")
    for key in _LISTS:
        if key in told and all(str(rule["id"]) in rules for rule in told[key]):
            cut.add(told.lc.data[key][0])
    # What a pack without its rules promises it would not keep, and would not be put in force.
    for first, after in _section(told, _PROMISES, len(lines)):
        cut |= {*range(first, after)}
    left = [line for n, line in enumerate(lines) if n not in cut]
    newer = f"version: {told['version'] + 1}"
    return "\n".join(newer if line.startswith("version:") else line for line in left) + "\n"


def _section(told: Any, key: str, end: int) -> Iterator[tuple[int, int]]:
    """The lines of a section, its key with them, where there is one."""
    if key in told:
        first = told.lc.data[key][0]
        later = (position[0] for position in told.lc.data.values() if position[0] > first)
        yield first, min(later, default=end)


def _blocks(told: Any, end: int) -> Iterator[tuple[str, int, int]]:
    """Every rule by its name, with its first line and the line after its last."""
    keys = sorted(position[0] for position in told.lc.data.values())
    for key in _LISTS:
        after = next((line for line in keys if line > told.lc.data[key][0]), end)
        firsts = [told[key].lc.data[n][0] for n in range(len(told[key]))]
        for n, rule in enumerate(told[key]):
            yield str(rule["id"]), firsts[n], firsts[n + 1] if n + 1 < len(firsts) else after
    first = told.lc.data[_QUIET][0]
    yield _QUIET, first, next((line for line in keys if line > first), end)
