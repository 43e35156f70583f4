"""One decision: the why first, then what it knew, what it did, which rule spoke, and the message.

J and K go to the next and the previous decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from nicegui import ui
from nicegui.events import KeyEventArguments

from agent.errors import UsherError
from agent.fact_words import money, name_of, percent, value_of
from console.components import card, chip, empty, fact, sentence, status_chip, step, text
from console.frame import House, Visit, at, moment, page
from console.pages.undo_card import undo_cards

_KIND = {
    "hard": ("deny", "hard"),
    "soft": ("review", "soft"),
    "ask": ("approval", "asks a person"),
    "table": ("deny", "table"),
    "cap": ("deny", "cap"),
    "quiet": ("defer", "quiet hours"),
    "budget": ("deny", "budget"),
    "blast": ("approval", "many at once"),
    "autonomy": ("approval", "autonomy"),
    "missing": ("deny", "missing fact"),
    "obligation": ("held", "obligation"),
    "stop": ("deny", "stopped by people"),
}


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/decisions/{decision_id}")
    async def one(request: Request, decision_id: str) -> None:
        found = await _found(house, decision_id)
        title = "Decision" if isinstance(found, UsherError) else found.title
        async with page(
            house, request, title, here="/decisions", hint="J next · K previous"
        ) as visit:
            if isinstance(found, UsherError):
                with card():
                    empty(f"{found}. Go back to Live decisions.")
                return
            decision, told = found.decision, found.told
            await _keys(visit, decision)
            sentence(told["summary"], told["flip"][0] if told["flip"] else "")
            with ui.element("div").classes("u-cols u-three"):
                with card("What it knew"):
                    _knew(decision, told)
                with card("What it did"):
                    await _did(visit, decision)
                with ui.element("div").classes("u-cols"):
                    _rules(decision)
                    await _message(visit, decision)
                    await undo_cards(visit, decision)
            with card("Why, and why not"):
                for line in [*told["why"], *told["why_not"], *told["flip"][1:]]:
                    text(line)


@dataclass(frozen=True, slots=True)
class _Found:
    """A decision and its explanation."""

    decision: dict[str, Any]
    told: dict[str, Any]
    title: str


async def _found(house: House, decision_id: str) -> _Found | UsherError:
    try:
        decision = await house.runs.decisions.get(decision_id)
        told = await house.runs.decisions.explain(decision_id)
    except UsherError as error:
        return error
    names = await house.runs.figures.names([decision["customer_id"]])
    who = names[decision["customer_id"]]
    return _Found(decision, told, f"Decision · {who} · {decision['goal'].replace('_', ' ')}")


async def _keys(visit: Visit, decision: dict[str, Any]) -> None:
    newer, older = await visit.runs.figures.neighbours(decision["id"])

    def pressed(event: KeyEventArguments) -> None:
        if event.action.keydown and not event.action.repeat:
            if event.key == "k" and newer:
                ui.navigate.to(f"/decisions/{newer}")
            elif event.key == "j" and older:
                ui.navigate.to(f"/decisions/{older}")

    ui.keyboard(on_key=pressed)


def _knew(decision: dict[str, Any], told: dict[str, Any]) -> None:
    facts = decision["facts"]
    if not facts:
        empty("Nothing was read about this person.")
        return
    currency = facts.get("cart_currency")
    for line in facts.get("cart_lines", []):
        price = line.get("price_minor")
        shown = money(price, currency) if price is not None else "price unknown"
        fact("Cart", f"{line['quantity']} × {line['name']}, {shown}")
    if facts.get("margin_bp") is not None:
        fact("Lowest margin", percent(facts["margin_bp"]))
    fact("Bought before", f"{facts.get('orders', 0)} orders, {facts.get('segment', 'unknown')}")
    fact("Discounts taken", f"{facts.get('discounts_taken', 0)} of {facts.get('orders', 0)} orders")
    consents = facts.get("consents", {})
    fact("Consent", " · ".join(f"{channel} {state}" for channel, state in consents.items()))
    fact("Contacts, 7 days", str(facts.get("contacts_7_days", 0)))
    fact("Their zone", decision["zone"] or "not known: every zone we serve counts")
    fact("Open complaint", "yes" if facts.get("open_complaint") else "no")
    for memory in decision["memories"]:
        fact("Memory", f"“{memory['text']}”", memory["kind"])
    for memory in decision["withheld_memories"]:
        fact("Memory withheld", memory["kind"], memory["why"])


async def _did(visit: Visit, decision: dict[str, Any]) -> None:
    if not decision["steps"]:
        empty("No call was proposed.")
    for n, made in enumerate(decision["steps"], 1):
        call = made["call"]
        shown = ", ".join(f"{k} {v}" for k, v in _worth_showing(call["args"]).items())
        outcome = made["verdict"]["outcome"]
        with step(n, call["tool"].replace("_", " "), shown[:160], status=outcome):
            if made["overrides"]:
                chip("exception with a reason", "review")
            if made["reasoning"]:
                confidence = made["confidence"]
                sure = f" · confidence {confidence:.2f}" if confidence is not None else ""
                text(f"“{made['reasoning']}”{sure}", "u-muted")
            for said in _spoke(made):
                text(said["because"], "u-small")
    for effect in decision["effects"]:
        with ui.element("div").classes("u-row"):
            status_chip(effect["status"], effect["channel"] or effect["kind"])
            if effect["not_before"]:
                text(f"not before {moment(effect['not_before'])}", "u-small")
            if effect["reason"]:
                text(effect["reason"], "u-small")
    usage, policy = decision["usage"], decision["policy"]
    text(
        f"Planner {decision['planner']['kind']} · {usage['llm_calls']} model calls · "
        f"{usage['prompt_tokens'] + usage['completion_tokens']:,} tokens · agent "
        f"{decision['agent']} v{decision['agent_version']} · pack {policy['pack'] or '–'} "
        f"v{policy['version'] or '–'} · opened {moment(decision['opened_at'])}",
        "u-small",
    )
    text(f"hash {decision['hash']}", "u-code u-muted")


def _rules(decision: dict[str, Any]) -> None:
    currency = decision["facts"].get("cart_currency")
    with card("Rules that spoke"):
        shown: set[str] = set()
        for made in decision["steps"]:
            for fired in made["verdict"]["fired"]:
                if (
                    fired["rule"] in shown
                    or fired["kind"] == "autonomy"
                    and (fired["outcome"] == "allow")
                ):
                    continue
                shown.add(fired["rule"])
                meaning, word = _KIND.get(fired["kind"], ("held", fired["kind"]))
                with ui.element("div"):
                    with ui.element("div").classes("u-row"):
                        chip(word, "held" if fired["outcome"] == "allow" else meaning)
                        text(fired["rule"], "u-strong")
                    text(f"“{fired['because']}”")
                    for name, value in fired["facts"].items():
                        text(f"{name_of(name)}: {value_of(name, value, currency)}", "u-small")
        if not shown:
            empty("No rule had anything to say against it.")


async def _message(visit: Visit, decision: dict[str, Any]) -> None:
    contact = next((e for e in decision["effects"] if e["channel"]), None)
    if contact is None:
        return
    effect = await visit.runs.effects.get(contact["id"])
    message = effect["message"]
    if message is None:
        return
    with card("As it arrives"):
        if message["subject"]:
            text(message["subject"], "u-strong")
        text(message["text"], "u-message")
        text(f"{message['locale']} · sha-256 {effect['sha256']}", "u-code u-muted")


def _worth_showing(args: dict[str, Any]) -> dict[str, Any]:
    shown = {}
    for name, value in args.items():
        if value in (None, "", {}, []) or name == "slots":
            continue
        if name.endswith("_bp") and isinstance(value, int):
            shown[name.removesuffix("_bp").replace("_", " ")] = percent(value)
        else:
            shown[name.replace("_", " ")] = value
    return shown


def _spoke(made: dict[str, Any]) -> list[dict[str, Any]]:
    outcome = made["verdict"]["outcome"]
    if outcome == "allow":
        return []
    return [f for f in made["verdict"]["fired"] if f["outcome"] == outcome]
