"""Changing what is in force: planned off everybody's way, written in one transaction, measured.

Compiling takes a while, so it is done in a thread of its own, before the transaction; where
something else came into force meanwhile, it is done again. How long it took, from the wish to the
commit, is measured by a clock that never goes back and kept with the change.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from agent.errors import Conflict, Forbidden, Invalid, NotFound
from agent.pack_plan import Plan, Wish, plan
from agent.pack_writing import Meanwhile, Wanted, agree, grow_stale, propose, publish, refuse
from store import documents, pack_changes
from store.clock import Clock
from store.database import Database
from store.documents import Key, OldVersion
from store.ids import new_id
from store.pack_changes import Change
from tools.pack_set import PackSet
from tools.packs import PackShelf

_TRIES = 5


def machine_us() -> int:
    """What time it is by the machine, whatever business time is."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Clocks:
    """Real time for what is measured: one that never goes back, and one all machines share."""

    monotonic: Callable[[], float] = time.monotonic
    machine_us: Callable[[], int] = machine_us


class PackChanging:
    """Puts texts in force, or before a second person where what is in force asks for one."""

    def __init__(
        self, db: Database, clock: Clock, shelf: PackShelf, default: str, clocks: Clocks
    ) -> None:
        self._db = db
        self._clock = clock
        self._shelf = shelf
        self._default = default
        self._clocks = clocks

    async def want(
        self, wishes: Sequence[Wish], *, author: str, reason: str = "", kind: str = "put"
    ) -> list[Change]:
        """Publish texts or propose them; as they then stand. Raises `Invalid` and `Conflict`.

        Several are one change: all come into force together. Where two people are needed, each is
        proposed by itself.
        """
        pressed = self._clocks.monotonic()
        wanted = Wanted(author, reason, self._clock.now_us(), kind)
        made = await self._publish(tuple(wishes), wanted)
        if made is None:
            proposed: list[Change] = []
            for wish in wishes:
                proposed += await self._propose(wish, wanted)
            return proposed
        return [await self._measured(change, pressed) for change in made]

    async def decide(
        self, name: str, change_id: str, *, publish_it: bool, by: str, reason: str
    ) -> Change:
        """A second person's answer to a proposal. Raises `Forbidden` for its author's own yes."""
        pressed = self._clocks.monotonic()
        change = await self._db.read(pack_changes.get, change_id)
        if change is None or change.name != name:
            raise NotFound(f"there is no change {change_id} of the policy pack '{name}'")
        if change.status != "waiting":
            raise Conflict(f"this change waits no more: {_WORDS[change.status]}")
        if not publish_it:
            at = self._clock.now_us()
            done = await self._db.write(refuse, change_id, by=by, reason=reason, at=at)
            return await self._as_it_stands(change_id, done)
        if by == change.author:
            raise Forbidden("somebody else has to agree to what you proposed")
        agreed = await self._agree(change, by=by, reason=reason)
        found = await self._as_it_stands(change_id, agreed)
        return await self._measured(found, pressed)

    # -- inside -----------------------------------------------------------------------------------

    async def _publish(self, wishes: tuple[Wish, ...], wanted: Wanted) -> list[Change] | None:
        """None: two people are needed."""
        for _ in range(_TRIES):
            made = await self.plan(wishes)
            if made.two_people:
                return None
            now = replace(wanted, at=self._clock.now_us())
            try:
                return await self._db.write(publish, made, now, new_id)
            except Meanwhile:
                continue
            except OldVersion as old:
                raise Conflict(str(old)) from old
        raise Conflict("packs change faster than this one can be read; try again")

    async def _propose(self, wish: Wish, wanted: Wanted) -> list[Change]:
        for _ in range(_TRIES):
            made = await self.plan((wish,))
            try:
                return await self._db.write(propose, made, wanted, new_id)
            except Meanwhile:
                continue
            except OldVersion as old:
                raise Conflict(str(old)) from old
        raise Conflict("packs change faster than this one can be read; try again")

    async def _agree(self, change: Change, *, by: str, reason: str) -> bool:
        wish = Wish(change.name, change.text, f"{change.name}.yaml")
        made = await self.plan((wish,))
        at = self._clock.now_us()
        if made.before.get(change.name) != change.base_sha256:
            await self._db.write(grow_stale, change.id, at=at)
            raise Conflict(f"this change waits no more: {_WORDS['stale']}")
        try:
            return await self._db.write(agree, made, change, by=by, reason=reason, at=at)
        except Meanwhile:
            raise Conflict("another pack came into force just now; look again") from None
        except OldVersion as old:
            raise Conflict(str(old)) from old

    async def plan(self, wishes: tuple[Wish, ...]) -> Plan:
        """What these texts would bring about, as things are. Raises `Invalid`."""
        base, now = await self._db.read(_in_force, self._shelf)
        work = partial(
            plan, base, now, wishes, compiled=self._shelf.compiled, default=self._default
        )
        return await asyncio.to_thread(work)

    async def _as_it_stands(self, change_id: str, done: bool) -> Change:
        found = await self._db.read(pack_changes.get, change_id)
        assert found is not None
        if not done:
            raise Conflict(f"this change waits no more: {_WORDS[found.status]}")
        return found

    async def _measured(self, change: Change, pressed: float) -> Change:
        took_us = int((self._clocks.monotonic() - pressed) * 1_000_000)
        committed_us = self._clocks.machine_us()
        await self._db.write(
            pack_changes.took, change.id, took_us=took_us, committed_us=committed_us
        )
        return replace(change, took_us=took_us, committed_us=committed_us)


def of_version(conn: Connection, name: str, version: int) -> Wish:
    """The wish to have an older version in force again. Raises `NotFound` and `Conflict`."""
    found = documents.get(conn, kind="policy", name=name, version=version)
    live = documents.live(conn, kind="policy", name=name)
    if found is None or live is None:
        raise NotFound(f"there is no version {version} of the policy pack '{name}'")
    if live.version == version:
        raise Conflict(f"version {version} is in force already")
    return Wish(name, found.text, f"{name}.yaml")


def _in_force(conn: Connection, shelf: PackShelf) -> tuple[Key, PackSet]:
    key = documents.live_key(conn, "policy")
    return key, shelf.set_of(conn, key)


_WORDS = {
    "published": "it is published",
    "rejected": "it was rejected",
    "superseded": "its author has proposed another text since; look at that one",
    "stale": "another version has come into force since it was proposed; propose it again",
}

__all__ = ["Clocks", "Invalid", "PackChanging", "machine_us", "of_version"]
