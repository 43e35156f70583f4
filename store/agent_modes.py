"""How far each agent may go, as people have set it. Every setting stays; the newest one holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from store.schema import agent_modes


def put(
    conn: Connection, *, agent: str, mode: str, by: str, at: int, seen: str | None = None
) -> None:
    """Set a mode. `seen`: the digest of what was shown first; `live` is not written without."""
    conn.execute(agent_modes.insert().values(agent=agent, mode=mode, by=by, at=at, seen=seen))


def newest(conn: Connection, agent: str) -> Row[Any] | None:
    """What was set last; None where nobody has set anything."""
    return conn.execute(
        select(agent_modes)
        .where(agent_modes.c.agent == agent)
        .order_by(agent_modes.c.id.desc())
        .limit(1)
    ).first()


def history(conn: Connection, agent: str, *, limit: int) -> list[Row[Any]]:
    """What was set, newest first."""
    return list(
        conn.execute(
            select(agent_modes)
            .where(agent_modes.c.agent == agent)
            .order_by(agent_modes.c.id.desc())
            .limit(limit)
        )
    )


def is_live(conn: Connection, agent: str) -> bool:
    """Whether people have let this agent write to customers."""
    row = newest(conn, agent)
    return row is not None and row.mode == "live"
