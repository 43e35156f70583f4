"""Taking data out: a file is whole and its owner's, and one that is there is left alone."""

from __future__ import annotations

import csv
import io
import stat
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

import server
from evals.taking_out import NotTaken, add_to, suppressions_as_csv, write
from tests.api.service import service, settings_of


async def test_the_list_is_a_line_an_identifier_and_tells_how_much_it_is(tmp_path: Path) -> None:
    async with service(settings_of(tmp_path / "data")) as api:
        assert "0 suppressions" in (await suppressions_as_csv(api.client))[1]
        await api.person("ada", phone="+4915112345678")
        entries: list[dict[str, Any]] = [
            {"user_id": "ada", "reason": 'said "no", twice', "until": "2027-01-01T00:00:00Z"},
            *({"user_id": f"u{k}"} for k in range(201)),
        ]
        await api.ok("POST", "/v1/suppressions", {"entries": entries})
        await api.person("bob")
        await api.ok("DELETE", "/v1/customers/bob")
        text, told = await suppressions_as_csv(api.client)
    rows = list(csv.DictReader(io.StringIO(text)))
    named = [row for row in rows if row["hashed"] == "no"]
    assert len(rows) == 203 and len(named) == 2
    assert {row["email"] or row["phone"] for row in named} == {"ada@example.com", "+4915112345678"}
    assert {row["reason"] for row in named} == {'said "no", twice'}
    assert {row["until"] for row in named} == {"2027-01-01T00:00:00Z"}
    assert "202 suppressions in force; of 201 " in told and "2 identifiers of erased" in told


def test_a_file_is_its_owners_and_not_overwritten_unless_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "out.zip"
    write(file, b"one", force=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(NotTaken, match="--force"):
        write(file, b"two", force=False)
    assert file.read_bytes() == b"one"
    write(file, b"two", force=True)
    assert file.read_bytes() == b"two"
    with pytest.raises(NotTaken, match="cannot be written"):
        write(tmp_path / "nowhere" / "out.zip", b"one", force=True)
    assert list(tmp_path.iterdir()) == [file], "nothing lies aside"


def test_an_archive_is_written_by_the_command(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data")

    @asynccontextmanager
    async def connect(data: Path | None) -> Any:
        async with server.connect(settings) as client:
            who = {"userId": "a/b", "traits": {"email": "ada@example.com"}}
            (await client.post("/v1/identify", json=who)).raise_for_status()
            yield client

    app = typer.Typer()
    add_to(app, connect, Console(stderr=True))
    out = tmp_path / "ada.zip"
    done = CliRunner().invoke(app, ["access", "a/b", "--out", str(out)])
    assert done.exit_code == 0, done.output
    with ZipFile(out) as archive:
        assert b"ada@example.com" in archive.read("README.html")
    again = CliRunner().invoke(app, ["access", "a/b", "--out", str(out)])
    assert isinstance(again.exception, NotTaken) and "--force" in str(again.exception)
    unknown = CliRunner().invoke(app, ["access", "nobody", "--out", str(tmp_path / "x.zip")])
    assert isinstance(unknown.exception, NotTaken) and not (tmp_path / "x.zip").exists()
