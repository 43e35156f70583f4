"""The record of merges: why two records are one, what each was before, and which rows moved.

Written in the merge's own transaction. What it was before is sealed under each record's own key, so
that erasing either leaves nothing of it. A separation says that a person took two records apart:
they do not become one again by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Insert,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from customers import consent, profile
from customers.profile import Profile
from store.schema import customers, lanes, merge_moves, merges, separations
from store.sealing import Erased, Vault
from store.upsert import insert_or_ignore

_EVIDENCE, _INTO, _ABSORBED = (
    "merges.evidence",
    "merges.into_before",
    "merges.absorbed_before",
)
_REASON = "merges.undone_reason"


@dataclass(frozen=True, slots=True)
class Because:
    """Why two are one: `identifier`, `alias`, `probable` or `person`; by whom; what showed it."""

    why: str = "identifier"
    by: str = "usher"
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """One record as it was: profile, consents (rows as mappings), hold, journeys closed by it."""

    profile: Profile
    consents: tuple[Mapping[str, Any], ...]
    legal_hold: int
    closed_journeys: tuple[str, ...] = ()


def begin(
    conn: Connection, vault: Vault, *, into: str, absorbed: str, because: Because, now_us: int
) -> str:
    """Write a merge down before anything is changed. Returns its id, made of the absorbed one's."""
    earlier = conn.execute(
        select(func.count()).select_from(merges).where(merges.c.absorbed_id == absorbed)
    ).scalar_one()
    merge_id = f"mrg_{absorbed.removeprefix('cus_')}-{earlier + 1}"
    newest = conn.execute(
        select(func.max(lanes.c.last_arrival_seq)).where(lanes.c.customer_id.in_([into, absorbed]))
    ).scalar()
    conn.execute(
        merges.insert().values(
            id=merge_id,
            into_id=into,
            absorbed_id=absorbed,
            why=because.why,
            at=now_us,
            at_seq=int(newest or 0),
            by=because.by,
            evidence_sealed=vault.seal_json(into, _EVIDENCE, dict(because.evidence)),
            into_before_sealed=vault.seal_json(into, _INTO, _before(conn, vault, into)),
            absorbed_before_sealed=vault.seal_json(
                absorbed, _ABSORBED, _before(conn, vault, absorbed)
            ),
        )
    )
    return merge_id


def keep_moves(conn: Connection, merge_id: str, table: Table, absorbed: str) -> None:
    """Note every row of this table that is about to move."""
    conn.execute(_moves_of(table), {"merge": merge_id, "absorbed": absorbed})


@cache
def _moves_of(table: Table) -> Insert:
    # Built once: building a statement costs several times what running it does.
    return insert(merge_moves).from_select(
        ["merge_id", "moved", "row_key"],
        select(bindparam("merge"), literal(table.name), cast(key_of(table), Text)).where(
            table.c.customer_id == bindparam("absorbed")
        ),
    )


def keep_closed(
    conn: Connection, vault: Vault, merge_id: str, *, into: Iterable[str], absorbed: Iterable[str]
) -> None:
    """Note the journeys, by whose they were, that the merge closed."""
    row = conn.execute(select(merges).where(merges.c.id == merge_id)).one()
    for column, label, of, ids in (
        ("into_before_sealed", _INTO, row.into_id, sorted(into)),
        ("absorbed_before_sealed", _ABSORBED, row.absorbed_id, sorted(absorbed)),
    ):
        if ids:
            body = vault.open_json(label, row._mapping[column]) | {"closed_journeys": ids}
            conn.execute(
                update(merges)
                .where(merges.c.id == merge_id)
                .values({column: vault.seal_json(of, label, body)})
            )


def key_of(table: Table) -> Column[Any]:
    """The one column that names a row of this table."""
    (key,) = table.primary_key.columns
    return key


def find(conn: Connection, merge_id: str) -> Row[Any] | None:
    """One merge."""
    return conn.execute(select(merges).where(merges.c.id == merge_id)).first()


def of_customers(conn: Connection, customer_ids: Iterable[str]) -> list[Row[Any]]:
    """Merges that any of these took part in, undone ones too, newest first."""
    ids = list(customer_ids)
    return list(
        conn.execute(
            select(merges)
            .where(or_(merges.c.into_id.in_(ids), merges.c.absorbed_id.in_(ids)))
            .order_by(merges.c.at.desc(), merges.c.id.desc())
        )
    )


def evidence_of(vault: Vault, row: Row[Any]) -> dict[str, Any]:
    """What showed that two are one; empty once it cannot be read."""
    try:
        return dict(vault.open_json(_EVIDENCE, row.evidence_sealed))
    except Erased:
        return {}


def reason_of(vault: Vault, row: Row[Any]) -> str | None:
    """Why it was undone."""
    if row.undone_reason_sealed is None:
        return None
    try:
        return vault.open(_REASON, row.undone_reason_sealed).decode()
    except Erased:
        return None


def into_before(vault: Vault, row: Row[Any]) -> Before:
    """What the surviving record was."""
    return _read(vault.open_json(_INTO, row.into_before_sealed))


def absorbed_before(vault: Vault, row: Row[Any]) -> Before:
    """What the other record was."""
    return _read(vault.open_json(_ABSORBED, row.absorbed_before_sealed))


def close(
    conn: Connection, vault: Vault, row: Row[Any], *, by: str, reason: str, now_us: int
) -> None:
    """This merge is undone; the two stay two."""
    sealed = vault.seal(row.into_id, _REASON, reason.encode())
    conn.execute(
        update(merges)
        .where(merges.c.id == row.id, merges.c.undone_at.is_(None))
        .values(undone_at=now_us, undone_by=by, undone_reason_sealed=sealed)
    )
    separate(conn, row.into_id, row.absorbed_id, by=by, now_us=now_us)


def separate(conn: Connection, one: str, other: str, *, by: str, now_us: int) -> None:
    """A person said that these are two: nothing joins them again by itself."""
    first, second = sorted((one, other))
    insert_or_ignore(conn, separations, one_id=first, other_id=second, at=now_us, by=by)


_SEPARATED = select(separations.c.one_id, separations.c.other_id).where(
    or_(
        separations.c.one_id == bindparam("customer"),
        separations.c.other_id == bindparam("customer"),
    )
)


def separate_from(conn: Connection, customer_id: str) -> frozenset[str]:
    """Those whom a person said are not this one."""
    pairs = conn.execute(_SEPARATED, {"customer": customer_id})
    return frozenset(one for pair in pairs for one in pair) - {customer_id}


def _before(conn: Connection, vault: Vault, customer_id: str) -> dict[str, Any]:
    held = conn.execute(
        select(customers.c.legal_hold).where(customers.c.id == customer_id)
    ).scalar_one()
    return {
        "profile": asdict(profile.load(conn, vault, customer_id)),
        "consents": [
            {
                "channel": row.channel,
                "purpose": row.purpose,
                "state": row.state,
                "at": row.at,
                "expires_at": row.expires_at,
                "evidence": vault.open_json("consents.evidence", row.evidence_sealed),
            }
            for row in consent.of_customer(conn, customer_id)
        ],
        "legal_hold": held,
        "closed_journeys": [],
    }


def _read(body: Mapping[str, Any]) -> Before:
    return Before(
        profile=profile.of_json(body["profile"]),
        consents=tuple(body["consents"]),
        legal_hold=int(body["legal_hold"]),
        closed_journeys=tuple(body["closed_journeys"]),
    )
