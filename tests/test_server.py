"""Putting a server together: where it listens, what it refuses, who finds it."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
from pathlib import Path

import httpx
import pytest

import cli
import server
from agent.documents import BrokenDocuments
from agent.errors import Conflict
from store.lock import FolderBusy, FolderLock
from tests.api.broken_files import BROKEN, is_place, write
from tests.api.service import settings_of


@pytest.mark.parametrize("file", BROKEN)
def test_each_broken_file_alone_keeps_a_first_start_from_happening(
    tmp_path: Path, file: str
) -> None:
    write(tmp_path / "data", {file: BROKEN[file]})
    with pytest.raises(BrokenDocuments) as caught:
        server.build(settings_of(tmp_path / "data"))
    assert any(is_place(problem, file) for problem in caught.value.problems)


def test_a_start_that_failed_leaves_the_folder_to_the_next(tmp_path: Path) -> None:
    file = "policies/commerce.yaml"
    write(tmp_path / "data", {file: BROKEN[file]})
    for _ in range(2):
        with (
            pytest.raises(BrokenDocuments),
            server.running(settings_of(tmp_path / "data")),
        ):
            pass
    assert not (tmp_path / "data" / "server.json").exists()
    (tmp_path / "data" / file).unlink()
    with server.running(settings_of(tmp_path / "data")) as (url, _):
        assert server.address_of(tmp_path / "data") == url
    assert server.address_of(tmp_path / "data") is None


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(Conflict, match=f"port {port}.*in use.*--port"),
            server.running(settings_of(tmp_path / "data"), port=port),
        ):
            pass


def test_another_process_on_the_folder_keeps_a_server_out(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "data")
    lock.take()
    with (
        pytest.raises(FolderBusy, match="--data"),
        server.running(settings_of(tmp_path / "data")),
    ):
        pass
    lock.release()


def test_the_address_a_killed_server_left_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    left = {"url": "http://127.0.0.1:9", "pid": os.getpid() + 1}
    (folder / "server.json").write_text(json.dumps(left))
    assert server.address_of(folder) is None
    lock = FolderLock(folder)
    lock.take()
    assert server.address_of(folder) is None
    (folder / "server.json").write_text(json.dumps(left | {"pid": os.getpid()}))
    assert server.address_of(folder) == "http://127.0.0.1:9"
    for nonsense in ("", "[]", "{}", "null", '{"pid": 1}'):
        (folder / "server.json").write_text(nonsense)
        assert server.address_of(folder) is None
    lock.release()


async def test_without_a_server_commands_are_answered_by_one_made_for_the_moment(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path / "data")
    async with server.connect(settings) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        assert (await client.get("/v1/decisions")).status_code == 200
        with pytest.raises(FolderBusy):
            async with server.connect(settings):
                pass
    assert not FolderLock.held(tmp_path / "data")


def test_the_admins_key_is_written_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with server.running(settings_of(folder)):
        first = (folder / "admin.key").read_text()
        assert (folder / "admin.key").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(folder / "usher.db") as conn:
        (stored,) = conn.execute("SELECT key_sha256 FROM principals").fetchall()
    conn.close()
    assert first.strip() not in stored[0]
    with server.running(settings_of(folder)):
        assert (folder / "admin.key").read_text() == first


def test_simulated_time_does_not_start_in_a_folder_that_has_lived(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with server.running(settings_of(folder, clock=None)) as (url, _):
        headers = server.key_header(folder)
        sent = httpx.post(f"{url}/v1/track", json={"userId": "u", "event": "E"}, headers=headers)
        assert sent.status_code == 200
    with pytest.raises(Conflict, match="USHER_CLOCK"):
        server.build(settings_of(folder))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USHER_CLOCK", "yesterday"),
        ("USHER_CLOCK", "2026-03-03T12:00:00"),
        ("USHER_SETTLE", "soon"),
        ("USHER_SETTLE", "61"),
        ("USHER_LANES", "none"),
        ("USHER_PLANNER", "oracle"),
        ("USHER_MASTER_KEY", "c2hvcnQ="),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["usher", "migrate", "--data", str(tmp_path / "data")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert len(said.splitlines()) == 1
    assert name in said or name.removeprefix("USHER_").lower() in said
    assert value not in said
