"""What did we send, what did we not send and why, what will we send next and when: in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from agent.explain_words import article, goal_words
from agent.fact_words import CHANNELS
from console import about
from console.components import card, chip, empty, text
from console.frame import moment

_NOWHERE = "Nobody outside was reached: it lies in the outbox."


def answers(seen: Mapping[str, Any]) -> None:
    """The card with the three answers."""
    with card("What did we send, what not, what comes next"):
        _group("Next", seen["next"], coming, "Nothing is planned for this person.")
        _group("Sent", seen["sent"], was_sent, "Nothing was sent to this person yet.")
        _group("Not sent, and why", seen["not_sent"], was_not_sent, "Nothing was held back.")


def _group(title: str, items: list[dict[str, Any]], line: Any, nothing: str) -> None:
    text(title, "u-small")
    if not items:
        empty(nothing)
    for item in items:
        with ui.element("div").classes("u-fact"), ui.element("div").classes("u-row"):
            with ui.link(target=f"/decisions/{item['decision_id']}").classes("u-plain"):
                ui.label(line(item))
            if item["mode"] not in (None, "live"):
                chip(item["mode"], "review")


def what(item: Mapping[str, Any]) -> str:
    """The thing itself: `an e-mail (cart reminder)`, and what it is for."""
    channel = CHANNELS.get(item["channel"] or "", "")
    thing = article(channel) if channel else about.EFFECTS.get(item["kind"], "something").lower()
    named = f" ({item['message'].replace('_', ' ')})" if item["message"] else ""
    return f"{thing}{named} for “{goal_words(item['goal'])}”"


def was_sent(item: Mapping[str, Any]) -> str:
    """One thing that was handed over, or may have been."""
    said = f"{moment(item['at'])}: {what(item)}"
    if not item["known"]:
        return f"{said}. Nobody knows whether it arrived; a person must look."
    return f"{said}." if item["reached_people"] else f"{said}. {_NOWHERE}"


def was_not_sent(item: Mapping[str, Any]) -> str:
    """One thing that did not happen, why, and when it is looked at again."""
    thing = what(item) if item["kind"] else f"no message for “{goal_words(item['goal'])}”"
    again = item["look_again_at"]
    later = f" It is looked at again {moment(again)}." if again else ""
    return f"{moment(item['at'])}: {thing}, because {_because(item['reason'])}.{later}"


def coming(item: Mapping[str, Any]) -> str:
    """One thing that is to come, when, and what it waits for."""
    goal = goal_words(item["goal"])
    if item["waits_for"] == "an answer":
        return (
            f"A question about how to {goal} waits for an answer; it lapses {moment(item['at'])}."
        )
    if item["waits_for"] == "another look":
        return f"{moment(item['at'])}: we look again whether to write for “{goal}”."
    if item["held"]:
        return f"{what(item)[:1].upper()}{what(item)[1:]} is held: {item['held']}."
    until = f"; of use until {moment(item['until'])}" if item["until"] else ""
    return f"{moment(item['at'])}: {what(item)}{until}. It is decided again just before."


def _because(reason: str) -> str:
    """A reason as the rest of a sentence."""
    first = reason[:1].lower() if reason[1:2].islower() else reason[:1]
    return f"{first}{reason[1:]}".rstrip(".")
