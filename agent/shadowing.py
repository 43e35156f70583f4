"""Shadow for people: a draft's text in, past decisions under it out; nothing is changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from agent.errors import BadRequest, Conflict, Invalid
from agent.fact_words import counted
from agent.lookback import looked_back_to
from agent.names import names_of
from agent.shadow import Recorded, Shadowed, shadow
from agent.shadow_changes import SAYS
from agent.shadow_counting import Held, Ledger
from agent.shadow_limits import limits
from agent.shadow_reading import Reading, ledger_of, newest, reach, slice_of
from agent.shadow_told import Affected, affected, money_words, summary, told
from policies.pack import Pack, PolicyError
from store.clock import Clock
from store.database import Database
from tools.pack_set import Compiled, PackSet
from tools.packs import NoPack, PackShelf

DEFAULT_SINCE, DEFAULT_LIMIT, MOST = "7d", 10_000, 100_000
PAGE = 100
Draft = Callable[[str, str], Awaitable[Pack]]


class Shadowing:
    """Reads; changes nothing. `draft` reads a text and raises `Invalid` with its problems."""

    def __init__(
        self, db: Database, clock: Clock, shelf: PackShelf, pack_name: str, draft: Draft
    ) -> None:
        self._db = db
        self._clock = clock
        self._shelf = shelf
        self._pack_name = pack_name
        self._draft = draft

    async def look(
        self,
        text: str,
        *,
        file: str = "policy.yaml",
        since: str = DEFAULT_SINCE,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Who would have been affected since then, how much money, which rules are behind it.

        `limit`: how many decisions are looked at, the newest; `cursor`: where the list of people
        goes on. The database's threads only read; opening and deciding run beside the event loop.
        """
        if not 1 <= limit <= MOST:
            raise BadRequest(f"limit must be between 1 and {MOST}")
        now = self._clock.now_us()
        start = looked_back_to(since, now)
        draft = await self._draft(text, file)
        now_in_force = await self._db.read(self._shelf.in_force)
        begun = time.perf_counter()
        reading = Reading(start, limit, await self._db.read(newest))
        while not reading.done:
            rows = await self._db.read(slice_of, reading.before_pos)
            await asyncio.to_thread(reading.take, self._db.vault, rows)
        texts = {**now_in_force.texts, draft.name: text}
        draft, looks = await asyncio.to_thread(
            _decider, self._shelf.compiled, texts, draft, self._pack_name, reading.in_order()
        )
        beside = await self._db.read(_beside, self._shelf, draft.name, looks, start - reach(draft))
        opened = time.perf_counter()
        shadowed, counts = await asyncio.to_thread(_decided, draft, looks, beside)
        decided = time.perf_counter()
        people = affected(shadowed, beside.packs)
        at = 0
        if cursor is not None:
            at = sum(one.decision_id >= cursor for one in people)
        shown = people[at : at + PAGE]
        names = await self._db.read(names_of, self._db.vault, [one.customer_id for one in shown])
        return {
            "policy": draft.name,
            "version": draft.version,
            "summary": summary(counts, _span(start, now)),
            "since": start,
            "until": now,
            "oldest": looks[0].at if looks else None,
            "newest": looks[-1].at if looks else None,
            "limit": limit,
            "cut": reading.cut,
            **counts,
            "money_says": money_words(counts["money"]),
            "erased": {
                "decisions": len(reading.erased),
                "people": len(set(reading.erased.values())),
            },
            "people": {
                "items": [_item(one, names, reading.goals) for one in shown],
                "next_cursor": shown[-1].decision_id if at + PAGE < len(people) else None,
            },
            "limits": limits(shadowed, reading, counts, beside.packs, beside.in_force),
            "took": {
                "opening_ms": round(1_000 * (opened - begun)),
                "deciding_ms": round(1_000 * (decided - opened)),
            },
        }


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside the recorded calls: packs they name, contacts, the version in force."""

    packs: dict[str, Pack]
    ledger: dict[str, list[Held]]
    in_force: str | None


def _beside(
    conn: Connection, shelf: PackShelf, name: str, looks: Sequence[Recorded], since: int
) -> _Beside:
    packs: dict[str, Pack] = {}
    for named in sorted({look.pack for look in looks}):
        try:
            packs[named] = shelf.by_sha256(conn, named)
        except NoPack:
            continue  # its limits are not known any more: caps are counted from the ledger
    ledger = ledger_of(conn, (look.customer_id for look in looks), since)
    now = shelf.in_force(conn)
    in_force = now.pack(name).sha256 if name in now.names and name not in now.broken else None
    return _Beside(packs, ledger, in_force)


def _decider(
    compiled: Compiled,
    texts: Mapping[str, str],
    draft: Pack,
    default: str,
    looks: Sequence[Recorded],
) -> tuple[Pack, list[Recorded]]:
    """The pack that would decide these looks were the texts in force, and which of them.

    A draft that others stand on is asked through them: of several, the one that decides most. One
    that would decide none of them is asked of all. Raises `Invalid` where a pack that stands on the
    draft could not be used any more, `Conflict` where two packs would decide one goal.
    """
    packs = PackSet(texts, compiled)
    on_top = packs.on_top_of(draft.name)
    mine: dict[str, list[Recorded]] = {}
    try:
        for look in looks:
            name = packs.decides(look.goal) or default
            if name in on_top:
                mine.setdefault(name, []).append(look)
        if not mine:
            return draft, list(looks)
        name = max(sorted(mine), key=lambda one: len(mine[one]))
        return packs.pack(name), mine[name]
    except PolicyError as broken:
        raise Invalid(str(broken)) from broken
    except NoPack as contested:
        raise Conflict(str(contested)) from contested


def _decided(
    draft: Pack, looks: Sequence[Recorded], beside: _Beside
) -> tuple[Shadowed, dict[str, Any]]:
    shadowed = shadow(looks, draft, counting=Ledger(draft, beside.packs, beside.ledger, looks))
    return shadowed, told(shadowed, beside.packs)


def _item(one: Affected, names: dict[str, str], goals: dict[str, str]) -> dict[str, Any]:
    return {
        "customer_id": one.customer_id,
        "name": names[one.customer_id],
        "decision_id": one.decision_id,
        "goal": goals[one.decision_id],
        "at": one.at,
        "kinds": [change.value for change in one.changes],
        "says": ", ".join(SAYS[change] for change in one.changes),
        "because": list(one.reasons),
        "money": [{"currency": currency, "minor": minor} for currency, minor in one.costs],
    }


def _span(start: int, now: int) -> str:
    days, rest = divmod(now - start, 86_400_000_000)
    if rest == 0 and days:
        return "in the last day" if days == 1 else f"in the last {counted(days, 'day')}"
    hours, rest = divmod(now - start, 3_600_000_000)
    if rest == 0 and hours:
        return "in the last hour" if hours == 1 else f"in the last {counted(hours, 'hour')}"
    return "since then"
