"""Changes of packs as units of work: published, or put before a second person, never half.

What was planned is written only while what is in force is still what it was planned on. Texts,
builds, the change itself and what became stale by it stand in one transaction, so whoever decides
sees all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from agent.pack_plan import Plan, Wish
from policies.jurisdictions import NAME
from policies.pack import Pack
from store import documents, pack_builds, pack_changes
from store.documents import Key
from store.pack_builds import Part
from store.pack_changes import Change

#: Author of what came from a folder; nobody's name, so anybody may agree to it.
FILES, SHIPPED = "files", "shipped"


class Meanwhile(Exception):
    """Something else came into force since this was planned; plan again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants a change, why and when. `kind`: `put`, or `rollback` to a version there was."""

    author: str
    reason: str
    at: int
    kind: str = "put"


def publish(
    conn: Connection, plan: Plan, wanted: Wanted, fresh_id: Callable[[str], str]
) -> list[Change]:
    """Put the texts of a plan that needs one person in force. Raises `Meanwhile`, `OldVersion`."""
    assert not plan.two_people, "this needs a second person"
    _still(conn, plan.base)
    changes = [
        replace(
            _change(conn, plan, wish, wanted, fresh_id),
            status="published",
            decided_at=wanted.at,
        )
        for wish in plan.wishes
    ]
    for change in changes:
        _rises(conn, change)
    for change in changes:
        pack_changes.add(conn, change)
    _bring(conn, plan, changes, wanted.at)
    return changes


def propose(
    conn: Connection, plan: Plan, wanted: Wanted, fresh_id: Callable[[str], str]
) -> list[Change]:
    """Put the texts of a plan before a second person; an author's earlier proposals give way."""
    _still(conn, plan.base)
    proposed = []
    for wish in plan.wishes:
        made = _change(conn, plan, wish, wanted, fresh_id)
        made = replace(made, four_eyes=True)
        _rises(conn, made)
        waiting = pack_changes.of_pack(conn, wish.name, status="waiting")
        own = [change for change in waiting if change.author == made.author]
        same = next((change for change in own if _of(change) == _of(made)), None)
        for other in own:
            if other is same:
                continue
            pack_changes.decide(
                conn,
                other.id,
                to="superseded",
                by=made.author,
                reason="proposed anew",
                at=made.at,
            )
        if same is None:
            pack_changes.add(conn, made)
        proposed.append(same or made)
    return proposed


def agree(conn: Connection, plan: Plan, change: Change, *, by: str, reason: str, at: int) -> bool:
    """Put a proposal in force; False where somebody was first. Raises `Meanwhile`, `OldVersion`."""
    _still(conn, plan.base)
    if not pack_changes.decide(conn, change.id, to="published", by=by, reason=reason, at=at):
        return False
    _bring(conn, plan, [change], at)
    return True


def refuse(conn: Connection, change_id: str, *, by: str, reason: str, at: int) -> bool:
    """Turn a proposal down, or take one's own back; False where somebody was first."""
    return pack_changes.decide(conn, change_id, to="rejected", by=by, reason=reason, at=at)


def grow_stale(conn: Connection, change_id: str, *, at: int) -> None:
    """What it was proposed on is no longer in force."""
    pack_changes.decide(
        conn, change_id, to="stale", by=None, reason="another version came into force", at=at
    )


def _still(conn: Connection, base: Key) -> None:
    documents.in_line(conn)
    if documents.live_key(conn, "policy") != base:
        raise Meanwhile


def _change(
    conn: Connection, plan: Plan, wish: Wish, wanted: Wanted, fresh_id: Callable[[str], str]
) -> Change:
    return Change(
        id=fresh_id("chg"),
        name=wish.name,
        kind=wanted.kind,
        version=plan.version(wish),
        sha256=documents.digest(wish.text),
        text=wish.text,
        base_sha256=plan.before.get(wish.name),
        author=wanted.author,
        reason=wanted.reason,
        at=wanted.at,
        four_eyes=False,
    )


def _of(change: Change) -> tuple[str, str, str | None]:
    return change.kind, change.sha256, change.base_sha256


def _rises(conn: Connection, change: Change) -> None:
    newest = documents.newest(conn, kind="policy", name=change.name)
    if change.kind == "put" and change.version <= newest:
        raise documents.OldVersion.of(change.name, change.version, newest)


def _bring(conn: Connection, plan: Plan, changes: list[Change], at: int) -> None:
    """Texts first, then every pack that changes by them, then what can no longer be agreed to."""
    by_name = {change.name: change for change in changes}
    for change in changes:
        if change.kind == "rollback":
            documents.make_live(
                conn, kind="policy", name=change.name, version=change.version, at=at
            )
        else:
            documents.put(
                conn,
                kind="policy",
                name=change.name,
                text=change.text,
                author=change.author,
                at=at,
                version=change.version,
            )
    for pack, wish in plan.changed:
        write_build(conn, pack, at)
        pack_changes.brought(conn, by_name[wish.name].id, name=pack.name, build_sha256=pack.sha256)
        for waiting in pack_changes.of_pack(conn, pack.name, status="waiting"):
            if waiting.base_sha256 != pack.sha256:
                grow_stale(conn, waiting.id, at=at)


def write_build(conn: Connection, pack: Pack, at: int) -> None:
    """Write down what a pack in force is made of; what is known stays as it is."""
    parts = [Part("policy", text.name, text.version) for text in pack.texts]
    laws = documents.live(conn, kind="policy", name=NAME) if pack.jurisdictions else None
    if laws is not None:
        parts.insert(0, Part("policy", NAME, laws.version))
    pack_builds.put(
        conn, sha256=pack.sha256, name=pack.name, version=pack.version, parts=parts, at=at
    )
