"""Which rules stood in the way, of how many decisions: counted from the journal.

A table of counters would be written on the way of every refused call. This is read seldom, so it
opens the newest entries instead, `AT_MOST` of them (a few tenths of a second), and says from when
on it has counted where that is not the whole span. Who is erased is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from store.journal import LABEL
from store.schema import journal
from store.sealing import Erased, Vault

AT_MOST = 10_000
_REFUSED = "deny"


@dataclass(slots=True)
class Spoke:
    """One rule: whom it refused something, and whom it only made wait for a person or a reason.

    Decisions by id, newest first; a decision is in both where the rule did both.
    """

    rule: str
    because: str
    refused: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Rules, those that refused most first. `since`: from when on everything was counted."""

    rules: list[Spoke]
    since: int
    whole: bool


def refusals(conn: Connection, vault: Vault, *, start: int, at_most: int = AT_MOST) -> Refusals:
    """What the journal's newest entries say about the rules that spoke from `start` on."""
    newest = int(conn.execute(select(func.max(journal.c.pos))).scalar() or 0)
    rows = conn.execute(
        select(journal.c.at, journal.c.decision_id, journal.c.kind, journal.c.body_sealed)
        .where(journal.c.pos > newest - at_most)
        .order_by(journal.c.pos.desc())
    ).all()
    found: dict[str, Spoke] = {}
    for row in rows:
        if row.kind != "step" or row.at < start or row.decision_id is None:
            continue
        try:
            verdict = vault.open_json(LABEL, row.body_sealed)["verdict"]
        except Erased:
            continue
        for fired in verdict["fired"]:
            if verdict["outcome"] == "allow" or fired["outcome"] != verdict["outcome"]:
                continue
            spoke = found.setdefault(fired["rule"], Spoke(fired["rule"], fired["because"]))
            ids = spoke.refused if fired["outcome"] == _REFUSED else spoke.asked
            if row.decision_id not in ids:
                ids.append(str(row.decision_id))
    rules = sorted(found.values(), key=lambda s: (-len(s.refused), -len(s.asked), s.rule))
    earliest = rows[-1].at if rows else start
    whole = newest <= at_most or earliest < start
    return Refusals(rules, start if whole else int(earliest), whole)
