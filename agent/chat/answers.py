"""Answers: what is asked is read and said in words. Nothing here changes anything.

What customers wrote stands in an answer as a quotation, on one line and cut short, and is never
read as anything else (P14).
"""

from __future__ import annotations

from typing import Any

from agent.chat.counting import how_many
from agent.chat.grammar import EXAMPLES
from agent.chat.intents import HowMany, WhatHappened, Why
from agent.chat.windows import window
from agent.decisions import Decisions
from agent.errors import NotFound
from agent.explain_words import goal_words
from agent.fact_words import CHANNELS, moment
from agent.people import People
from store.clock import Clock
from store.database import Database

_SHOWN = 10
_LONGEST_QUOTE = 80
_STATUS = {
    "running": "is being made",
    "awaiting_approval": "waits for a person",
    "scheduled": "is done; the contact waits for its hour",
    "completed": "is done",
    "no_action": "left this person alone",
    "withheld": "was withheld",
    "failed": "failed",
}


class Answers:
    """Reads and says."""

    def __init__(self, db: Database, clock: Clock, decisions: Decisions, people: People) -> None:
        self._db = db
        self._clock = clock
        self._decisions = decisions
        self._people = people

    async def why(self, asked: Why) -> str:
        """Why a decision, or the newest about somebody, came out as it did."""
        decision_id = asked.reference
        if not decision_id.startswith("dec_"):
            customer_id = await self._people.find(asked.reference)
            filters = {"customer_id": customer_id}
            page = await self._decisions.listing(after=None, limit=1, filters=filters)
            if not page.items:
                raise NotFound("nothing was ever decided about this person")
            decision_id = page.items[0]["id"]
        told = await self._decisions.explain(decision_id)
        return f"{told['text']}\n({decision_id})"

    async def what_happened(self, asked: WhatHappened) -> str:
        """The newest of what happened to and for somebody."""
        page = await self._people.timeline(asked.reference, after=None, limit=_SHOWN)
        if not page.items:
            return "Nothing has happened with this person yet."
        lines = [f"{moment(item['at'], None)}: {_words(item)}" for item in page.items]
        if page.next_cursor is not None:
            lines.append("… and more before that: see the customer's page.")
        return "\n".join(lines)

    async def count(self, asked: HowMany) -> str:
        """How many."""
        span = window(asked.when, self._clock.now_us())
        return await self._db.read(how_many, self._db.vault, asked.what, span)


def what_can_be_said() -> str:
    """The sentences that are understood."""
    return "You can say:\n" + "\n".join(f"- {example}" for example in EXAMPLES)


def quoted(text: str) -> str:
    """Somebody else's words: on one line, cut short, between quotation marks."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    cut = line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"
    return f"“{cut}”"


def _words(item: dict[str, Any]) -> str:
    match item["kind"]:
        case "event":
            return f"{quoted(str(item['event'] or item['type']))} came in"
        case "decision":
            goal, status = goal_words(item["goal"]), _STATUS.get(item["status"], item["status"])
            return f"a decision to {goal} {status} ({item['id']})"
        case "effect":
            what = CHANNELS.get(item["channel"] or "", item["effect"])
            reason = f": {item['reason']}" if item["reason"] else ""
            return f"{what} {item['status']}{reason}"
        case "approval":
            return f"a question to people: {item['status']}"
        case _:
            until = f" until {moment(item['until'], None)}" if item["until"] else ""
            return f"contact was stopped by {item['by']} ({item['scope']}){until}"
