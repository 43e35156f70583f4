"""That this database was restored from a backup, and what of it is from before that.

Whoever ran on it after the backup may have decided on everything that had arrived by then, so no
plan is made of that again; its facts count, and what it ends is ended.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, select

from store.schema import inbox, meta

_KEY = "restored"
# Built once: building a statement costs several times what running it does.
_STANDS = select(meta.c.value).where(meta.c.key == _KEY)


@dataclass(frozen=True, slots=True)
class Restored:
    """The newest restoring. `until`: up to when another process may have worked on the original.

    `at`, `until` in microseconds of business time; `newest` is the last arrival by then.
    """

    at: int
    until: int
    newest: int
    made_at: str | None


def note(conn: Connection, *, at: int, until: int, made_at: str | None) -> Restored:
    """Write down that it was restored now."""
    newest = int(conn.execute(select(func.max(inbox.c.seq))).scalar() or 0)
    one = Restored(at, until, newest, made_at)
    conn.execute(delete(meta).where(meta.c.key == _KEY))
    conn.execute(meta.insert().values(key=_KEY, value=json.dumps(asdict(one), sort_keys=True)))
    return one


def newest(conn: Connection) -> Restored | None:
    """The newest restoring; None where there was none."""
    value = conn.execute(_STANDS).scalar()
    return None if value is None else Restored(**json.loads(value))


def is_stale(conn: Connection, seq: int) -> bool:
    """Whether this arrival may have been decided on before the database was restored."""
    found = newest(conn)
    return found is not None and seq <= found.newest
