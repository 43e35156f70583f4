"""The card of one question: what, to whom, what it costs, which rule asked, on what evidence, the
words the customer would get, when it lapses and what lapsing means, who asked; and once it is
decided, by whom and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from agent.explain_words import sentence
from console import asking
from console.components import card, chip, status_chip, text
from console.frame import moment


def card_of(
    asked: Mapping[str, Any], story: Mapping[str, Any] | None, *, who: str, me: str, now_us: int
) -> None:
    """The question; `story` is the decision it belongs to, `me` whoever looks."""
    _head(asked, who, now_us)
    if asked["status"] != "pending":
        _decided(asked, story)
    _why(asked)
    with ui.element("div").classes("u-tiles u-even"):
        with card("Costs"):
            figure, notes = asking.cost_of(asked)
            text(figure, "u-figure")
            for note in notes:
                text(note, "u-small")
        with card("Rule that asked"):
            for fired in asking.rules_of(asked):
                text(fired["rule"], "u-code u-strong")
                text(f"“{fired['because']}”")
                for name, value in asking.facts_of(asked, fired):
                    _line(name, value)
        with card("Evidence"):
            _evidence(asked)
    _words(asked, who)
    with ui.element("div").classes("u-row u-small"):
        text(f"Asked by {asking.asked_by(asked['requested_by'])}, {moment(asked['requested_at'])}")
        text(asking.whose(asked, me) or "assigned to nobody yet")
        for given in asked["assigned"]:
            to = f"given to {given['to']}" if given["to"] else "given back to everybody"
            said = f": “{given['reason']}”" if given["reason"] else ""
            text(f"{to} by {given['by']}, {moment(given['at'])}{said}")
        with ui.link(target=f"/decisions/{asked['decision_id']}"):
            ui.label("The whole decision")
        with ui.link(target=f"/customers/{asked['customer_id']}"):
            ui.label("The customer")


def _head(asked: Mapping[str, Any], who: str, now_us: int) -> None:
    with ui.element("div").classes("u-row"):
        text(asking.title_of(asked, who if who != "—" else "somebody without a name"), "u-title2")
        if asked["status"] == "pending":
            needed = asking.NEEDS[asked["outcome"]]
            meaning = "approval" if asked["outcome"] == "approval" else "review"
            chip(f"needs an {needed}", meaning)
        else:
            status_chip(asked["status"])
    if asked["status"] == "pending":
        left = asking.time_left(asked["due_at"], now_us)
        with ui.element("div").classes("u-row u-muted"):
            text(f"Lapses {moment(asked['due_at'])} ({left}), and that means")
            text("not done", "u-strong")


def _decided(asked: Mapping[str, Any], story: Mapping[str, Any] | None) -> None:
    with ui.element("div").classes("u-message u-column"):
        if asked["decided_by"]:
            text(
                f"Already decided by {asked['decided_by']}, {moment(asked['decided_at'])}",
                "u-strong",
            )
        else:
            text(f"Settled {moment(asked['decided_at'])} without an answer", "u-strong")
        if asked["reason"]:
            text(f"“{asked['reason']}”")
        if story is not None:
            with ui.element("div").classes("u-row"):
                status_chip(story["status"])
                text(story.get("told", ""))


def _why(asked: Mapping[str, Any]) -> None:
    if asked["reasoning"]:
        text(f"“{sentence(asked['reasoning'])}”", "u-said")
    shown = [f"{name} {value}" for name, value in asking.what_of(asked)]
    if asked["confidence_bp"] is not None:
        shown.append(f"confidence {asked['confidence_bp'] / 10_000:.2f}")
    if shown:
        text(" · ".join(shown), "u-small")


def _evidence(asked: Mapping[str, Any]) -> None:
    first, rest = asking.evidence_of(asked)
    for name, value in first:
        _line(name, value)
    if rest:
        with ui.element("details"):
            with ui.element("summary").classes("u-small"):
                ui.label(f"{len(rest)} more facts")
            for name, value in rest:
                _line(name, value)


def _line(name: str, value: str) -> None:
    with ui.element("div").classes("u-pair"):
        text(name, "u-small")
        text(value)


def _words(asked: Mapping[str, Any], who: str) -> None:
    message = asked["message"] or {}
    whose = who if who != "—" else "this person"
    with card(f"What {whose} would get, word for word"):
        if message.get("text"):
            if message.get("subject"):
                text(message["subject"], "u-strong")
            text(message["text"], "u-message")
        else:
            text(
                "Nothing is written to them by this step. A message that follows from it is a call "
                "of its own, and the gate decides it by itself.",
                "u-muted",
            )
