"""Contacts that count for two people: of a record that was two, nobody can say who got them.

Copies only: what is counted gets more, and no copy stands for a message. Committed from the start,
under an id of its own, so that the effect's fate does not take it back.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, literal, select

from store.schema import contacts

_COPIED = ("channel", "class", "purpose", "at", "local_day")


def count_for(conn: Connection, *, other: str, of: str, since_us: int) -> int:
    """Let `of`'s contacts since an instant (microseconds) count for `other` too. How many."""
    mark = f"~{other}"
    copied = conn.execute(
        insert(contacts).from_select(
            ["effect_id", "customer_id", *_COPIED, "state"],
            select(
                contacts.c.effect_id + mark,
                literal(other),
                *(contacts.c[name] for name in _COPIED),
                literal("committed"),
            ).where(
                contacts.c.customer_id == of,
                contacts.c.at >= since_us,
                contacts.c.state != "released",
                ~contacts.c.effect_id.endswith(mark, autoescape=True),
            ),
        )
    )
    return copied.rowcount
