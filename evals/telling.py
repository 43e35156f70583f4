"""Telling decisions on a terminal: who, which goal, what was done, what was refused, and why."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

_COLOURS = {
    "completed": "green",
    "scheduled": "blue",
    "awaiting_approval": "magenta",
    "withheld": "bright_black",
    "no_action": "yellow",
    "failed": "red",
}
_WORDS = {
    "completed": "done",
    "scheduled": "deferred",
    "awaiting_approval": "asks a person",
    "withheld": "withheld",
    "no_action": "left alone",
    "failed": "failed",
}
_HELD_BACK = {
    "deny": ("refused", "red"),
    "needs_reason": ("wants a reason", "yellow"),
    "review": ("asks an operator", "magenta"),
    "approval": ("asks for a signature", "magenta"),
}


class Teller:
    """Prints decisions as they are made and counts them for the summary."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self.statuses: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.because: dict[str, str] = {}
        self.stories: list[tuple[str, str, str]] = []

    def heading(self, text: str) -> None:
        """A line that says what comes next."""
        self._out.print()
        self._out.print(Text(text, style="bold"))

    def decision(self, who: str, decision: dict[str, Any], explained: dict[str, Any]) -> None:
        """One decision: a line of what, then why, then what was refused by which rule."""
        status = decision["status"]
        self.statuses[status] += 1
        line = Text()
        line.append(f"{_clock(decision['opened_at'])}  ", style="bright_black")
        line.append(f"{_WORDS.get(status, status):<14}", style=_COLOURS.get(status, "white"))
        line.append(f"{who} · {decision['goal'].replace('_', ' ')} · ", style="bold")
        line.append(explained["summary"])
        self._out.print(line, soft_wrap=True)
        for rule, because, tool, outcome in _refused(decision):
            if outcome == "deny":
                self.refusals[rule] += 1
                self.because[rule] = because
            word, style = _HELD_BACK[outcome]
            said = Text(f"{'':24}{word}: {tool.replace('_', ' ')}: {because} ", style=style)
            said.append(f"[{rule}]", style="bright_black")
            self._out.print(said, soft_wrap=True)

    def story(self, name: str, title: str, decision_id: str, explained: dict[str, Any]) -> None:
        """The story's own line, and the whole why below it."""
        self.stories.append((name, title, decision_id))
        for reason in [*explained["why"], *explained["why_not"], *explained["flip"][:1]]:
            self._out.print(Text(f"{'':24}{reason}", style="bright_black"), soft_wrap=True)
        self._out.print(
            f"story: {name} {decision_id}", markup=False, highlight=False, soft_wrap=True
        )

    def note(self, text: str) -> None:
        """Something that happened around a story."""
        self._out.print(Text(f"{'':24}{text}", style="cyan"), soft_wrap=True)

    def summary(self, *, seconds: float, messages: int, folder: str, model: bool) -> None:
        """The one screen that ends it."""
        self.heading("Summary")
        total = sum(self.statuses.values())
        said = ", ".join(f"{n} {_WORDS.get(s, s)}" for s, n in self.statuses.most_common())
        self._out.print(f"{total} decisions from {messages:,} events in {seconds:.0f} s: {said}",
                        highlight=False, soft_wrap=True)  # fmt: skip
        if self.refusals:
            self._out.print("What the gate refused most:", highlight=False, soft_wrap=True)
            for rule, n in self.refusals.most_common(5):
                self._out.print(f"  {n:>4} × {self.because[rule]} [{rule}]", markup=False,
                                highlight=False, soft_wrap=True)  # fmt: skip
        self._out.print("The stories:", highlight=False, soft_wrap=True)
        for name, title, decision_id in self.stories:
            self._out.print(f"  {title:<42} {name} {decision_id}", highlight=False, soft_wrap=True)
        self._line("People and carts are generated; purchases are real (CDNOW, 1997 to 1998).")
        self._line(
            "Facts without names or addresses went to the model; no message left this machine."
            if model
            else "Messages lie in the outbox; nothing left this machine."
        )
        self._line(f"Look closer: usher explain DECISION --data {folder}")

    def _line(self, text: str) -> None:
        self._out.print(text, markup=False, highlight=False, soft_wrap=True)


def _refused(decision: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the gate held back in this decision: (rule, because, tool, outcome), each rule once."""
    found: dict[str, tuple[str, str, str, str]] = {}
    for step in decision["steps"]:
        outcome = step["verdict"]["outcome"]
        if outcome in _HELD_BACK:
            for fired in step["verdict"]["fired"]:
                if fired["outcome"] == outcome:
                    row = (fired["rule"], fired["because"], step["call"]["tool"], outcome)
                    found.setdefault(fired["rule"], row)
    return list(found.values())


def _clock(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%d %b %H:%M} UTC"
