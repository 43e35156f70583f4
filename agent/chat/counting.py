"""How many: counted from plain columns; refusals from the journal's newest steps."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from agent.chat.windows import Window
from agent.explain_words import sentence
from agent.fact_words import counted
from store.journal import LABEL
from store.schema import approvals, decisions, effects, journal
from store.sealing import Erased, Vault

#: So many steps are opened at most; then the answer says that it has counted no further.
AT_MOST = 10_000
_CHANNELS = {"contacts": None, "email": "email", "sms": "sms"}
_THINGS = {"contacts": "contact", "email": "e-mail", "sms": "text message"}


def how_many(conn: Connection, vault: Vault, what: str, window: Window) -> str:
    """The answer, in a sentence."""
    return sentence(_counted(conn, vault, what, window))


def _counted(conn: Connection, vault: Vault, what: str, window: Window) -> str:
    if what in _CHANNELS:
        n = _sent(conn, _CHANNELS[what], window)
        return f"{counted(n, _THINGS[what])} went out {window.said}."
    if what == "decisions":
        return f"{counted(_decided(conn, window), 'decision')} {window.said}."
    if what == "waiting":
        waiting = select(func.count()).select_from(approvals).where(approvals.c.status == "pending")
        n = _one(conn, waiting)
        return f"{counted(n, 'question')} {'waits' if n == 1 else 'wait'} for a person now."
    if what == "deferred":
        queued = select(func.count()).select_from(effects).where(effects.c.status == "scheduled")
        n = _one(conn, queued)
        return f"{counted(n, 'contact')} {'is' if n == 1 else 'are'} queued for later now."
    refused, whole = _refused(conn, vault, window)
    so_far = "" if whole else f", counted in the newest {AT_MOST:,} steps only"
    return f"{counted(refused, 'decision')} had something refused {window.said}{so_far}."


def _one(conn: Connection, query: object) -> int:
    return int(conn.execute(query).scalar_one())  # type: ignore[call-overload]


def _sent(conn: Connection, channel: str | None, window: Window) -> int:
    query = (
        select(func.count())
        .select_from(effects)
        .where(
            effects.c.kind == "contact",
            effects.c.status == "sent",
            effects.c.settled_at >= window.since,
            effects.c.settled_at < window.until,
        )
    )
    return _one(conn, query if channel is None else query.where(effects.c.channel == channel))


def _decided(conn: Connection, window: Window) -> int:
    return _one(
        conn,
        select(func.count())
        .select_from(decisions)
        .where(decisions.c.opened_at >= window.since, decisions.c.opened_at < window.until),
    )


def _refused(conn: Connection, vault: Vault, window: Window) -> tuple[int, bool]:
    """Decisions in which the gate denied a call, and whether all were looked at."""
    rows = conn.execute(
        select(journal.c.decision_id, journal.c.body_sealed)
        .where(
            journal.c.kind == "step",
            journal.c.at >= window.since,
            journal.c.at < window.until,
        )
        .order_by(journal.c.pos.desc())
        .limit(AT_MOST)
    ).all()
    refused = set()
    for row in rows:
        try:
            outcome = vault.open_json(LABEL, row.body_sealed)["verdict"]["outcome"]
        except Erased:
            continue
        if outcome == "deny":
            refused.add(row.decision_id)
    return len(refused), len(rows) < AT_MOST
