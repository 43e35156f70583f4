"""Two small panels: what failed closed, and what came close to a limit, the last seven days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nicegui import ui

from agent.close_calls import CameClose, CloseCalls, ClosedFor
from agent.fact_words import name_of, percent
from console.components import card, day_bars, empty, text
from console.leads import leads_to
from console.mending import what_mends

SMALL = 4
CLOSED = "Closed because something was not known"
NEAR = "Close to a limit"


def panels(calls: CloseCalls, *, most: int | None = SMALL, narrow: bool = False) -> None:
    """Both panels, beside each other; `narrow` puts them and their plots below each other."""
    with ui.element("div").classes("u-cols" if narrow else "u-cols u-halves"):
        with card(CLOSED, "u-narrow" if narrow else ""):
            _closed(calls, most)
        with card(NEAR, "u-narrow" if narrow else ""):
            near(calls, most=most)


def near(calls: CloseCalls, *, most: int | None = None) -> None:
    """The rules that calls came close to; those most came close to first."""
    if not calls.near:
        empty(
            "In the last 7 days nothing that was done came within a tenth of a hard limit. "
            "There is room below every cap, budget and discount limit."
        )
        return
    for rule in calls.near[:most]:
        with _watched(calls.days, (rule.exactly, rule.close), ("review", "held")):
            with ui.link(target=leads_to(7, near=rule.rule)):
                ui.label(rule.because or f"A rule no longer in force: {rule.rule}")
            text(_how_close(rule), "u-small")
    text("Amber: exactly at the limit. Grey: within a tenth of it.", "u-small")
    _rest(len(calls.near), most, "limits")


def _closed(calls: CloseCalls, most: int | None) -> None:
    if not calls.closed:
        empty(
            "In the last 7 days every fact that a rule needed was known, fresh and well formed. "
            "Where one is not, the answer is no, and it is counted here."
        )
        return
    for closed in calls.closed[:most]:
        with _watched(calls.days, (closed.days,), ("deny",)):
            to = leads_to(7, rule=f"missing:{closed.fact}", how="refused")
            with ui.link(target=to):
                ui.label(_sentence(name_of(closed.fact)))
            text(f"{_how_often(closed)}. {what_mends(closed.fact)}.", "u-small")
    _rest(len(calls.closed), most, "facts")


@contextmanager
def _watched(
    days: Sequence[str], counts: Sequence[Sequence[int]], meanings: Sequence[str]
) -> Iterator[None]:
    """A line of words, with its plot to the right."""
    with ui.element("div").classes("u-watched"):
        with ui.element("div"):
            yield
        day_bars(days, counts, meanings)


def _how_often(closed: ClosedFor) -> str:
    return f"{closed.days[-1]:,} today, {sum(closed.days):,} in 7 days"


def _how_close(rule: CameClose) -> str:
    exactly, close = sum(rule.exactly), sum(rule.close)
    parts = [f"{exactly:,} exactly at it"] if exactly else []
    if close:
        parts.append(f"{close:,} within a tenth of it")
    words = f"{' and '.join(parts)} in 7 days, {rule.days[-1]:,} today"
    return words if exactly else f"{words}; the closest used {percent(rule.closest_bp)} of it"


def _rest(n: int, most: int | None, what: str) -> None:
    if most is not None and n > most:
        with ui.link(target="/figures?days=7"):
            ui.label(f"And {n - most:,} more {what} under Figures")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
