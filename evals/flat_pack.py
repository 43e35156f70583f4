"""A pack that stands on another, written as one text: for whoever changes passages of the whole.

The sections of the lower text come first, then those of the upper one. What both declare, and a
pack of more than two texts, is not put together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.documents import shipped_packs
from policies.layers import extends

_KEY = re.compile(r"([a-z_]+):(.*)\Z")
_ONE_TEXT = ("policy", "version", "currency", "goals")
_ORDER = (
    *(*_ONE_TEXT, "four_eyes", "jurisdictions", "params", "facts", "hard", "soft", "ask", "caps"),
    *("quiet_hours", "approvals", "budgets", "invariants", "tables"),
)


def flat_commerce() -> str:
    """The shipped commerce pack, with what holds for the organisation, as one text."""
    return flat("commerce", shipped_packs())


def flat(name: str, texts: Mapping[str, str]) -> str:
    """The pack of this name and the one it stands on. Raises `ValueError` for anything else."""
    upper = texts[name]
    below = extends(upper, file=f"{name}.yaml")
    if below is None:
        return upper
    if extends(texts[below], file=f"{below}.yaml") is not None:
        raise ValueError(f"{name} is made of more than two texts")
    merged = _sections(texts[below])
    for key, lines in _sections(upper).items():
        if key == "extends":
            continue
        if key in merged and key not in _ONE_TEXT:
            if merged[key][0].strip() != f"{key}:" or lines[0].strip() != f"{key}:":
                raise ValueError(f"both texts of {name} hold {key} in one line")
            merged[key] = [*merged[key], *lines[1:]]
        else:
            merged[key] = lines
    keys = [key for key in _ORDER if key in merged]
    parts = ["\n".join(merged[key]) for key in keys]
    head = [part for key, part in zip(keys, parts, strict=True) if key in _ONE_TEXT]
    rest = [part for key, part in zip(keys, parts, strict=True) if key not in _ONE_TEXT]
    return "\n\n".join(["\n".join(head), *rest]) + "\n"


def _sections(text: str) -> dict[str, list[str]]:
    """The lines of each top-level key; comments and empty lines between them are left out."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        match = _KEY.match(line)
        if match:
            current = found.setdefault(match[1], [])
            current.append(line)
        elif line.startswith(" "):
            current.append(line)
    return found
