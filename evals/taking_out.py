"""Taking data out over HTTP: the suppression list as CSV, one person's archive as a file.

A file that is there is not overwritten unless that is said; what is written is whole, or not there,
and readable by its owner only.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console

from agent.errors import UsherError
from customers.suppression_entries import PLAIN

Connect = Callable[[Path | None], AbstractAsyncContextManager[httpx.AsyncClient]]
_FOLDER = typer.Option("--data", help="Folder of database, keys and outbox.", metavar="DIR")
_FORCE = typer.Option("--force", help="Overwrite the file.")
_COLUMNS = (*PLAIN, "scope", "purpose", "channel", "reason", "until", "at", "by", "hashed")
_PAGE = 200
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class NotTaken(UsherError):
    """It was not written, or the server said no; the text says which."""


def add_to(app: typer.Typer, connect: Connect, err: Console) -> None:
    """Put the commands on an application; `connect` opens a client of a folder's deployment."""

    @app.command()
    def access(
        reference: Annotated[str, typer.Argument(help="Our id, or any identifier of theirs.")],
        out: Annotated[Path, typer.Option("--out", help="Where to write it.", metavar="FILE.zip")],
        force: Annotated[bool, _FORCE] = False,
        data: Annotated[Path | None, _FOLDER] = None,
    ) -> None:
        """All that is kept of a person, as a zip: a page to read, and data for programs.

        Example: usher access ada@example.com --out ada.zip
        """
        _may_write(out, force=force)

        async def work() -> bytes:
            async with connect(data) as client:
                path = f"/v1/customers/{quote(reference, safe='')}/archive"
                return _checked(await client.get(path)).content

        content = asyncio.run(work())
        write(out, content, force=force)
        err.print(f"{out}: {len(content):,} bytes", markup=False, highlight=False)

    suppressions = typer.Typer(no_args_is_help=True, help="Who is not to be contacted.")
    app.add_typer(suppressions, name="suppressions")

    @suppressions.command("export")
    def suppressions_export(
        file: Annotated[Path | None, typer.Argument(help="Without it: standard output.")] = None,
        force: Annotated[bool, _FORCE] = False,
        data: Annotated[Path | None, _FOLDER] = None,
    ) -> None:
        """All that is in force, as CSV that `usher import` takes.

        Example: usher suppressions export list.csv
        """
        _may_write(file, force=force)

        async def work() -> tuple[str, str]:
            async with connect(data) as client:
                return await suppressions_as_csv(client)

        text, told = asyncio.run(work())
        if file is None:
            sys.stdout.write(text)
        else:
            write(file, text.encode(), force=force)
        err.print(told, markup=False, highlight=False)


async def suppressions_as_csv(client: httpx.AsyncClient) -> tuple[str, str]:
    """The whole list, a line an identifier, and a sentence that says how much it is."""
    out = io.StringIO()
    table = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    table.writeheader()
    entries = hashed = erased = 0
    async for page in _pages(client):
        erased = page["erased_identifiers"]
        for item in page["items"]:
            entries += 1
            hashed += item["hashed"]
            table.writerows(_lines(item))
    told = (
        f"{entries:,} suppressions in force; of {hashed:,} only our own keyed hash is kept, so that"
        f" they name nobody here; {erased:,} identifiers of erased people are withheld, and not"
        " listed"
    )
    return out.getvalue(), told


def _lines(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    row = {name: item[name] for name in _COLUMNS if item.get(name) is not None}
    row |= {name: _instant(item[name]) for name in ("until", "at")}
    row["hashed"] = "yes" if item["hashed"] else "no"
    for each in item["identifiers"] or [None]:
        yield row | ({each["kind"]: each["value"]} if each else {})


async def _pages(client: httpx.AsyncClient) -> AsyncIterator[dict[str, Any]]:
    asked: dict[str, str | int] = {"limit": _PAGE}
    while True:
        page = _checked(await client.get("/v1/suppressions", params=asked)).json()
        yield page
        if page["next_cursor"] is None:
            return
        asked["cursor"] = page["next_cursor"]


def write(file: Path, content: bytes, *, force: bool) -> None:
    """Write a file of its owner's, whole or not at all. Raises `NotTaken`."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.aside")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
        try:
            if force:
                os.replace(aside, file)
            else:
                os.link(aside, file)
        finally:
            aside.unlink(missing_ok=True)
    except FileExistsError:
        raise NotTaken(_THERE.format(file=file)) from None
    except OSError as error:
        raise NotTaken(f"{file} cannot be written: {error.strerror or error}") from error


_THERE = "{file} is there already; name another file, or say --force to overwrite it"


def _may_write(file: Path | None, *, force: bool) -> None:
    """Refuse before anything is asked for."""
    if file is not None and file.exists() and not force:
        raise NotTaken(_THERE.format(file=file))


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        said = response.json()
        raise NotTaken(f"{said.get('title')}: {said.get('detail')}")
    return response


def _instant(at_us: int | None) -> str:
    if at_us is None:
        return ""
    return (_BEGIN + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")
