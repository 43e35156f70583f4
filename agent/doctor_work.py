"""What the doctor reads in the database: pack, chain, brakes, stuck work, what waits for people."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from agent import condition
from agent.doctor import Line, Look, check
from store import audit, brakes
from store.looking import keys_of
from store.master_key import MasterKeyError, decode
from store.schema import clock, live_documents


@check("policy pack")
def _pack(look: Look) -> Iterator[Line]:
    if look.conn is None:
        return
    name = look.settings.pack
    version = look.conn.execute(
        select(live_documents.c.version).where(
            live_documents.c.kind == "policy", live_documents.c.name == name
        )
    ).scalar()
    if version is None:
        yield Line("fail", f"there is no pack {name}", "publish it, or mend USHER_PACK")
    else:
        yield Line("ok", f"{name} version {version} is in force")


@check("journal")
def _chain(look: Look) -> Iterator[Line]:
    if look.conn is None:
        return
    settings = look.settings
    try:
        master = settings.master() or decode(
            (settings.data / "master.key").read_text(), where=str(settings.data / "master.key")
        )
        with keys_of(settings.data, settings.database_url, master) as vault:
            report = audit.verify(look.conn, vault)
    except (MasterKeyError, OSError) as fault:
        yield Line("fail", f"it cannot be verified: {fault}", "see the line on the master key")
        return
    if report.intact:
        yield Line("ok", f"{report.entries:,} entries, every chain is whole and fits its anchors")
    for problem in report.problems:
        todo = "somebody changed the database: keep it, and compare it with a backup"
        yield Line("fail", problem, todo)


@check("brake")
def _brakes(look: Look) -> Iterator[Line]:
    if look.conn is None:
        return
    pulled = brakes.in_force(look.conn)
    for brake in pulled:
        said = f"{brake.scope} is stopped ({brake.in_flight}) by {brake.by}: {brake.reason}"
        yield Line("warn", said, "an approver lifts it on the page Brake")
    if not pulled:
        yield Line("ok", "nothing is stopped")


@check("work")
def _work(look: Look) -> Iterator[Line]:
    if look.conn is None:
        return
    stands = look.conn.execute(select(clock.c.now_us)).scalar()
    now_us = look.now_us if stands is None else int(stands)
    now = condition.found(look.conn, now_us=now_us, machine_us=look.now_us)
    for kind in now.standing.kinds:
        waits = f"{kind.what}: {kind.n:,}, the oldest for {kind.age_s:,} s"
        if kind.stuck:
            yield Line("warn", waits, kind.todo if look.server else "start the server: usher serve")
        elif kind.n:
            yield Line("ok", waits)
    if not any(kind.n for kind in now.standing.kinds):
        yield Line("ok", "nothing is due that is not done")
    if now.dead_letters:
        todo = "read, replay or discard them on the page Stuck work, or GET /v1/dead-letters"
        yield Line("warn", f"dead letters: {now.dead_letters:,}", todo)
    if now.unknown_effects:
        said = f"effects of which nobody knows whether they arrived: {now.unknown_effects:,}"
        yield Line("warn", said, "say whether they arrived, on the page To be looked at")
