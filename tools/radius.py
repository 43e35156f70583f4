"""Taking turns within a blast radius: claims of one agent are counted one after the other.

Two claims at the same moment must not both be the last that needs nobody. Where the pack draws a
radius, each claim of an agent first takes hold of one row of that agent, and sees what the one
before has written.
"""

from __future__ import annotations

from sqlalchemy import Connection

from store import counters
from tools.tool import Setting


def in_turn(conn: Connection, setting: Setting) -> None:
    """Wait until every other claim of this agent has ended; nothing where there is no radius."""
    if setting.pack.approvals.blast_radius is not None:
        counters.set_ceiling(conn, f"radius:{setting.agent.name}", 0)
