"""Figures of today or seven days: they add up, and each leads to the people behind it."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from agent.fact_words import money, name_of
from agent.figures import ENDS
from agent.period import Period
from agent.refusals import Refusals
from console.components import bar, card, cell, chip, empty, row, sentence, table, text
from console.frame import House, at, moment, page
from console.leads import leads_to
from console.mending import what_mends
from console.pages.close_calls import NEAR, near

SPANS = {1: "Today", 7: "7 days"}
_MEANINGS = {
    "completed": "allow", "scheduled": "defer", "running": "defer", "failed": "deny",
    "awaiting_approval": "approval",
}  # fmt: skip
_CHANNELS = {"email": "e-mail", "sms": "text message"}


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/figures")
    async def figures(request: Request, days: int = 1) -> None:
        days = days if days in SPANS else 1
        async with page(house, request, "Figures", here="/figures") as visit:
            counted = await visit.runs.counts.period(days)
            refused = await visit.runs.counts.refusals(days)
            calls = await visit.runs.counts.close_calls()
            _spans(days)
            sentence(_summary(counted, days), _waiting(counted))
            with ui.element("div").classes("u-cols u-halves"):
                with card("Where decisions ended"):
                    _ends(counted, days)
                with ui.element("div").classes("u-cols"):
                    with card("Contacts that went out"):
                        _sent(counted, days)
                    with card("Budgets, this month in UTC"):
                        _budgets(counted)
                    if counted.exceptions:
                        with card("Exceptions to soft rules, in UTC"):
                            _exceptions(counted)
            with card("Rules that stood in the way"):
                _refused(refused, days)
            with card(f"{NEAR}, 7 days"):
                near(calls)
            with card("Closed for a missing fact"):
                _closed(counted)


def _spans(days: int) -> None:
    with ui.element("div").classes("u-row"):
        for span, words in SPANS.items():
            link = ui.link(target=f"/figures?days={span}").classes("u-button")
            if span == days:
                link.classes("primary").props('aria-current="true"')
            with link:
                ui.label(words)
        text("Days are UTC days.", "u-small")


def _summary(counted: Period, days: int) -> str:
    when = "today" if days == 1 else f"in {days} days"
    if not counted.woken:
        return f"Nobody was woken {when}."
    sent = sum(s.n for s in counted.sent)
    held = sum(counted.ends.get(status, 0) for status in ("no_action", "withheld"))
    return (
        f"{_many(counted.woken, 'decision')} {when}: {_many(sent, 'contact')} went out, "
        f"{held:,} {'was' if held == 1 else 'were'} held back with a reason."
    )


def _waiting(counted: Period) -> str:
    if not counted.waiting:
        return "No question waits for a person."
    one = counted.waiting == 1
    return (
        f"{_many(counted.waiting, 'question')} {'waits' if one else 'wait'} for a person, the "
        f"oldest since {moment(counted.oldest_asked_at)}; the next lapses "
        f"{moment(counted.next_lapse_at)}, and that means: not done."
    )


def _ends(counted: Period, days: int) -> None:
    if not counted.woken:
        empty("Nobody was woken. Send an event or a trigger: Start here says how.")
        return
    parts = [("", "Woken", counted.woken)]
    parts += [(status, words, counted.ends.get(status, 0)) for status, words in ENDS]
    for status, words, n in parts:
        if n:
            _bar(
                words,
                n,
                whole=counted.woken,
                to=leads_to(days, **({"status": status} if status else {})),
                meaning=_MEANINGS.get(status, "held"),
            )
    text("The parts add up to those woken.", "u-small")


def _sent(counted: Period, days: int) -> None:
    if not counted.sent:
        empty("Nothing went out.")
        return
    whole = sum(s.n for s in counted.sent)
    for sent in counted.sent:
        _bar(
            f"{_CHANNELS.get(sent.channel, sent.channel)}, {sent.class_}",
            sent.n,
            whole=whole,
            to=leads_to(days, channel=sent.channel, **{"class": sent.class_}),
            meaning="allow",
        )


def _budgets(counted: Period) -> None:
    if not counted.budgets:
        empty("The pack in force names no budget.")
    for budget in counted.budgets:
        whole = budget.limit_minor + budget.raised_minor
        used = whole - budget.left_minor
        with ui.element("div").classes("u-fact"):
            with ui.element("div").classes("u-row"):
                text(budget.id.replace("_", " "), "u-strong")
                if budget.left_minor <= 0:
                    chip("used up", "deny")
            bar(used / whole if whole else 1, "review")
            text(
                f"{money(used, budget.currency)} held or spent, "
                f"{money(budget.left_minor, budget.currency)} left of "
                f"{money(whole, budget.currency)}",
                "u-small",
            )
            for signed in budget.signed:
                done = "" if signed.used_minor is not None else "; its call was not made"
                with ui.link(target=f"/approvals/{signed.approval_id}"):
                    ui.label(
                        f"raised by {money(signed.amount_minor, budget.currency)}: "
                        f"{signed.by}, {moment(signed.at)}{done}"
                    )


def _exceptions(counted: Period) -> None:
    for soft in counted.exceptions:
        used = soft.max - soft.left
        with ui.element("div").classes("u-fact"):
            with ui.element("div").classes("u-row"):
                text(soft.because, "u-strong")
                if soft.left <= 0:
                    chip("used up: a person decides", "approval")
            bar(used / soft.max if soft.max else 1, "review")
            text(f"{used:,} of {soft.max:,} this {soft.unit}; {soft.owner} answers", "u-small")


def _refused(refused: Refusals, days: int) -> None:
    if not refused.rules:
        empty("No rule stood in anybody's way.")
        return
    with table("Rule", "Why", "Decisions", "For a person or a reason"):
        for rule in refused.rules:
            with row():
                with cell():
                    text(rule.rule, "u-strong")
                with cell():
                    text(rule.because)
                for ids, what in ((rule.refused, "refused"), (rule.asked, "asked")):
                    with cell():
                        _leads(ids, what, leads_to(days, rule=rule.rule, how=what))
    if not refused.whole:
        text(
            f"Counted over the newest entries of the journal, from {moment(refused.since)} on.",
            "u-small",
        )


def _leads(ids: list[str], what: str, to: str) -> None:
    if not ids:
        text(f"none {what}", "u-muted")
        return
    with ui.link(target=to).classes("u-link"):
        ui.label(f"{len(ids):,} {what}")


def _closed(counted: Period) -> None:
    if not counted.closed:
        empty("Every fact that was needed was there, fresh and well formed.")
        return
    with table("Day, UTC", "Fact", "Closed", "What to do"):
        for closed in counted.closed:
            with row():
                with cell():
                    text(closed.day)
                with cell():
                    text(name_of(closed.fact))
                    text(closed.fact, "u-code u-muted")
                with cell():
                    text(f"{closed.n:,} × {closed.action.replace('_', ' ')}")
                with cell():
                    text(what_mends(closed.fact))


def _bar(words: str, n: int, *, whole: int, to: str, meaning: str) -> None:
    with ui.link(target=to).classes("u-plot"):
        text(words)
        bar(n / whole, meaning)
        text(f"{n:,}", "u-muted")


def _many(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"
