"""Cards: what chat would do, written down until a person confirms it, once and in time.

A card is good for one confirmation, decided by compare-and-set; `done` writes what came of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from store.schema import chat_cards

#: A card that nobody confirmed is kept so long after it has expired, then swept away.
_KEPT_US = 24 * 3_600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `body`: ids and words of ours, from which it is carried out."""

    id: str
    kind: str
    body: dict[str, Any]
    asked_by: str
    needs_role: str
    at: int
    expires_at: int
    confirmed_by: str | None = None
    outcome: dict[str, Any] | None = None


def put(conn: Connection, card: Card) -> None:
    """Write a card, and sweep away those that nobody wanted."""
    conn.execute(
        delete(chat_cards).where(
            chat_cards.c.confirmed_at.is_(None), chat_cards.c.expires_at < card.at - _KEPT_US
        )
    )
    conn.execute(
        chat_cards.insert().values(
            id=card.id,
            kind=card.kind,
            body=json.dumps(card.body, sort_keys=True),
            asked_by=card.asked_by,
            needs_role=card.needs_role,
            at=card.at,
            expires_at=card.expires_at,
        )
    )


def get(conn: Connection, card_id: str) -> Card | None:
    """One card."""
    row = conn.execute(select(chat_cards).where(chat_cards.c.id == card_id)).first()
    if row is None:
        return None
    return Card(
        row.id,
        row.kind,
        json.loads(row.body),
        row.asked_by,
        row.needs_role,
        row.at,
        row.expires_at,
        row.confirmed_by,
        None if row.outcome is None else json.loads(row.outcome),
    )


def confirm(conn: Connection, card_id: str, *, by: str, at: int) -> bool:
    """Take a card for carrying out; False where somebody, or its time, was first."""
    taken = conn.execute(
        update(chat_cards)
        .where(
            chat_cards.c.id == card_id,
            chat_cards.c.confirmed_at.is_(None),
            chat_cards.c.expires_at > at,
        )
        .values(confirmed_by=by, confirmed_at=at)
    )
    return taken.rowcount == 1


def done(conn: Connection, card_id: str, outcome: dict[str, Any]) -> None:
    """Write what came of a confirmed card."""
    conn.execute(
        update(chat_cards)
        .where(chat_cards.c.id == card_id, chat_cards.c.confirmed_at.is_not(None))
        .values(outcome=json.dumps(outcome, sort_keys=True))
    )
