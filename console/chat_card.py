"""A card of the chat: what would be done, for whom, at what cost, past which rules; and the button.

Nothing was done when a card is shown. Who has the role confirms it, once, within ten minutes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from agent.errors import UsherError
from agent.fact_words import counted, money
from console.components import button, card, chip, text
from console.frame import Visit, moment

Done = Callable[[dict[str, Any]], Awaitable[None]]


def show(visit: Visit, asked: dict[str, Any], *, done: Done) -> None:
    """Draw a card. `done` hears what came of it."""
    with card(classes="u-ask"):
        with ui.element("div").classes("u-row"):
            text(asked["title"], "u-strong")
            chip(f"needs {_an(asked['needs_role'])}", "approval")
        if asked["says"]:
            text(asked["says"])
        text(" ".join(cost_of(asked)), "u-muted")
        for rule in asked["rules"]:
            _rule(rule)
        foot = ui.element("div").classes("u-row")
        with foot:
            _foot(visit, asked, foot, done)


def cost_of(asked: dict[str, Any]) -> list[str]:
    """What it takes, in lines."""
    cost = asked["cost"]
    lines = [f"Concerns {_people(asked['who']['count'])}."]
    currency = cost.get("currency")
    if "contacts_at_most" in cost:
        lines.append(f"{counted(cost['contacts_at_most'], 'contact')} at most.")
    if cost.get("carts_worth_minor"):
        lines.append(f"Carts worth {money(cost['carts_worth_minor'], currency)}.")
    for budget, left in cost.get("discount_budgets_left_minor", {}).items():
        lines.append(f"{money(left, currency)} left in the budget {budget.replace('_', ' ')}.")
    return lines


def outcome_of(asked: dict[str, Any], outcome: dict[str, Any]) -> str:
    """What came of a card, in a sentence."""
    if asked["kind"] == "start":
        left = len(outcome["left_out"])
        out = f"; {_people(left)} left out" if left else ""
        return f"Started for {_people(outcome['started'])}{out}. Each decision passes the gate."
    if asked["kind"] == "lift":
        return f"The brake on {outcome['what']} is lifted; what it held is decided again."
    return f"The brake is pulled: {outcome['what']}."


def _foot(visit: Visit, asked: dict[str, Any], foot: ui.element, done: Done) -> None:
    may = visit.who.may(asked["needs_role"])
    said = False

    async def confirm() -> None:
        nonlocal said
        if said or not await visit.still_may(asked["needs_role"]):
            return
        said = True
        try:
            told = await visit.runs.chat.confirm(asked["id"], by=visit.who)
            words, meaning = outcome_of(asked, told["outcome"]), "allow"
        except UsherError as error:
            words, meaning = str(error), "deny"
        foot.clear()
        with foot:
            chip("done" if meaning == "allow" else "not done", meaning)
            text(words)
        if meaning == "allow":
            await done(told["outcome"])

    button("Confirm", confirm, kind="primary", enabled=may)
    until = f"Good until {moment(asked['expires_at'])}."
    text(until if may else f"{until} Somebody with the role confirms it.", "u-small")


def _rule(rule: dict[str, Any]) -> None:
    with ui.element("div").classes("u-row"):
        chip(rule["rule"], "review")
        people = f" ({_people(rule['people'])})" if "people" in rule else ""
        text(f"“{rule['because']}”{people}", "u-small")


def _people(n: int) -> str:
    return "one person" if n == 1 else f"{n or 'no'} people"


def _an(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
