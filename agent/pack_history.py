"""Who changed what: versions of a pack with author, approver, reason, time and changed lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from agent.text_diff import diff
from store import documents, pack_changes
from store.documents import Document
from store.pack_changes import Change, Use
from tools.packs import PackShelf

#: Versions whose changed lines are worked out; those before are told without.
_MOST_COMPARED = 20


def versions(conn: Connection, name: str) -> list[dict[str, Any]]:
    """Every version there was, newest first."""
    found = documents.versions(conn, kind="policy", name=name)
    made: dict[int, Change] = {}
    for change in pack_changes.of_pack(conn, name, status="published"):
        if change.version not in made or _decided(change) > _decided(made[change.version]):
            made[change.version] = change
    used = {use.change_id: use for use in pack_changes.uses(conn, name)}
    older = [*found[1:], None]
    return [
        {
            **described(document),
            **_made(made.get(document.version), used),
            "lines": lines(before.text if before else "", document.text)
            if n < _MOST_COMPARED and before is not None
            else None,
        }
        for n, (document, before) in enumerate(zip(found, older, strict=True))
    ]


def in_force(conn: Connection, name: str) -> dict[str, Any] | None:
    """Since when the pack decides as it does, by which change; None for what is older than that.

    A pack that stands on another changes with it, so the change may be one of the other.
    """
    for use in pack_changes.uses(conn, name)[:1]:
        change = pack_changes.get(conn, use.change_id)
        if change is not None:
            return {
                "change": change.id,
                "pack": change.name,
                "version": change.version,
                **_when(change, use),
            }
    return None


def changes(conn: Connection, shelf: PackShelf, name: str) -> list[dict[str, Any]]:
    """Every change of a pack, newest first; waiting ones with the text and what it changes.

    `also`: packs in force that are built on it, and change with it.
    """
    also = [one for one in shelf.in_force(conn).on_top_of(name) if one != name]
    live = documents.live(conn, kind="policy", name=name)
    used = {use.change_id: use for use in pack_changes.uses(conn, name)}
    return [
        {
            **told(change, used.get(change.id)),
            "also": also,
            "text": change.text,
            "lines": lines("" if live is None else live.text, change.text)
            if change.status == "waiting"
            else None,
        }
        for change in pack_changes.of_pack(conn, name)
    ]


def told(change: Change, use: Use | None = None) -> dict[str, Any]:
    """One change without its text."""
    return {
        "id": change.id,
        "pack": change.name,
        "kind": change.kind,
        "version": change.version,
        "status": change.status,
        "author": change.author,
        "reason": change.reason,
        "at": change.at,
        "four_eyes": change.four_eyes,
        "decided_by": change.decided_by,
        "decided_reason": change.decided_reason,
        "decided_at": change.decided_at,
        **(_when(change, use) if change.status == "published" else {}),
    }


def described(document: Document) -> dict[str, Any]:
    """One version without its text."""
    return {
        "name": document.name,
        "version": document.version,
        "sha256": document.sha256,
        "author": document.author,
        "created_at": document.created_at,
    }


def lines(before: str, after: str) -> list[dict[str, Any]]:
    """What changes from one text to the other, line by line."""
    return [
        {"sign": line.sign, "number": line.number, "text": line.text}
        for line in diff(before, after)
    ]


def _made(change: Change | None, used: Mapping[str, Use]) -> dict[str, Any]:
    if change is None:
        return {"approver": None, "reason": "", "kind": "put", **_WHEN_UNKNOWN}
    return {
        "approver": change.decided_by,
        "reason": change.reason,
        "kind": change.kind,
        **_when(change, used.get(change.id)),
    }


_WHEN_UNKNOWN: Mapping[str, Any] = {
    "in_force_since": None,
    "took_us": None,
    "first_decision": None,
    "first_decision_after_us": None,
}


def _when(change: Change, use: Use | None) -> dict[str, Any]:
    """`first_decision_after_us`: real time from the commit, which no later decision can miss."""
    after: int | None = None
    if use is not None and use.first_used_us is not None and change.committed_us is not None:
        after = max(0, use.first_used_us - change.committed_us)
    return {
        "in_force_since": change.decided_at,
        "took_us": change.took_us,
        "first_decision": None if use is None else use.first_used_by,
        "first_decision_after_us": after,
    }


def _decided(change: Change) -> int:
    return change.decided_at or 0
