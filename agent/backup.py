"""Backups: the database as of one instant, the outbox, the folder's own files, and a manifest.

Made beside a running server: SQLite copies its pages on one snapshot, the write-ahead log's with
them. The keys are not in it unless that is asked for, so an erasure reaches it by destroying the
key; vectors are not in it either, they are written anew. A backup is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.errors import Conflict, Invalid
from agent.settings import Settings
from store.engines import owners_only

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
DATABASE: Final = "usher.db"
KEYS: Final = ("keys.db", "master.key")
_NO_KEYS = (
    "The keys are not in this backup: keep keys.db and master.key elsewhere. Without them nothing "
    "personal in it can be read; with today's, whoever was erased since stays erased."
)
_WITH_KEYS = (
    "The keys are in this backup: whoever has it can read it, and whoever is erased after it was "
    "made can be read in it. Erase them again once it is restored."
)
_NO_MASTER = " The master key is stated in USHER_MASTER_KEY and is not in it."


class MakeBackup(BaseModel):
    """Where to, on the server's machine, and whether the keys go with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[str, Field(min_length=1, max_length=4096)]
    with_keys: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """What a deployment consists of on disk."""

    data: Path
    outbox: Path
    policies: Path
    prompts: Path

    @classmethod
    def of(cls, settings: Settings) -> Sources:
        """Those of a deployment on SQLite. Raises `Conflict` for PostgreSQL."""
        if settings.database_url is not None:
            raise Conflict(
                "this deployment's database is PostgreSQL: take its backup with pg_dump, without "
                "the rows of subject_keys (--exclude-table-data=subject_keys), which you keep "
                "apart; once it is loaded, usher restore --mark puts it on hold"
            )
        prompts = settings.prompts or settings.data / "prompts"
        return cls(settings.data, settings.outbox, settings.own_policies, prompts)


def make(sources: Sources, to: Path, *, with_keys: bool = False) -> dict[str, Any]:
    """Write a backup into `to`, a folder that is not there yet or empty; its manifest.

    Raises `Invalid` for a folder that cannot be, `Conflict` for one that holds something.
    """
    to = _checked(to, sources.data)
    aside = to.with_name(f".{to.name}.{secrets.token_hex(4)}.aside")
    try:
        aside.mkdir(mode=0o700, parents=True)
        made_at = datetime.now(UTC)
        _copy_database(sources.data / DATABASE, aside / DATABASE)
        for name, folder in (
            ("outbox", sources.outbox),
            ("policies", sources.policies),
            ("prompts", sources.prompts),
        ):
            _copy_tree(folder, aside / name)
        said = _copy_keys(sources.data, aside) if with_keys else _NO_KEYS
        manifest = {
            "format": FORMAT,
            "usher": version("usher"),
            "schema": _schema_of(aside / DATABASE),
            "made_at": made_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "with_keys": with_keys,
            "says": said,
            "files": _files_of(aside),
        }
        _write(aside / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n")
        if to.exists():
            to.rmdir()
        os.rename(aside, to)
    except OSError as error:
        raise Invalid(f"the backup cannot be written to {to}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


def read_manifest(backup: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are all there, and as they were. Raises `Invalid`."""
    try:
        manifest = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        stated = {str(file["path"]): str(file["sha256"]) for file in manifest["files"]}
        format_ = int(manifest["format"])
    except FileNotFoundError:
        raise Invalid(f"{backup} is no backup of usher: it has no {MANIFEST}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{backup / MANIFEST} cannot be read: {type(error).__name__}") from None
    if format_ != FORMAT:
        raise Invalid(f"{backup} was made by a newer usher ({manifest.get('usher')}): install that")
    found = {file["path"]: file["sha256"] for file in _files_of(backup) if file["path"] != MANIFEST}
    for path in sorted(stated.keys() | found.keys()):
        if path not in found:
            raise Invalid(f"{backup} is not whole: {path} is missing; take another backup")
        if path not in stated:
            raise Invalid(f"{backup} holds {path}, which its manifest does not name; remove it")
        if stated[path] != found[path]:
            raise Invalid(f"{backup} is damaged: {path} is not what was written; take another one")
    if DATABASE not in stated:
        raise Invalid(f"{backup} holds no {DATABASE}")
    checked: dict[str, Any] = manifest
    return checked


def copy_file(source: Path, to: Path) -> None:
    """Copy one file for its owner only, durably."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as read, os.fdopen(handle, "wb") as out:
        shutil.copyfileobj(read, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())


def _checked(to: Path, data: Path) -> Path:
    if not to.is_absolute():
        raise Invalid(f"name the backup's folder in full, from the root; '{to}' is not")
    to = Path(os.path.normpath(to))
    inside = data.resolve()
    if to.resolve() == inside or inside in to.resolve().parents:
        raise Invalid(f"{to} lies within the data folder; a backup belongs elsewhere")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise Conflict(f"{to} is there and not empty; name another folder")
    return to


def _copy_database(source: Path, to: Path) -> None:
    """All pages in one step, on one snapshot: whoever writes meanwhile neither waits nor shows."""
    owners_only(to)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(to)) as out,
    ):
        read.backup(out, pages=-1)
        # A backup is one file: nothing beside it, whatever the original kept.
        out.execute("PRAGMA journal_mode=DELETE")
        [(said,)] = out.execute("PRAGMA quick_check(1)").fetchall()
        if said != "ok":
            raise Conflict(f"the database is damaged ({said}); this backup was not kept")


def _copy_tree(folder: Path, to: Path) -> None:
    """Every plain file below a folder; what vanishes meanwhile was erased, and stays so."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.endswith(".aside"):
            try:
                copy_file(path, to / path.relative_to(folder))
            except FileNotFoundError:
                continue


def _copy_keys(data: Path, aside: Path) -> str:
    owners_only(aside / KEYS[0])
    with (
        closing(sqlite3.connect(f"file:{data / KEYS[0]}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(aside / KEYS[0])) as out,
    ):
        read.backup(out, pages=-1)
    if (data / KEYS[1]).exists():
        copy_file(data / KEYS[1], aside / KEYS[1])
        return _WITH_KEYS
    return _WITH_KEYS + _NO_MASTER


def _schema_of(database: Path) -> str:
    with closing(sqlite3.connect(database)) as conn:
        [(revision,)] = conn.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(revision)


def _files_of(folder: Path) -> list[dict[str, Any]]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            name = path.relative_to(folder).as_posix()
            found.append({"path": name, "bytes": path.stat().st_size, "sha256": digest})
    return found


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
