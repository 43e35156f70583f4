"""How far an agent goes now: as people have set it, else as its file says, but live never by that.

A file is written by whoever writes agents; that an agent writes to customers is an approver's word.
"""

from __future__ import annotations

from sqlalchemy import Connection

from prompts.agents import AgentFile, Mode
from store import agent_modes


def mode_of(conn: Connection, agent: AgentFile) -> str:
    """`shadow`, `sandbox` or `live`."""
    row = agent_modes.newest(conn, agent.name)
    if row is not None:
        return str(row.mode)
    return (Mode.SANDBOX if agent.mode is Mode.LIVE else agent.mode).value
