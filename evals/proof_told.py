"""A proof of absence on the terminal: what was searched, by store; what was found, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.proof_words import place_of, searched, what_is_left

_SHOWN = 20


def tell_proof(told: Mapping[str, Any], out: Console) -> None:
    """A table by store, what the proof cannot say, what was found, and the answer in a last line.

    Stores that hold nothing are left out; what was searched for stands nowhere.
    """
    table = Table("store", "searched", "opened", "noise", "found")
    for store, much, each in searched(told):
        counts = (each["sealed_opened"], each["sealed_unreadable"], each["found"])
        table.add_row(*map(Text, (store, much, *(f"{n:,}" for n in counts))))
    out.print(table)
    for sentence in told["limits"]:
        _say(out, sentence)
    for sentence in told["unsearched"]:
        _say(out, f"not searched: {sentence}")
    for place in told["found"][:_SHOWN]:
        _say(out, f"found: {place_of(place)} ({place['encoding']})")
    _say(out, f"{'clean' if told['clean'] else 'not clean'}: {what_is_left(told)}")


def _say(out: Console, text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
