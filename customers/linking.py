"""Who a person probably is: joined where it is all but certain, linked where it is likely.

Asked when what can be compared of a person changes. Two who both have a user id are never joined,
nor are two whom a person took apart. A soft link is shown to people and nothing else follows of it:
neither consent nor personal data goes over (DESIGN P11).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, delete, or_, select, update

from customers import match_store, merge_log, profile
from customers.comparable import comparable_of
from customers.match_pool import shipped_weights
from customers.matching import Answer, Scored, answer, weigh
from customers.merge import merge
from customers.merge_log import Because
from store.schema import identifiers, soft_links
from store.sealing import Vault
from store.upsert import insert_or_ignore

Mode = Literal["merge", "link", "off"]
#: However few are known, an arrival could be anybody of a town: two who share a birthday in a shop
#: of two customers are not one person.
LEAST_POPULATION = 5_000
#: In so many fields, a name among them, two records agree at the least before they are joined.
LEAST_FIELDS = 3
_AGREES = frozenset(["exact", "close", "similar"])
_NAMES = frozenset(["given_name", "surname"])


@dataclass(frozen=True, slots=True)
class Linked:
    """What followed: who it is now, and whom that swallowed."""

    customer_id: str
    absorbed: str | None = None


_HAS_USER = (
    select(identifiers.c.customer_id)
    .where(
        identifiers.c.customer_id.in_(bindparam("ids", expanding=True)),
        identifiers.c.kind == "user_id",
    )
    .distinct()
)


def consider(
    conn: Connection, vault: Vault, customer_id: str, *, mode: Mode, now_us: int
) -> Linked:
    """Compare a person whose traits may have changed with everybody; join or link whom it shows."""
    if mode == "off":
        return Linked(customer_id)
    traits = {
        name: trait.value for name, trait in profile.load(conn, vault, customer_id).traits.items()
    }
    record = comparable_of(traits, today=datetime.fromtimestamp(now_us / 1e6, UTC).date())
    if record == match_store.record_of(conn, vault, customer_id):
        return Linked(customer_id)
    found = _answer(conn, vault, customer_id, record)
    if match_store.put(conn, vault, customer_id, record) and found is not None:
        match_store.arrived(conn, anybody=found.anybody)
    scored = None if found is None else found.scored
    if found is None or found.id is None or scored is None or found.kind == "nobody":
        return Linked(customer_id)
    if found.kind == "merge" and mode == "link":
        found = replace(found, kind="link", because="setting")
    if found.kind == "merge" and not _says_enough(scored):
        found = replace(found, kind="link", because="few")
    if found.kind == "link":
        _link(conn, customer_id, found, now_us)
        return Linked(customer_id)
    other = str(found.id)
    older, younger = min(customer_id, other), max(customer_id, other)
    because = Because("probable", evidence=_shown(found, scored))
    merge(conn, vault, into=older, absorbed=younger, now_us=now_us, because=because)
    refresh(conn, vault, older, now_us=now_us)
    return Linked(older, younger)


def refresh(conn: Connection, vault: Vault, customer_id: str, *, now_us: int) -> None:
    """Write anew what of a person is compared, as after a merge or a split; asks nothing."""
    person = profile.load(conn, vault, customer_id)
    traits = {name: trait.value for name, trait in person.traits.items()}
    record = comparable_of(traits, today=datetime.fromtimestamp(now_us / 1e6, UTC).date())
    match_store.put(conn, vault, customer_id, record)


def of_customer(conn: Connection, customer_id: str) -> list[Row[Any]]:
    """The soft links of a person that nobody has decided, the likeliest first."""
    mine = or_(soft_links.c.one_id == customer_id, soft_links.c.other_id == customer_id)
    return list(
        conn.execute(
            select(soft_links)
            .where(mine, soft_links.c.state == "open")
            .order_by(soft_links.c.posterior_bp.desc(), soft_links.c.one_id, soft_links.c.other_id)
        )
    )


def decide(conn: Connection, one: str, other: str, *, state: str, by: str, now_us: int) -> bool:
    """A person says what a soft link is: `joined` or `dismissed`. False where none is open."""
    first, second = sorted((one, other))
    done = conn.execute(
        update(soft_links)
        .where(
            soft_links.c.one_id == first,
            soft_links.c.other_id == second,
            soft_links.c.state == "open",
        )
        .values(state=state, decided_by=by, decided_at=now_us)
    )
    return done.rowcount == 1


def forget(conn: Connection, customer_ids: list[str]) -> int:
    """Nothing of these people is compared or linked any more. Returns how many rows went."""
    ids = sorted(customer_ids)
    links = conn.execute(
        delete(soft_links).where(or_(soft_links.c.one_id.in_(ids), soft_links.c.other_id.in_(ids)))
    )
    return links.rowcount + match_store.remove(conn, ids)


def _answer(conn: Connection, vault: Vault, customer_id: str, record: Any) -> Answer | None:
    """None where there is nothing to compare it by."""
    weights = shipped_weights()
    if not match_store.key_hashes(vault, record):
        return None
    near = match_store.candidates(conn, vault, record, without=customer_id)
    users = set(conn.execute(_HAS_USER, {"ids": [customer_id, *sorted(near)]}).scalars())
    if customer_id in users:
        near = {one: other for one, other in near.items() if one not in users}
    apart = merge_log.separate_from(conn, customer_id)
    scored = [
        (one, weigh(record, other, weights)) for one, other in near.items() if one not in apart
    ]
    standing = match_store.totals(conn)
    return answer(
        scored,
        weights,
        prior_match=standing.prior_match,
        population=max(LEAST_POPULATION, standing.records),
    )


def _link(conn: Connection, customer_id: str, found: Answer, now_us: int) -> None:
    assert found.id is not None and found.scored is not None
    one, other = sorted((customer_id, found.id))
    values = {
        "at": now_us,
        "posterior_bp": round(found.posterior * 10_000),
        "because": found.because or "posterior",
        "shown": json.dumps(_shown(found, found.scored), sort_keys=True),
    }
    if insert_or_ignore(conn, soft_links, one_id=one, other_id=other, state="open", **values):
        return
    conn.execute(
        update(soft_links)
        .where(
            soft_links.c.one_id == one,
            soft_links.c.other_id == other,
            soft_links.c.state == "open",
        )
        .values(**values)
    )


def _says_enough(scored: Scored) -> bool:
    agreeing = {part.field for part in scored.contributions if part.level in _AGREES}
    return len(agreeing) >= LEAST_FIELDS and bool(agreeing & _NAMES)


def _shown(found: Answer, scored: Scored) -> dict[str, Any]:
    """How each field agrees, in bits; none of what it says."""
    return {
        "posterior_bp": round(found.posterior * 10_000),
        "bits": round(scored.weight, 1),
        "fields": [
            {"field": part.field, "level": part.level, "bits": round(part.bits, 1)}
            for part in sorted(scored.contributions, key=lambda part: -abs(part.bits))
        ],
    }
