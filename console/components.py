"""The five small components that every page is composed of: chip, card, sentence, step, key hint.

Whatever they show is text; nothing a customer or a model wrote is ever markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from nicegui import ui
from nicegui.element import Element

_STATUS = {
    "allow": ("allow", "allowed"),
    "sent": ("allow", "sent"),
    "completed": ("allow", "done"),
    "deny": ("deny", "denied"),
    "failed": ("deny", "failed"),
    "unknown": ("deny", "not confirmed"),
    "review": ("review", "needs a look"),
    "needs_reason": ("review", "needs a reason"),
    "approval": ("approval", "needs approval"),
    "awaiting_approval": ("approval", "waits for a person"),
    "pending": ("approval", "waiting"),
    "approved": ("allow", "approved"),
    "edited": ("defer", "edited"),
    "rejected": ("deny", "rejected"),
    "responded": ("defer", "answered"),
    "lapsed": ("held", "lapsed: not done"),
    "superseded": ("held", "no longer asked"),
    "scheduled": ("defer", "scheduled"),
    "claimed": ("defer", "being handed over"),
    "running": ("defer", "deciding"),
    "withheld": ("held", "withheld"),
    "no_action": ("held", "left alone"),
    "cancelled": ("held", "cancelled"),
    "preempted": ("held", "gave way"),
    "expired": ("held", "expired"),
}

_COPY = """(e) => {
  const code = e.currentTarget.parentElement.querySelector("pre");
  const range = document.createRange();
  range.selectNodeContents(code);
  const chosen = window.getSelection();
  chosen.removeAllRanges();
  chosen.addRange(range);
  if (navigator.clipboard) navigator.clipboard.writeText(code.innerText).catch(() => {});
}"""
#: The heads of the table that is being made, and those of its row that have no cell yet.
_HEADS: ContextVar[tuple[str, ...]] = ContextVar("heads", default=())
_HEADS_LEFT: ContextVar[Iterator[str]] = ContextVar("heads_left")


def text(words: str, classes: str = "") -> Element:
    """A piece of text."""
    with ui.element("div").classes(classes) as made:
        ui.label(words)
    return made


def chip(words: str, meaning: str) -> Element:
    """A chip; `meaning` is one of the theme's six."""
    with ui.element("span").classes(f"u-chip {meaning}") as made:
        ui.label(words)
    return made


def status_chip(status: str, extra: str = "") -> Element:
    """The chip of a status, in words; what is not known is shown as it is, in grey."""
    meaning, words = _STATUS.get(status, ("held", status.replace("_", " ")))
    return chip(f"{words} · {extra}" if extra else words, meaning)


@contextmanager
def card(title: str = "", classes: str = "") -> Iterator[Element]:
    """A white card, with a quiet title where there is one."""
    with ui.element("section").classes(f"u-card {classes}") as made:
        if title:
            with ui.element("h2"):
                ui.label(title)
        yield made


def sentence(summary: str, flip: str = "") -> None:
    """The one sentence that comes first, and under it what would have changed it."""
    with card(classes="u-sentence"):
        text(summary)
        if flip:
            text(flip, "u-flip")


@contextmanager
def step(n: int | str, title: str, detail: str = "", *, status: str = "") -> Iterator[None]:
    """One step of a timeline, with its status as a chip; lines go inside."""
    with ui.element("div").classes("u-step"):
        text(str(n), "u-n")
        with ui.element("div"):
            with ui.element("div").classes("u-row"):
                text(title, "u-strong")
                if detail:
                    text(detail, "u-code")
                if status:
                    status_chip(status)
            yield


def key_hint(key: str) -> None:
    """The key that does the same."""
    text(key, "u-key")


def button(
    words: str, act: Callable[[], Any], *, kind: str = "", key: str = "", enabled: bool = True
) -> Element:
    """A button; `kind` is primary, danger or nothing."""
    with ui.element("button").classes(f"u-button {kind}").props("type=button") as made:
        ui.label(words)
        if key:
            key_hint(key)
    if enabled:
        made.on("click", act)
    else:
        made.props("disabled")
    return made


def command(words: str) -> None:
    """A command to copy; where the browser gives no clipboard it is selected instead."""
    with ui.element("div").classes("u-command"):
        with ui.element("pre").classes("u-code"):
            ui.label(words)
        with ui.element("button").classes("u-button").props("type=button") as copy:
            ui.label("Copy")
        copy.on("click", js_handler=_COPY)


def bar(share: float, meaning: str = "held") -> None:
    """A bar of a whole; `share` from 0 to 1. What is there at all is seen."""
    width = 0 if share <= 0 else max(2, min(100, round(100 * share)))
    with ui.element("div").classes("u-bar"):
        ui.element("div").style(f"width:{width}%; background: var(--{meaning})")


def day_bars(days: Sequence[str], counts: Sequence[Sequence[int]], meanings: Sequence[str]) -> None:
    """A column a day, each count of `counts` stacked in its meaning's colour, the first undermost.

    `days` are named as `2026-03-03`; what each column says is told to screen readers and on hover.
    """
    whole = [sum(of_day) for of_day in zip(*counts, strict=True)]
    most = max([*whole, 1])
    told = ", ".join(f"{day}: {n:,}" for day, n in zip(days, whole, strict=True))
    with ui.element("div").classes("u-days").props(f'role="img" aria-label="{told}"'):
        for day, n, of_day in zip(days, whole, zip(*counts, strict=True), strict=True):
            with ui.element("div").classes("u-day").props(f'title="{day}: {n:,}"'):
                with ui.element("div").classes("u-stack"):
                    for part, meaning in reversed(list(zip(of_day, meanings, strict=True))):
                        if part:
                            ui.element("div").style(
                                f"height:{100 * part / most:.1f}%; background: var(--{meaning})"
                            )
                ui.label(f"{date.fromisoformat(day):%a}"[:2])


def fact(name: str, value: str, note: str = "") -> None:
    """One fact: its name small, its value below, and where it is from."""
    with ui.element("div").classes("u-fact"):
        text(name, "u-small")
        with ui.element("div").classes("u-row"):
            text(value)
            if note:
                text(note, "u-small")


def figure(value: str, words: str, to: str = "") -> None:
    """A figure that leads to what it counts."""
    with card():
        if to:
            with ui.link(target=to).classes("u-figure"):
                ui.label(value)
        else:
            text(value, "u-figure")
        text(words, "u-small")


def empty(words: str) -> None:
    """An empty state: says what to do next."""
    text(words, "u-empty")


@contextmanager
def table(*heads: str) -> Iterator[None]:
    """A table; rows are made with `row`. On a narrow screen each cell says its own head."""
    with ui.element("table").classes("u-table"):
        with ui.element("thead"), ui.element("tr"):
            for head in heads:
                with ui.element("th"):
                    ui.label(head)
        before = _HEADS.set(heads)
        try:
            with ui.element("tbody"):
                yield
        finally:
            _HEADS.reset(before)


@contextmanager
def cell() -> Iterator[None]:
    """One cell of a row."""
    head = next(_HEADS_LEFT.get(iter(())), "")
    with ui.element("td").props(f'data-head="{head}"'):
        yield


@contextmanager
def row() -> Iterator[None]:
    """One row of a table."""
    before = _HEADS_LEFT.set(iter(_HEADS.get()))
    try:
        with ui.element("tr"):
            yield
    finally:
        _HEADS_LEFT.reset(before)
