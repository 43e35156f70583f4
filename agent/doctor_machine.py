"""What the doctor looks at on this machine: settings, folder, keys, disk, database, clock."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from sqlalchemy import func, make_url, select

from agent.doctor import Line, Look, check
from agent.settings import Settings
from store.looking import revisions
from store.schema import clock, inbox
from tools.channels.addresses import on_this_machine

_LITTLE, _NOTHING = 2 * 1024**3, 200 * 1024**2
_AHEAD_US = 5 * 60 * 1_000_000
_ANSWERS_WITHIN_S = 5.0
#: Files that nobody but their owner may read.
_PRIVATE = ("master.key", "admin.key", "keys.db", "usher.db")


@check("settings")
def _settings(look: Look) -> Iterator[Line]:
    """What is set otherwise than by default; secrets only as set."""
    told = [
        f"{name}: {shown(getattr(look.settings, name))}"
        for name, known in Settings.model_fields.items()
        if getattr(look.settings, name) != known.default and name != "data"
    ]
    yield Line("ok", "; ".join(told) if told else "everything is as shipped")


def shown(value: object) -> str:
    """A setting as people may see it: no secret, no account, of a table only its names."""
    if isinstance(value, SecretStr):
        return "set"
    if isinstance(value, dict):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, str) and "://" in value:
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    return str(value)


@check("data folder")
def _folder(look: Look) -> Iterator[Line]:
    folder = look.settings.data
    if not folder.is_dir():
        yield Line("warn", f"{folder} is not there", "the first start of usher serve makes it")
        return
    yield _private(folder, "what lies in it is sealed, but names of files are not", least="warn")
    for name in _PRIVATE:
        if (folder / name).exists():
            yield _private(folder / name, "others on this machine can read it")


def _private(path: Path, why: str, *, least: str = "fail") -> Line:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return Line("ok", f"{path} is its owner's only ({mode:04o})")
    right = "700" if path.is_dir() else "600"
    said = f"{path} has the mode {mode:04o}: {why}"
    return Line("warn" if least == "warn" else "fail", said, f"chmod {right} {path}")


@check("master key")
def _master(look: Look) -> Iterator[Line]:
    folder, url = look.settings.data, look.settings.database_url
    if look.settings.master_key is not None:
        look.settings.master()  # says in its own words where it is malformed
        yield Line("ok", "USHER_MASTER_KEY holds it; keep it apart from the data")
    elif (folder / "master.key").exists():
        yield Line("ok", f"{folder / 'master.key'}; keep a copy apart from the data")
    elif (folder / "keys.db").exists() or (url is not None and look.schema is not None):
        yield Line(
            "fail",
            "the master key is missing, and without it nothing can be opened",
            f"put {folder / 'master.key'} back, or state it in USHER_MASTER_KEY",
        )
    else:
        yield Line("ok", "the first start makes one")


@check("disk")
def _disk(look: Look) -> Iterator[Line]:
    place = look.settings.data.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    said = f"{free / 1024**3:,.1f} GB free at {place}"
    if free >= _LITTLE:
        yield Line("ok", said)
    else:
        yield Line(
            "fail" if free < _NOTHING else "warn",
            said,
            "make room, or set how long data is kept ([retention], docs/operating.md)",
        )


@check("server")
def _server(look: Look) -> Iterator[Line]:
    if look.server is None:
        yield Line(
            "warn", "no server works on this folder: what is due waits", "start it: usher serve"
        )
        return
    try:
        answer = httpx.get(f"{look.server}/readyz", timeout=_ANSWERS_WITHIN_S, trust_env=False)
    except httpx.HTTPError as fault:
        yield Line(
            "fail",
            f"{look.server} does not answer: {type(fault).__name__}",
            "look at its log, and start it again",
        )
        return
    if answer.is_success:
        yield Line("ok", f"{look.server} works off what it accepts")
    else:
        yield Line("fail", f"{look.server} is not ready ({answer.status_code})", "look at its log")


@check("database")
def _database(look: Look) -> Iterator[Line]:
    url = look.settings.database_url
    host = None if url is None else make_url(url).host
    where = (
        f"{look.settings.data / 'usher.db'}"
        if url is None
        else f"PostgreSQL at {host or 'the local socket'}"
    )
    leaves = host if host is not None and not on_this_machine(host) else None
    if look.unreachable is not None:
        yield Line(
            "fail",
            f"{where} cannot be used: {look.unreachable}",
            "start it, or mend USHER_DATABASE_URL",
            leaves,
        )
    elif look.schema is None:
        yield Line("warn", f"{where} holds nothing yet", "the first start makes it", leaves)
    elif look.schema == revisions()[-1]:
        yield Line("ok", f"{where}, schema {look.schema}, the newest", leaves=leaves)
    elif look.schema in revisions():
        said = f"{where} has the schema {look.schema}; this version needs {revisions()[-1]}"
        yield Line("fail", said, "make a backup, then: usher migrate", leaves)
    else:
        said = f"{where} has the schema {look.schema}, of a newer version than this one"
        yield Line("fail", said, "install that version; an older one must not work on it", leaves)


@check("clock")
def _clock(look: Look) -> Iterator[Line]:
    now = f"{datetime.fromtimestamp(look.now_us // 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
    if look.conn is None:
        yield Line("ok", f"this machine says {now}")
        return
    stands = look.conn.execute(select(clock.c.now_us)).scalar()
    if stands is not None:
        at = datetime.fromtimestamp(stands // 1_000_000, UTC)
        yield Line("ok", f"time is simulated and stands at {at:%Y-%m-%d %H:%M} UTC")
        return
    newest = look.conn.execute(select(func.max(inbox.c.seq))).scalar()
    at_us = look.conn.execute(select(inbox.c.received_at).where(inbox.c.seq == newest)).scalar()
    if at_us is not None and at_us > look.now_us + _AHEAD_US:
        yield Line(
            "fail",
            f"this machine says {now}, but something arrived later than that",
            "set the clock (timedatectl, chrony); quiet hours and caps go by it",
        )
        return
    yield Line("ok", f"this machine says {now}")
