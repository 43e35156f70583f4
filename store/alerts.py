"""Alerts: one open row a kind and subject, however often it is found, until it is found no more.

Nobody's data is in them: our own ids, counts and names of files only. What is told of one is told
in the same unit (`store.deliveries`), so that an alert is written and announced, or neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from store.schema import alerts

#: The milder first.
SEVERITIES: Final = ("notice", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something people should look at, as a rule found it. `link` is a path of the console."""

    kind: str
    subject: str
    severity: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Raised:
    """An open alert that is worth telling: it is new (`again` False) or has become graver."""

    id: str
    finding: Finding
    again: bool


def renew(
    conn: Connection, findings: Iterable[Finding], *, ids: Iterable[str], now_us: int
) -> list[Raised]:
    """Bring the open alerts to what is found now; those to be told, in the order found.

    `ids` are fresh ones, one a finding at least. What is not found any more is closed.
    """
    open_now = {(row.kind, row.subject): row for row in listing(conn, open_only=True, limit=None)}
    spare = iter(ids)
    raised: list[Raised] = []
    found: set[tuple[str, str]] = set()
    for finding in findings:
        key = (finding.kind, finding.subject)
        if key in found:
            continue
        found.add(key)
        known = open_now.get(key)
        if known is None:
            raised.append(Raised(_open(conn, next(spare), finding, now_us), finding, again=False))
            continue
        graver = _rank(finding.severity) > _rank(known.severity)
        conn.execute(
            update(alerts)
            .where(alerts.c.id == known.id)
            .values(
                n=alerts.c.n + 1,
                last_at=now_us,
                text=finding.text,
                link=finding.link,
                severity=finding.severity if graver else known.severity,
            )
        )
        if graver:
            raised.append(Raised(str(known.id), finding, again=True))
    for key, row in open_now.items():
        if key not in found:
            conn.execute(update(alerts).where(alerts.c.id == row.id).values(closed_at=now_us))
    return raised


def told(conn: Connection, alert_ids: Iterable[str], *, now_us: int) -> None:
    """These have been written down for every target."""
    conn.execute(update(alerts).where(alerts.c.id.in_(list(alert_ids))).values(told_at=now_us))


def listing(
    conn: Connection, *, open_only: bool, limit: int | None, before: str | None = None
) -> list[Row[Any]]:
    """Alerts, newest first."""
    query = select(alerts).order_by(alerts.c.id.desc())
    if open_only:
        query = query.where(alerts.c.closed_at.is_(None))
    if before is not None:
        query = query.where(alerts.c.id < before)
    return list(conn.execute(query if limit is None else query.limit(limit)))


def _open(conn: Connection, alert_id: str, finding: Finding, now_us: int) -> str:
    conn.execute(
        alerts.insert().values(
            id=alert_id,
            kind=finding.kind,
            subject=finding.subject,
            severity=finding.severity,
            text=finding.text,
            link=finding.link,
            n=1,
            first_at=now_us,
            last_at=now_us,
            told_at=None,
            closed_at=None,
        )
    )
    return alert_id


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity)
