"""Texts of packs for tests: a house, packs built on it, and one for all goals."""

from __future__ import annotations

from tests.tools.pictures import pack_text

#: The shipped pack in one text and under another name.
ORGANISATION = pack_text(
    ("policy: commerce", "policy: house"),
)


def organisation(version: int, *changes: tuple[str, str]) -> str:
    """A version of the pack that others stand on."""
    text = ORGANISATION.replace("version: 1\n", f"version: {version}\n")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def on_top(
    name: str,
    version: int = 1,
    *,
    goals: str = "",
    most: int | None = None,
    four_eyes: bool = False,
    below: str = "house",
) -> str:
    """A pack on top of another one."""
    lines = [f"policy: {name}", f"version: {version}", f"extends: {below}"]
    if goals:
        lines.append(f"goals: [{goals}]")
    if four_eyes:
        lines.append("four_eyes: true")
    if most is not None:
        lines.append(f"params:\n  max_discount_bp: {most}")
    return "\n".join([*lines, ""])


def commerce(version: int, *changes: tuple[str, str]) -> str:
    """A version of the shipped pack."""
    return pack_text(("version: 1\n", f"version: {version}\n"), *changes)
