"""Alerting: every little while the rules are asked, and what is new is told to whom settings name.

Deduplicated: an open alert is told once, and once more where it becomes graver. Written and told in
one unit. The journal's chain is audited more rarely, because that reads all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from agent import alert_rules
from agent.alert_settings import AlertTarget
from agent.pack_changing import Clocks
from agent.paging import page_of
from store import alerts, audit, deliveries
from store.alerts import SEVERITIES, Finding, Raised
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from tools.channels.receiver import Receiver
from tools.packs import PackShelf

log = structlog.get_logger("usher.alerting")

EVERY_S = 30.0
AUDIT_EVERY_S = 6 * 3_600.0
TOPIC = "alert"


class Alerting:
    """Looks, writes, tells. `problems` gives what is wrong with files now."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        shelf: PackShelf,
        *,
        pack_name: str,
        targets: Mapping[str, AlertTarget],
        made: Mapping[str, Receiver],
        problems: Callable[[], Sequence[str]],
        clocks: Clocks | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        closes: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`made`: the receivers of `targets`, by the same names; `closes` lets go of them."""
        self._closes = closes
        self._db, self._clock, self._shelf = db, clock, shelf
        self._pack_name = pack_name
        self._targets = dict(targets)
        self._made = dict(made)
        self._problems = problems
        self._clocks = clocks or Clocks()
        self._sleep = sleep
        self._chain: list[Finding] = []
        self._audited_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        self._task = asyncio.create_task(self._work(), name="alerting")

    async def stop(self) -> None:
        """Look no more; what is open stays open."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._closes is not None:
            await self._closes()

    async def receiver(self, name: str) -> Receiver | None:
        """The receiver of a target; None where settings name it no more."""
        return self._made.get(name)

    async def look(self) -> int:
        """Ask all rules once; how many alerts were told of."""
        await self._audit()
        now_us = self._clock.now_us()
        pack = await self._db.read(self._shelf.live, self._pack_name)
        found = await self._db.read(alert_rules.findings, pack, now_us)
        found += [*alert_rules.of_files(self._problems()), *self._chain]
        return await self._db.write(
            _write_and_tell,
            self._db,
            found=found,
            ids=[new_id("alt") for _ in range(len(found))],
            targets=self._targets,
            now_us=now_us,
            machine_us=self._clocks.machine_us(),
        )

    async def listing(
        self, *, open_only: bool, limit: int, cursor: str | None = None
    ) -> dict[str, Any]:
        """Alerts, newest first."""
        rows = await self._db.read(
            alerts.listing, open_only=open_only, limit=limit + 1, before=cursor
        )
        return page_of([_as_json(row) for row in rows], limit=limit, key="id").as_json()

    async def _audit(self) -> None:
        now = self._clocks.monotonic()
        if self._audited_at is not None and now - self._audited_at < AUDIT_EVERY_S:
            return
        report = await self._db.read(audit.verify, self._db.vault)
        self._chain = alert_rules.of_chain(report.problems)
        self._audited_at = now

    async def _work(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as fault:
                # By its class only; it is looked for again the next time.
                log.error("alerting_failed", error=type(fault).__name__)
            await self._sleep(EVERY_S)


def _write_and_tell(
    conn: Connection,
    db: Database,
    *,
    found: Sequence[Finding],
    ids: Sequence[str],
    targets: Mapping[str, AlertTarget],
    now_us: int,
    machine_us: int,
) -> int:
    raised = alerts.renew(conn, found, ids=ids, now_us=now_us)
    for one in raised:
        for name, target in targets.items():
            if SEVERITIES.index(one.finding.severity) >= SEVERITIES.index(target.least):
                _tell(conn, db, f"alert:{name}", one, machine_us)
    alerts.told(conn, [one.id for one in raised], now_us=now_us)
    return len(raised)


def _tell(conn: Connection, db: Database, target: str, one: Raised, machine_us: int) -> None:
    finding, key = one.finding, f"{one.id}:{one.finding.severity}"
    deliveries.add(
        conn,
        db.vault,
        id=deliveries.id_of(target, key),
        target=target,
        kind="alert",
        topic=TOPIC,
        dedupe_key=key,
        customer_id=None,
        body={
            "type": TOPIC,
            "alert_id": one.id,
            "kind": finding.kind,
            "severity": finding.severity,
            "text": finding.text,
            "link": finding.link,
        },
        now_us=machine_us,
    )


def _as_json(row: Any) -> dict[str, Any]:
    shown = ("id", "kind", "subject", "severity", "text", "link", "n")
    instants = ("first_at", "last_at", "closed_at")
    return {name: getattr(row, name) for name in (*shown, *instants)}
