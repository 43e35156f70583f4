"""Decisions to look at: listed, whole, explained in words, replayed without a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from agent.errors import BadRequest, Gone, Invalid, NotFound
from agent.explain import explain, summary_of
from agent.paging import Page, checked_limit, page_of
from agent.projection import project
from agent.replay import replay
from policies.pack import Pack, PolicyError, load_pack
from store import journal
from store.database import Database
from store.schema import decisions
from store.sealing import Erased, Vault
from tools.packs import NoPack, PackShelf

_FILTERS = frozenset({"customer_id", "goal", "agent", "arm", "mode", "status", "journey_id"})
_ERASED = "this person was erased; the decision can no longer be read"


class Decisions:
    """Reads decisions; changes nothing."""

    def __init__(self, db: Database, shelf: PackShelf) -> None:
        self._db = db
        self._shelf = shelf

    async def get(self, decision_id: str) -> dict[str, Any]:
        """One decision. Raises `NotFound`, and `Gone` once its person is erased."""
        found = await self._db.read(projected, self._db.vault, decision_id)
        if found is None:
            raise NotFound(f"there is no decision {decision_id}")
        return found

    async def listing(self, *, after: str | None, limit: int, filters: Mapping[str, str]) -> Page:
        """Decisions, newest first. `filters`: columns such as customer_id, goal, status."""
        checked_limit(limit)
        unknown = sorted(filters.keys() - _FILTERS)
        if unknown:
            raise BadRequest(f"decisions are not filtered by {', '.join(unknown)}")
        rows = await self._db.read(
            _listed, self._db.vault, after=after, limit=limit + 1, filters=dict(filters)
        )
        return page_of(rows, limit=limit, key="id")

    async def explain(self, decision_id: str) -> dict[str, Any]:
        """Why, why not, and what would have changed it, in words."""
        decision = await self.get(decision_id)
        named = decision["policy"]
        if named["pack"] is None:
            return explain(decision, None)
        packs = await self._db.read(_packs, self._shelf, [named["sha256"]])
        return explain(decision, packs[named["sha256"]])

    async def replay(self, decision_id: str, *, policy: str | None = None) -> dict[str, Any]:
        """Every call decided again. `policy`: the text of another pack, for a what-if."""
        decision = await self.get(decision_id)
        other: Pack | None = None
        if policy is not None:
            texts = (await self._db.read(self._shelf.in_force)).texts
            try:
                other = load_pack(policy, file="policy", library=texts)
            except PolicyError as broken:
                raise Invalid(str(broken)) from broken
        named = {step["verdict"]["sha256"] for step in decision["steps"]}
        packs = await self._db.read(_packs, self._shelf, sorted(named))
        return replay(decision, lambda sha256: packs[sha256], other)


def projected(conn: Connection, vault: Vault, decision_id: str) -> dict[str, Any] | None:
    """One decision of the journal; None where there is none. Raises `Gone`."""
    row = conn.execute(select(decisions).where(decisions.c.id == decision_id)).first()
    if row is None:
        return None
    try:
        return project(dict(row._mapping), journal.entries_of(conn, vault, decision_id))
    except Erased:
        raise Gone(_ERASED) from None


def _listed(
    conn: Connection,
    vault: Vault,
    *,
    after: str | None,
    limit: int,
    filters: dict[str, str],
) -> list[dict[str, Any]]:
    query = select(decisions).order_by(decisions.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(decisions.c.id < after)
    for column, value in filters.items():
        query = query.where(decisions.c[column] == value)
    return [_item(conn, vault, dict(row._mapping)) for row in conn.execute(query).all()]


def _item(conn: Connection, vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        summary = summary_of(project(row, journal.entries_of(conn, vault, row["id"])))
    except Erased:
        summary = _ERASED
    kept = ("id", "journey_id", "customer_id", "goal", "agent", "arm", "mode", "status")
    return {
        **{name: row[name] for name in kept},
        "opened_at": row["opened_at"],
        "closed_at": row["closed_at"],
        "summary": summary,
    }


def _packs(conn: Connection, shelf: PackShelf, named: list[str]) -> dict[str, Pack]:
    """The packs that verdicts name by their digest."""
    try:
        return {sha256: shelf.by_sha256(conn, sha256) for sha256 in named}
    except NoPack as gone:
        raise NotFound(str(gone)) from gone
