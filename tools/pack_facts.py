"""Facts that a pack's own sections ask for, in every kind of call: exceptions left, the radius."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.approvals import BLAST_FACT, MAX_EFFECTS
from policies.overrides import MAX_OVERRIDES, left_fact
from tools.picture import Picture
from tools.tool import ActionKind, FactValue


def pack_facts(picture: Picture, kind: ActionKind, args: Mapping[str, Any]) -> dict[str, FactValue]:
    """What is left of each override budget, and how much like this call has happened lately."""
    facts: dict[str, FactValue] = {
        left_fact(rule): max(-MAX_OVERRIDES, left) for rule, left in picture.exceptions.items()
    }
    if picture.lately is not None:
        alike = picture.lately.get((kind.value, message_of(kind, args)), 0)
        facts[BLAST_FACT] = min(MAX_EFFECTS, alike)
    return facts


def message_of(kind: ActionKind, args: Mapping[str, Any]) -> str:
    """Which message a contact sends; empty for anything else."""
    message = args.get("message")
    return message if kind is ActionKind.CONTACT and isinstance(message, str) else ""
