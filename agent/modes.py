"""Modes of agents: what one would have done, shown before anybody lets it write to customers.

`live` is for an approver who has looked: the picture has a digest, made for this person and this
agent's text, and `live` is set only with the digest of the picture as it is. Whatever is safer than
what holds needs no look.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, select

from agent.environment import Environment
from agent.errors import Conflict, NotFound
from agent.explain import summary_of
from agent.mode_of import mode_of
from agent.projection import project
from prompts.agents import AgentFile, Purpose
from prompts.library import Library
from store import agent_modes, journal
from store.clock import Clock
from store.database import Database
from store.principals import Principal
from store.schema import decisions
from store.sealing import Erased, Vault
from tools.channels.routing import NO_WAY_OUT, Router
from tools.tool import ActionKind

#: How many of an agent's newest decisions a picture counts, and how many it tells.
COUNTED, TOLD = 200, 10
#: A picture older than this is not what the agent would do now.
GOOD_FOR_US = 24 * 3600 * 1_000_000


class SetMode(BaseModel):
    """How far an agent may go. `seen`: of the picture that was looked at, needed for `live`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["shadow", "sandbox", "live"]
    seen: str | None = Field(default=None, max_length=100)


class Modes:
    """Shows and sets how far agents go. Holds for the decisions that open from then on."""

    def __init__(self, db: Database, clock: Clock, env: Environment) -> None:
        self._db = db
        self._clock = clock
        self._env = env

    async def get(self, name: str, *, by: Principal) -> dict[str, Any]:
        """The mode, who has set it, what the agent would have done. Raises `NotFound`."""
        agent = self._agent(name)
        shown = await self._db.read(
            _shown, self._db.vault, agent, until=self._clock.now_us(), by=by.id
        )
        return shown | {"in_the_way": self._in_the_way(agent)}

    async def put(self, name: str, wish: SetMode, *, by: Principal) -> dict[str, Any]:
        """Set the mode. Raises `Conflict` for `live` without a look, or where something lacks."""
        agent = self._agent(name)
        if wish.mode == "live" and (lacking := self._in_the_way(agent)):
            raise Conflict("; ".join(lacking))
        refused = await self._db.write(
            _put,
            self._db.vault,
            agent,
            wish=wish,
            by=by,
            now_us=self._clock.now_us(),
        )
        if refused is not None:
            raise Conflict(refused)
        return await self.get(name, by=by)

    def _agent(self, name: str) -> AgentFile:
        agent = self._env.library.agents.get(name)
        if agent is None:
            raise NotFound(f"there is no agent '{name}'")
        return agent

    def _in_the_way(self, agent: AgentFile) -> list[str]:
        return in_the_way(agent, self._env.library, self._env.router)


def in_the_way(agent: AgentFile, library: Library, router: Router) -> list[str]:
    """What must be set before this agent can be live, each thing in a sentence."""
    kinds = {
        message.channel
        for name in agent.messages
        for message in library.messages.get(name, {}).values()
    }
    lacking = [
        f"no channel carries {kind}; name one in usher.toml under [channels]"
        for kind in sorted(kinds - set(router.live))
    ]
    if agent.purpose is Purpose.MARKETING and "email" in kinds and router.public_url is None:
        lacking.append(NO_WAY_OUT)
    return lacking


def _put(
    conn: Connection,
    vault: Vault,
    agent: AgentFile,
    *,
    wish: SetMode,
    by: Principal,
    now_us: int,
) -> str | None:
    """Why it is not set; None where it is."""
    if wish.mode == "live" and (refused := _not_seen(conn, vault, agent, wish.seen, by, now_us)):
        return refused
    agent_modes.put(conn, agent=agent.name, mode=wish.mode, by=by.name, at=now_us, seen=wish.seen)
    return None


def _not_seen(
    conn: Connection, vault: Vault, agent: AgentFile, seen: str | None, by: Principal, now_us: int
) -> str | None:
    look = f"look at GET /v1/agents/{agent.name}/mode and send its 'seen'"
    if seen is None:
        return f"first see what this agent would have done: {look}"
    at, _, _ = seen.partition(".")
    until = int(at) if at.isascii() and at.isdigit() and len(at) < 19 else -1
    if not now_us - GOOD_FOR_US <= until <= now_us:
        return f"that picture is too old, or none of ours: {look}"
    shown = _shown(conn, vault, agent, until=until, by=by.id)
    if shown["seen"] != seen:
        return f"what you were shown is not what it would do now: {look}"
    if shown["picture"]["decisions"] == 0:
        return "this agent has decided nothing yet; let it work in shadow or sandbox first"
    return None


def _shown(
    conn: Connection, vault: Vault, agent: AgentFile, *, until: int, by: str
) -> dict[str, Any]:
    picture = picture_of(conn, vault, agent.name, until=until)
    newest = agent_modes.newest(conn, agent.name)
    mode = mode_of(conn, agent)
    signed = json.dumps([until, by, agent.sha256, mode, picture], sort_keys=True)
    digest = hashlib.sha256(signed.encode()).hexdigest()
    return {
        "agent": agent.name,
        "mode": mode,
        "set_by": newest.by if newest is not None else None,
        "set_at": newest.at if newest is not None else None,
        "picture": picture,
        "seen": f"{until}.{digest}",
        "history": [
            {"mode": row.mode, "by": row.by, "at": row.at}
            for row in agent_modes.history(conn, agent.name, limit=20)
        ],
    }


def picture_of(conn: Connection, vault: Vault, agent: str, *, until: int) -> dict[str, Any]:
    """What an agent did, or in shadow would have done, in its newest decisions that had ended."""
    rows = conn.execute(
        select(decisions)
        .where(decisions.c.agent == agent, decisions.c.closed_at <= until)
        .order_by(decisions.c.id.desc())
        .limit(COUNTED)
    ).all()
    contacts: Counter[tuple[str, str, str]] = Counter()
    ends: Counter[str] = Counter()
    told: list[dict[str, Any]] = []
    for row in rows:
        ends[row.status] += 1
        try:
            entries = journal.entries_of(conn, vault, row.id)
            messages = _contacts(e.body for e in entries if e.kind == "step" and e.body)
        except Erased:
            continue
        contacts.update((message, channel, row.mode) for message, channel in messages)
        if len(told) < TOLD:
            told.append(_told(row, project(dict(row._mapping), entries)))
    return {
        "decisions": len(rows),
        "ends": dict(sorted(ends.items())),
        "contacts": [
            {"message": message, "channel": channel, "mode": mode, "n": n}
            for (message, channel, mode), n in sorted(contacts.items())
        ],
        "newest": told,
    }


def _contacts(steps: Any) -> list[tuple[str, str]]:
    """Message and channel of every contact among these steps; one that was looked at again once."""
    found: dict[str, tuple[str, str]] = {}
    for n, step in enumerate(steps):
        done = step["effect_id"] or ("shadow" in (step["result"] or {}) and f"shadow:{n}")
        if step["action_kind"] == ActionKind.CONTACT.value and done:
            channel = step["call"]["tool"].removeprefix("send_")
            found[done] = (str(step["call"]["args"].get("message")), channel)
    return list(found.values())


def _told(row: Row[Any], decision: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "mode": row.mode,
        "arm": row.arm,
        "status": row.status,
        "closed_at": row.closed_at,
        "summary": summary_of(dict(decision)),
    }
