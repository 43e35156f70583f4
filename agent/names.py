"""What people are called on operators' pages: a first name and an initial, or a dash."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from customers import profile
from store.sealing import Erased, Vault

NOBODY = "—"


def names_of(conn: Connection, vault: Vault, customer_ids: Sequence[str]) -> dict[str, str]:
    """Names by customer id. Who is erased, or never said a name, is a dash."""
    return {customer_id: _name(conn, vault, customer_id) for customer_id in customer_ids}


def _name(conn: Connection, vault: Vault, customer_id: str) -> str:
    try:
        person = profile.load(conn, vault, customer_id)
    except Erased:
        return NOBODY
    last = person.traits.get("lastName") or person.traits.get("last_name")
    initial = f" {last.value[:1]}." if last is not None and isinstance(last.value, str) else ""
    return f"{person.first_name}{initial}" if person.first_name else NOBODY
