"""What a text says about itself, read without judging the rest of it.

For packs that can no longer be used: whose goals they decide, and whether a change of them needs
two people, must be known all the same, so that nothing becomes milder by a pack that broke.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.source import Source


@dataclass(frozen=True, slots=True)
class Outline:
    """`extends`: the pack below, if any. `four_eyes`: it asks for two people, or may mean to."""

    policy: str | None
    extends: str | None
    goals: tuple[str, ...]
    four_eyes: bool


def outline(text: str, *, file: str) -> Outline | None:
    """The outline of a text; None where it cannot be read at all."""
    source = Source(file, text)
    root = source.root()
    keys = source.mapping(root, "the pack", may=None) if root is not None else None
    if keys is None:
        return None
    name, below = (source.scalar(keys[k]) if k in keys else None for k in ("policy", "extends"))
    goals = source.words(keys["goals"], "goals:") if "goals" in keys else ()
    eyes = "four_eyes" in keys and source.scalar(keys["four_eyes"]) is not False
    return Outline(_text(name), _text(below), goals, eyes)


def _text(value: bool | int | str | None) -> str | None:
    return value if isinstance(value, str) else None
