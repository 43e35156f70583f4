"""A customer's page in parts: what we know, what was done, what they allow. Text, never markup."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from agent.explain_words import KINDS, goal_words
from agent.fact_words import CHANNELS, money, percent
from console import about
from console.components import card, cell, chip, empty, fact, row, status_chip, table, text
from console.frame import moment

_OFFERS = {
    "issued": ("defer", "not used yet"),
    "redeemed": ("allow", "redeemed"),
    "expired": ("held", "expired"),
    "void": ("held", "taken back"),
}
_JOURNEYS = {"open": "defer", "reached": "allow"}


def traits(person: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    """What was stated about them, when, and by which message."""
    with card("What was said about them"):
        for trait in seen["traits"]:
            value = trait["value"]
            said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            bad = person["malformed"].get(trait["name"])
            fact(trait["name"], said, f"{trait['source']}, {moment(trait['at'])}")
            if bad:
                chip(f"cannot be read: {bad}", "review")
        fact("Lifetime value", *outlook(seen))
        for each in seen["engaged"]:
            fact(f"Answers by {CHANNELS.get(each['channel'], each['channel'])}", habit(each))
        if not seen["traits"]:
            empty("Nothing was said. An identify message with traits fills this.")
        if person["traits_dropped"]:
            text(f"{person['traits_dropped']:,} traits were too many or too long.", "u-small")


def outlook(seen: Mapping[str, Any]) -> tuple[str, str]:
    """What they are expected to spend, in words, and what that rests on; or why nobody can say."""
    expected = seen["lifetime"]
    if expected is None:
        return "Cannot be said", seen["lifetime_why_not"]
    months = round(expected["horizon_days"] / 365 * 12)
    worth = money(expected["value_minor"], expected["currency"])
    said = f"Expected to spend {worth} in the next {months} months"
    alive = expected["probability_alive_bp"]
    if alive is None:
        said += "; ordered once, so nobody can say whether they come back"
    else:
        said += f"; {_likely(alive)} likely still a customer"
    return said, f"estimated {moment(expected['fitted_at'])}"


def _likely(bp: int) -> str:
    """Whole percent, and never the certainty that no estimate has."""
    if bp < 100:
        return "less than 1 %"
    return "more than 99 %" if bp > 9_900 else percent(round(bp, -2))


def habit(engaged: Mapping[str, Any]) -> str:
    """How often they answer on a channel, and at which hour of their day most."""
    times, hour = engaged["times"], engaged["best_hour"]
    often = "once" if times == 1 else f"{times:,} times"
    if hour is None:
        return f"{often}; at no hour more than at others so far"
    return f"{often}, most between {hour}:00 and {hour + 1}:00 of their day"


def effects(seen: Mapping[str, Any]) -> None:
    """Everything that was done or not, and why not; what waits, and until when."""
    with card("Contacts and effects"):
        if not seen["effects"]:
            empty("Nothing was done for this person yet.")
        for each in seen["effects"]:
            with (
                ui.element("div").classes("u-fact"),
                ui.element("div").classes("u-row"),
            ):
                channel = each["channel"]
                done = each["status"] == "sent" and not channel
                status_chip("completed" if done else each["status"])
                what = about.EFFECTS.get(each["kind"], each["kind"])
                by = f" by {CHANNELS.get(channel, channel)}" if channel else ""
                with ui.link(target=f"/decisions/{each['decision_id']}").classes("u-plain"):
                    ui.label(f"{what}{by}")
                if each["amount_minor"] is not None:
                    text(money(each["amount_minor"], each["currency"]), "u-small")
                if each["mode"] != "live":
                    chip(each["mode"], "review")
                if each["reason"]:
                    text(each["reason"], "u-small")
                text(_when(each), "u-small")


def _when(effect: Mapping[str, Any]) -> str:
    if effect["status"] == "scheduled":
        due = effect["not_before"]
        waits = f"waits until {moment(due)}" if due else "waits for its turn"
        return f"{waits}; of use until {moment(effect['expires_at'])}"
    return moment(effect["settled_at"] or effect["at"])


def offers(person: Mapping[str, Any]) -> None:
    """Codes: what they are worth, and what became of them."""
    if not person["offers"]:
        return
    with card("Offers"):
        for each in person["offers"]:
            with ui.element("div").classes("u-fact"), ui.element("div").classes("u-row"):
                meaning, words = _OFFERS.get(each["status"], ("held", each["status"]))
                chip(words, meaning)
                text(f"{percent(each['discount_bp'])} off")
                text(each["code"], "u-code")
                text(f"worth {money(each['cost_minor'], each['currency'])}", "u-small")
                redeemed = each["redeemed_at"]
                text(
                    f"redeemed {moment(redeemed)}"
                    if redeemed
                    else f"good until {moment(each['expires_at'])}",
                    "u-small",
                )


def journeys(person: Mapping[str, Any]) -> None:
    """Attempts at a goal, open ones first."""
    with card("Journeys"):
        if not person["journeys"]:
            empty("No journey yet: one opens when an event comes in that an agent waits for.")
        for each in sorted(person["journeys"], key=lambda j: j["status"] != "open"):
            with ui.element("div").classes("u-fact"), ui.element("div").classes("u-row"):
                chip(each["status"], _JOURNEYS.get(each["status"], "held"))
                text(goal_words(each["goal"]))
                text(f"{each['agent']}, arm {each['arm']}", "u-small")
                if each["reason"]:
                    text(each["reason"], "u-small")
                ends = f", at the latest until {moment(each['expires_at'])}"
                still = ends if each["status"] == "open" else ""
                text(f"since {moment(each['opened_at'])}{still}", "u-small")


def memories(person: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    """What is remembered; what of it an agent is not told."""
    with card(f"Memory ({person['memories']:,})"):
        if not seen["memories"]:
            empty("Nothing yet: what they tell us, what we send and what comes of it is kept here.")
        for each in seen["memories"]:
            with ui.element("div").classes("u-fact"):
                text(f"“{each['text']}”")
                with ui.element("div").classes("u-row"):
                    kind = KINDS.get(each["kind"], each["kind"].replace("_", " "))
                    text(f"{kind}, {moment(each['at'])}", "u-small")
                    if each["withheld"]:
                        chip(f"withheld: {each['withheld']}", "held")


def timeline(items: Sequence[Mapping[str, Any]]) -> None:
    """What happened, newest first."""
    if not items:
        empty("Nothing has happened yet.")
    for item in items:
        with ui.element("div").classes("u-fact u-moment"):
            text(moment(item["at"]), "u-small")
            said = about.happened(item)
            decision = item["id"] if item["kind"] == "decision" else item.get("decision_id")
            if decision:
                with ui.link(target=f"/decisions/{decision}").classes("u-plain"):
                    ui.label(said)
            else:
                text(said)
            if item["kind"] == "event":
                if item["state"] in ("withheld", "dead"):
                    chip(item["state"], "held")
            elif "status" in item:
                done = item["kind"] == "effect" and item["status"] == "sent" and not item["channel"]
                status_chip("completed" if done else item["status"])


def forgotten(receipt: Mapping[str, Any] | None) -> None:
    """That somebody was erased, plainly; and the receipt, where we have it."""
    with card(classes="u-sentence"):
        text("This person was erased.", "u-strong")
        text(
            "Their key is destroyed: whatever of theirs is left anywhere, backups too, can be read "
            "by nobody. They may come back by a new consent of their own."
        )
    if receipt is None:
        return
    with card("Receipt"):
        fact("Receipt", receipt["id"], moment(receipt["at"]))
        if "stores" in receipt:
            _stores(receipt["stores"])
            return
        fact("Keys destroyed", f"{receipt['keys_destroyed']:,}")
        for line in receipt["unreadable_at_once"]:
            fact("Unreadable at once", line)
        deleted = receipt["rows_deleted"]
        gone = ", ".join(f"{table} {n:,}" for table, n in sorted(deleted.items()) if n)
        fact("Rows deleted", gone or "none")
        fact("Memory vectors deleted", f"{receipt['memory_vectors']:,}")
        fact("Behind it", receipt["compaction"])


_DESTROYED = {"at once": "allow", "deleted": "allow", "being compacted": "defer"}


def _stores(stores: Sequence[Mapping[str, Any]]) -> None:
    """Every store that held something: how much, and what became of it."""
    with table("Store", "Items", "Destroyed", "How"):
        for each in stores:
            if not each["items"] and each["destroyed"] == "deleted":
                continue
            with row():
                for words in (each["store"].replace("_", " "), f"{each['items']:,}"):
                    with cell():
                        ui.label(words)
                with cell():
                    chip(each["destroyed"], _DESTROYED[each["destroyed"]])
                with cell():
                    ui.label(each["what"])
    empty_ones = [
        each["store"].replace("_", " ")
        for each in stores
        if not each["items"] and each["destroyed"] == "deleted"
    ]
    if empty_ones:
        text(f"Looked at, and held nothing of theirs: {', '.join(empty_ones)}.", "u-small")
