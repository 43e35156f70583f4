"""The queue of questions: those that are for whoever looks come first, each with its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from agent.approving import Approving
from agent.fact_words import money
from console import asking
from console.components import button, empty, status_chip, text
from console.frame import moment
from store.approvals import EVERYBODYS, Whose

#: What the queue may show, and how that is called.
FILTERS = {"all": "All", "mine": "For me", "none": "For nobody"}
_SHOWN = 100


async def read(
    approving: Approving, only: str, *, me: str, limit: int = _SHOWN
) -> tuple[list[dict[str, Any]], bool]:
    """The questions that wait, mine before the others', and whether there are more."""
    if only == "none":
        found = await approving.listing(
            status="pending", after=None, limit=limit, whose=Whose(nobodys=True)
        )
        return found.items, found.next_cursor is not None
    mine = await approving.listing(status="pending", after=None, limit=limit, whose=Whose(me))
    if only == "mine":
        return mine.items, mine.next_cursor is not None
    found = await approving.listing(status="pending", after=None, limit=limit, whose=EVERYBODYS)
    first = {item["id"] for item in mine.items}
    rest = [item for item in found.items if item["id"] not in first]
    return [*mine.items, *rest], found.next_cursor is not None


def filters(only: str, choose: Callable[[str], Any]) -> None:
    """Which questions to show."""
    with ui.element("div").classes("u-row"):
        for each, words in FILTERS.items():
            kind = "primary" if each == only else ""
            made = button(words, partial(choose, each), kind=kind)
            if each == only:
                made.props('aria-pressed="true"')


def draw(
    items: Sequence[Mapping[str, Any]],
    *,
    chosen: str | None,
    names: Mapping[str, str],
    me: str,
    now_us: int,
    choose: Callable[[str], Callable[..., Any]],
) -> None:
    """The questions, one below the other."""
    if not items:
        empty("Nothing waits for a person.")
    for item in items:
        here = "here" if item["id"] == chosen else ""
        with ui.link(target=f"/approvals/{item['id']}").classes(f"u-item u-plain {here}") as to:
            with ui.element("div").classes("u-row").style("justify-content: space-between"):
                text(asking.title_of(item), "u-strong")
                status_chip(item["outcome"])
            who = names.get(item["customer_id"], "—")
            text(f"{who} · {asking.asked_by(item['requested_by'])}", "u-muted")
            minor, currency = item["amount_minor"], item["currency"]
            costs = f" · {money(minor, currency)}" if minor is not None else ""
            whose = asking.whose(item, me)
            left = asking.time_left(item["due_at"], now_us)
            text(f"{left}{costs}{f' · {whose}' if whose else ''}", "u-small")
            text(f"lapses {moment(item['due_at'])}", "u-small")
        if here:
            to.props('aria-current="true"')
        to.on("click.prevent", choose(item["id"]))
