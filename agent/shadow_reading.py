"""Recorded calls out of the journal, and the ledger's contacts beside them; nothing is written.

The newest steps are read in slices, each on a snapshot of its own: the journal only grows, so what
was there at the beginning stays. Unsealing is done outside the database's threads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from sys import intern
from typing import Any

from sqlalchemy import Connection, func, select

from agent.replay import BEFORE_ANY_PACK
from agent.shadow import Recorded, Spoke
from agent.shadow_counting import Held
from policies.pack import Pack
from policies.verdict import FactValue, Outcome
from store.journal import LABEL
from store.schema import contacts, decisions, effects, journal, journeys
from store.sealing import Erased, Vault
from tools.counted import PastContact
from tools.instants import DAY_US

SLICE = 4_000
_OF_PEOPLE = 500
_LONGEST_UNIT_DAYS = {"day": 2, "week": 8, "month": 32, "year": 367}


@dataclass(slots=True)
class Reading:
    """What has been read so far, newest first. `cut`: there was more than the limit."""

    start: int
    limit: int
    before_pos: int
    looks: list[Recorded] = field(default_factory=list)
    #: goal by decision, of those that can be read
    goals: dict[str, str] = field(default_factory=dict)
    erased: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    done: bool = False

    def take(self, vault: Vault, rows: Sequence[Any]) -> None:
        """Open a slice of rows, newest first."""
        self.done = len(rows) < SLICE
        for row in rows:
            self.before_pos = row.pos
            if row.at < self.start:
                self.done = True
                return
            seen = row.decision_id in self.goals or row.decision_id in self.erased
            if not seen and len(self.goals) + len(self.erased) >= self.limit:
                self.cut = self.done = True
                return
            try:
                body = vault.open_json(LABEL, row.body_sealed)
            except Erased:
                self.erased[row.decision_id] = row.customer_id
                continue
            self.goals[row.decision_id] = row.goal
            look = recorded(body, row.decision_id, row.customer_id, row.at)
            self.looks.append(
                replace(look, goal=row.goal, journey_id=row.journey_id, matter=row.subject_hash)
            )

    def in_order(self) -> list[Recorded]:
        """The looks, oldest first."""
        return self.looks[::-1]


def newest(conn: Connection) -> int:
    """The position after the newest entry."""
    return int(conn.execute(select(func.max(journal.c.pos))).scalar() or 0) + 1


def slice_of(conn: Connection, before_pos: int) -> Sequence[Any]:
    """The next older steps, sealed; whose they are now, if two people turned out to be one."""
    return conn.execute(
        select(
            journal.c.pos,
            journal.c.at,
            journal.c.decision_id,
            journal.c.body_sealed,
            decisions.c.customer_id,
            decisions.c.goal,
            decisions.c.journey_id,
            journeys.c.subject_hash,
        )
        .join(decisions, decisions.c.id == journal.c.decision_id)
        .outerjoin(journeys, journeys.c.id == decisions.c.journey_id)
        .where(journal.c.pos < before_pos, journal.c.kind == "step")
        .order_by(journal.c.pos.desc())
        .limit(SLICE)
    ).all()


def recorded(body: dict[str, Any], decision_id: str, customer_id: str, at: int) -> Recorded:
    """A `step` entry as the core takes it."""
    call, verdict, result = body["call"], body["verdict"], body["result"] or {}
    facts: dict[str, FactValue] = {
        intern(name): tuple(value) if isinstance(value, list) else value
        for name, value in body["facts"].items()
    }
    fired = tuple([
        Spoke(intern(f["rule"]), f["because"], intern(f["kind"]), intern(f["outcome"]))
        for f in verdict["fired"]
    ])  # fmt: skip
    said = json.dumps([call["tool"], call["args"]], sort_keys=True, separators=(",", ":"))
    return Recorded(
        decision_id=decision_id,
        customer_id=customer_id,
        at=at,
        call=f"{decision_id}:{said}",
        kind=intern(body["action_kind"]),
        facts=facts,
        overrides=body["overrides"],
        outcome=Outcome(verdict["outcome"]),
        owed=verdict["obligations"],
        fired=fired,
        pack=intern(verdict["sha256"]),
        engine=intern(verdict["engine"]),
        effect_id=body["effect_id"],
        shadowed="shadow" in result,
        stopped=any(spoke.rule in BEFORE_ANY_PACK for spoke in fired),
    )


def reach(pack: Pack) -> int:
    """How far back the pack's caps count."""
    return max(
        [DAY_US]
        + [
            max(c.window.duration_us, _LONGEST_UNIT_DAYS.get(c.window.unit, 0) * DAY_US)
            for c in pack.caps
        ]
    )


def ledger_of(conn: Connection, customer_ids: Iterable[str], since: int) -> dict[str, list[Held]]:
    """These people's contacts that reach them after an instant, given up ones too."""
    everyone = sorted(set(customer_ids))
    found: dict[str, list[Held]] = {}
    for n in range(0, len(everyone), _OF_PEOPLE):
        rows = conn.execute(
            select(contacts, effects.c.claimed_at, effects.c.settled_at, effects.c.journey_id,
                   effects.c.status, journeys.c.goal, journeys.c.subject_hash)
            .join(effects, effects.c.id == contacts.c.effect_id)
            .outerjoin(journeys, journeys.c.id == effects.c.journey_id)
            .where(contacts.c.customer_id.in_(everyone[n : n + _OF_PEOPLE]), contacts.c.at > since)
            .order_by(contacts.c.at)
        )  # fmt: skip
        for row in rows:
            contact = PastContact(
                effect_id=row.effect_id,
                channel=row.channel,
                message_class=row._mapping["class"],
                purpose=row.purpose,
                at=row.at,
                journey_id=row.journey_id,
                status=row.status,
                goal=row.goal,
                matter=row.subject_hash,
            )
            until = row.settled_at if row.state == "released" else None
            found.setdefault(row.customer_id, []).append(Held(contact, row.claimed_at, until))
    return found
