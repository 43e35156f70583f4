"""Saying something to the chat of a deployment, and what of an answer a test looks at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from store.principals import Principal
from store.schema import metadata
from tests.agent.deployment import Deployment

VIEWER = Principal("prn_v", "vic", "viewer")
OPERATOR = Principal("prn_o", "olga", "operator")
APPROVER = Principal("prn_a", "ann", "approver")


async def say(d: Deployment, text: str, *, by: Principal = OPERATOR) -> list[tuple[str, Any]]:
    return [(said.event, said.data) async for said in d.runs.chat.say(text, by=by)]


async def told(d: Deployment, text: str, *, by: Principal = OPERATOR) -> str:
    """The text of an answer without a card."""
    pieces = await say(d, text, by=by)
    assert [event for event, _ in pieces] == ["text", "done"], pieces
    return str(pieces[0][1]["text"])


async def card(d: Deployment, text: str, *, by: Principal = OPERATOR) -> dict[str, Any]:
    pieces = await say(d, text, by=by)
    assert [event for event, _ in pieces] == ["text", "card", "done"], pieces
    assert "Nothing is done yet" in pieces[0][1]["text"]
    made: dict[str, Any] = pieces[1][1]
    return made


def everything(d: Deployment, *, but: frozenset[str] = frozenset()) -> dict[str, list[Any]]:
    """Every row of every table."""

    def read(conn: Connection) -> dict[str, list[Any]]:
        return {
            name: sorted(map(repr, conn.execute(select(table)).all()))
            for name, table in metadata.tables.items()
            if name not in but
        }

    return d.runs.db.read_now(read)


def a_cart(n: int, value_minor: int, **more: Any) -> dict[str, Any]:
    items = [{"sku": "SKU-1", "quantity": 1, "price_minor": value_minor}]
    return {"id": f"c{n}", "value_minor": value_minor, "currency": "EUR", "items": items, **more}
