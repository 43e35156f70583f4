"""Restoring a backup into an empty folder, and marking what was restored by other means.

The database appears in the folder last, marked already: a restore that stops half way leaves a
folder from which nothing can be sent.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic.util import CommandError
from sqlalchemy import Connection, update

from agent.backup import DATABASE, KEYS, copy_file, read_manifest
from agent.errors import Conflict, Invalid
from agent.restoring import Marked, mark
from agent.settings import Settings
from store import clock as clock_rows
from store.database import Database
from store.ids import new_id
from store.keys import KeyTable
from store.lock import FolderLock
from store.schema import memories
from store.sealing import Vault

_DRAFT: Final = "restoring"
_FOREVER: Final = (1 << 62) - 1
_CUSTOMER = re.compile(r"\bcus_[0-9a-z]{4,40}\b")
_NEEDS_KEYS = (
    "this backup holds no keys, and without them nothing personal in it can be read: name with "
    "--keys the folder that holds keys.db and master.key (the lost server's data folder, or where "
    "you keep them)"
)


@dataclass(frozen=True, slots=True)
class Restoring:
    """What became of a restore, for whoever asked."""

    marked: Marked
    made_at: str | None
    with_keys: bool


def restore(
    backup: Path, settings: Settings, *, keys: Path | None = None, until_us: int | None = None
) -> Restoring:
    """Restore a backup into the settings' data folder, on hold.

    `keys`: a folder with `keys.db` and `master.key` where they are not to come from the backup.
    `until_us`: up to when the original may have worked; None: up to now. Raises `Invalid` for a
    backup that is damaged or lacks its keys, `Conflict` where the folder is in use or not empty.
    """
    if settings.database_url is not None:
        raise Conflict(
            "this deployment's database is PostgreSQL: load the dump with pg_restore or psql, then "
            "usher restore --mark puts it on hold"
        )
    manifest = read_manifest(backup)
    data = settings.data
    if FolderLock.held(data):
        raise Conflict(f"a server works on {data}; stop it, and restore into an empty folder")
    if data.exists() and any(path.name != "usher.lock" for path in data.iterdir()):
        raise Conflict(f"{data} is not empty; restore into an empty folder, named with --data")
    sources = _keys_of(backup, keys, settings)
    lock = FolderLock(data)
    lock.take()
    draft = data / _DRAFT
    try:
        copy_file(backup / DATABASE, draft / DATABASE)
        for name, source in sources.items():
            copy_file(source, draft / name)
        marked = _marked(draft, settings, until_us=until_us, made_at=manifest["made_at"])
        for file in manifest["files"]:
            path = Path(file["path"])
            if path.parts[0] in ("outbox", "policies", "prompts"):
                copy_file(backup / path, data / path)
        for path in sorted(draft.iterdir(), key=lambda path: path.name == DATABASE):
            os.rename(path, data / path.name)  # the database last
        draft.rmdir()
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    finally:
        lock.release()
    return Restoring(marked, manifest["made_at"], bool(manifest["with_keys"]) and keys is None)


def mark_in_place(settings: Settings, *, until_us: int | None = None) -> Marked:
    """Put a deployment on hold whose database was loaded by other means (pg_restore, a snapshot).

    Raises `Conflict` where a server works on the folder.
    """
    if settings.database_url is None and not (settings.data / DATABASE).exists():
        raise Invalid(f"{settings.data} holds no {DATABASE} to mark; name its folder with --data")
    if FolderLock.held(settings.data):
        raise Conflict(f"a server works on {settings.data}; stop it before anything is marked")
    lock = FolderLock(settings.data)
    lock.take()
    try:
        return _marked(settings.data, settings, until_us=until_us, made_at=None)
    finally:
        lock.release()


def erasures_in(log: str) -> list[str]:
    """The customers that a log of erasures names: receipts as JSON, or an id a line."""
    return sorted(set(_CUSTOMER.findall(log)))


def _keys_of(backup: Path, keys: Path | None, settings: Settings) -> dict[str, Path]:
    folder = keys if keys is not None else backup
    if folder.is_file():
        folder = folder.parent
    table, master = folder / KEYS[0], folder / KEYS[1]
    if not table.exists():
        raise Invalid(f"{folder} holds no keys.db" if keys is not None else _NEEDS_KEYS)
    if master.exists():
        return {KEYS[0]: table, KEYS[1]: master}
    if settings.master() is None:
        raise Invalid(
            f"{folder} holds no master.key: put it there, or state it in USHER_MASTER_KEY"
        )
    return {KEYS[0]: table}


def _marked(
    folder: Path, settings: Settings, *, until_us: int | None, made_at: str | None
) -> Marked:
    keyed = _keyed(folder, settings)
    try:
        db = Database.open(folder, url=settings.database_url, master=settings.master())
    except CommandError as error:
        raise Invalid(f"this database is a newer usher's: install that first ({error})") from None
    try:
        standing = db.read_now(clock_rows.stored)
        now_us = time.time_ns() // 1000 if standing is None else standing
        # Nobody knows how far simulated time went on: all of it may have been due.
        usual = now_us if standing is None else _FOREVER
        return db.write_now(
            _unit,
            db.vault,
            brake_id=new_id("brk"),
            now_us=now_us,
            until_us=usual if until_us is None else until_us,
            made_at=made_at,
            keyed=keyed,
        )
    finally:
        db.close()


def _unit(
    conn: Connection,
    vault: Vault,
    *,
    brake_id: str,
    now_us: int,
    until_us: int,
    made_at: str | None,
    keyed: set[str],
) -> Marked:
    """The marking; and no vector is there yet, so all are written anew at the start."""
    conn.execute(update(memories).values(indexed=0))
    return mark(
        conn,
        vault,
        brake_id=brake_id,
        now_us=now_us,
        until_us=until_us,
        made_at=made_at,
        keyed=keyed,
    )


def _keyed(folder: Path, settings: Settings) -> set[str]:
    url = settings.database_url
    table = KeyTable.in_file(folder / KEYS[0]) if url is None else KeyTable.shared(url)
    try:
        return set(table.subjects_like("cus_"))
    finally:
        table.close()
