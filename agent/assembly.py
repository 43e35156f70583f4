"""Assembly: a deployment put together from its settings, before anything runs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, make_url, select
from sqlalchemy.exc import OperationalError

from agent import documents, retention
from agent.board import WaitingBoard
from agent.channels import router_of, senders
from agent.embedder import Embedder, HashingEmbedder, WordLlamaEmbedder
from agent.environment import Environment
from agent.errors import Conflict
from agent.first_use import FirstUses
from agent.forgetting import Forgetting
from agent.pack_changing import Clocks, machine_us
from agent.planners.offline import OfflinePlanner
from agent.planners.rules import RulesPlanner
from agent.planning import Planner
from agent.recall import Recall
from agent.runs import Runs, ground_of
from agent.settings import Settings
from agent.telemetry import Telemetry
from agent.vector_server import ServerVectors
from agent.vector_store import VectorStore
from agent.vectors import MemoryVectors
from prompts.library import Library
from store import clock as clock_rows
from store import principals
from store.clock import Clock, SimulatedClock, SystemClock
from store.database import Database
from store.ids import new_id
from store.schema import inbox
from tools.channels.channel import KINDS, Channel
from tools.channels.outbox import Outbox
from tools.channels.routing import Router
from tools.packs import PackShelf

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a deployment may be put together from instead of the usual: None takes the usual one.

    `channels` by kind (`email`, `sms`, …); `planner` is what the `agent` arm runs; `vectors` keeps
    those of memories.
    """

    planner: Planner | None = None
    channels: Mapping[str, Channel] | None = None
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    database: type[Database] = Database
    vectors: VectorStore | None = None


def open_runs(settings: Settings, parts: Parts | None = None) -> Runs:
    """Open database, keys and documents and put the service together. Not started yet.

    Raises `MasterKeyError`, `BrokenDocuments`, `Conflict` and `VectorsUnavailable`, each saying
    what to do.
    """
    parts = parts or Parts()
    try:
        db = parts.database.open(
            settings.data,
            url=settings.database_url,
            master=settings.master(),
        )
    except OperationalError as error:
        if settings.database_url is None:
            raise
        at = make_url(settings.database_url)
        raise Conflict(
            f"the database at {at.host or 'the local socket'} (USHER_DATABASE_URL) cannot be used: "
            f"{_first_line(error)}"
        ) from None
    try:
        return _assemble(settings, db, parts)
    except BaseException:
        db.close()
        raise


def _first_line(error: OperationalError) -> str:
    """What the database's driver says, in one line; never a password."""
    return " ".join(str(error.orig).split())[:300]


def _assemble(settings: Settings, db: Database, parts: Parts) -> Runs:
    clock = _clock(settings, db)
    policies = settings.policies or _if_there(settings.own_policies)
    prompts = settings.prompts or _if_there(settings.data / "prompts")
    written = documents.read_files(prompts, policies)
    shelf = PackShelf()
    left = db.write_now(
        documents.seed_apart, written, at=clock.now_us(), default=settings.pack, shelf=shelf
    )
    library = db.read_now(documents.library_in_force)
    board = WaitingBoard()
    embedder = _embedder(settings)
    recall = Recall(db, embedder, parts.vectors or _vectors(settings, embedder))
    folder = settings.outbox
    outboxes: dict[str, Outbox] = {k: Outbox(folder, db.vault, kind=k) for k in KINDS}
    brand = {"email": library.brand.sender, "sms": library.brand.sms_sender}
    sender = senders(settings, brand)
    env = Environment(
        db=db,
        clock=clock,
        library=library,
        ground=ground_of(library),
        shelf=shelf,
        planners={"agent": parts.planner or _planner(settings, parts), "rules": _rules(library)},
        router=_router(settings, parts, outboxes, sender),
        recall=recall,
        board=board,
        telemetry=Telemetry(),
        first_uses=FirstUses(db, shelf, machine_us),
        pack_name=settings.pack,
        sender=sender,
        public_url=settings.public_url,
        settle_seconds=settings.settle,
        sleep=parts.sleep,
        monotonic=parts.monotonic,
    )
    db.read_now(env.shelf.live, settings.pack)
    db.read_now(retention.check, env.shelf, settings.retention)
    forgetting = Forgetting(db, clock, recall, outboxes["email"])
    return Runs(
        settings=settings,
        db=db,
        clock=clock,
        env=env,
        board=board,
        forgetting=forgetting,
        left_out=left,
        clocks=Clocks(monotonic=parts.monotonic),
    )


def _router(
    settings: Settings, parts: Parts, outboxes: Mapping[str, Channel], sender: Mapping[str, str]
) -> Router:
    """By the settings; channels that are handed in stand for all others, in every mode."""
    if parts.channels is not None:
        return Router(parts.channels, parts.channels, public_url=settings.public_url)
    return router_of(settings, outboxes, sender, monotonic=parts.monotonic, sleep=parts.sleep)


def ensure_admin(runs: Runs) -> Path:
    """The admin's key file: written at the first start (0600), its hash in the database."""
    path = runs.settings.data / "admin.key"
    known = runs.db.read_now(principals.listing)
    if any(row.name == ADMIN for row in known) and path.exists():
        return path
    key = principals.fresh_key()
    _write_private(path, key + "\n")
    runs.db.write_now(_put_admin, key=key, principal_id=new_id("prn"), at=runs.clock.now_us())
    return path


def _put_admin(conn: Connection, *, key: str, principal_id: str, at: int) -> None:
    made = principals.add(conn, principal_id=principal_id, name=ADMIN, role="admin", key=key, at=at)
    if made is None:
        principals.replace_key(conn, ADMIN, key)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _clock(settings: Settings, db: Database) -> Clock:
    standing = db.read_now(clock_rows.stored)
    if standing is not None:
        return SimulatedClock(standing)
    if settings.clock is None:
        return SystemClock()
    if db.read_now(_lived):
        raise Conflict(
            "this data folder has lived by the machine's clock; simulated time (USHER_CLOCK) "
            "starts in a fresh one: give another --data"
        )
    start = int(settings.clock.timestamp() * 1_000_000)
    return SimulatedClock(db.write_now(clock_rows.start, start))


def _lived(conn: Connection) -> bool:
    return conn.execute(select(inbox.c.seq).limit(1)).first() is not None


def _embedder(settings: Settings) -> Embedder:
    return WordLlamaEmbedder() if settings.embedder == "wordllama" else HashingEmbedder()


def _vectors(settings: Settings, embedder: Embedder) -> VectorStore:
    """In the data folder, or on the server that is set, which must answer at the start."""
    if settings.chroma_url is None:
        return MemoryVectors(settings.data / "memory", embedder.name)
    vectors = ServerVectors(settings.chroma_url, embedder.name)
    vectors.open()
    return vectors


def _planner(settings: Settings, parts: Parts) -> Planner:
    if not settings.plans_with_model:
        return OfflinePlanner()
    # The model's library takes seconds to import; who plans without a model does not wait for it.
    from agent.planners.llm import llm_planner

    return llm_planner(settings, sleep=parts.sleep)


def _rules(library: Library) -> RulesPlanner:
    channels = {
        name: next(iter(by_locale.values())).channel for name, by_locale in library.messages.items()
    }
    return RulesPlanner(library.rules, channels)


def _if_there(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None
