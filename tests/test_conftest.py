"""The ground other tests stand on: nothing leaves the machine, both databases are real, fresh."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from store import documents, wakeups
from store.database import Database
from tests import network
from tests.databases import Place
from tests.network import OutsideNetwork
from tests.postgresql import PostgreSQLServer

ELSEWHERE = "192.0.2.1"
POLICY = {"kind": "policy", "name": "commerce", "text": "x", "author": "bo", "at": 1}


def test_a_socket_cannot_leave_this_machine() -> None:
    with socket.socket() as tcp, pytest.raises(OutsideNetwork):
        tcp.connect((ELSEWHERE, 443))
    with socket.socket() as tcp, pytest.raises(OutsideNetwork):
        tcp.connect_ex((ELSEWHERE, 443))
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(OutsideNetwork):
        udp.sendto(b"x", (ELSEWHERE, 53))
    with pytest.raises(OutsideNetwork):
        socket.getaddrinfo("example.com", 443)
    assert len(network.tried) == 4
    network.tried.clear()


async def test_a_library_that_swallows_the_refusal_is_still_found_out() -> None:
    with pytest.raises(OutsideNetwork):
        await asyncio.open_connection(ELSEWHERE, 443)
    with pytest.raises(OutsideNetwork):
        urllib.request.urlopen("http://example.com")
    assert network.tried == [f"socket.connect {ELSEWHERE}", "socket.getaddrinfo example.com"]
    network.tried.clear()


async def test_loopback_and_unix_sockets_are_open() -> None:
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    server.close()
    left, right = socket.socketpair()
    left.sendall(b"x")
    assert right.recv(1) == b"x"
    left.close()
    right.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", b"localhost", None])
def test_this_machine_is_known_by_all_its_loopback_names(host: object) -> None:
    assert network.is_this_machine(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "::", "0.0.0.0", "localhost.com"])
def test_everything_else_is_elsewhere(host: object) -> None:
    assert not network.is_this_machine(host)


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_has_a_database_of_its_own(any_database: Database, _again: int) -> None:
    def mark(conn: Connection) -> None:
        conn.execute(text("INSERT INTO meta (key, value) VALUES ('seen', 'yes')"))

    any_database.write_now(mark)
    assert any_database.dialect in ("sqlite", "postgresql")


def test_a_server_ends_with_whoever_started_it_however_that_ends() -> None:
    program = (
        "import os, signal\n"
        "from tests.postgresql import PostgreSQLServer\n"
        "server = PostgreSQLServer()\n"
        "print(server.empty_url().partition('host=')[2], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # What watches over the server holds the other end of this pipe until all is cleared away.
    killed = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert killed.returncode == -signal.SIGKILL
    assert not os.path.exists(killed.stdout.strip())


def test_the_server_is_postgresql_and_hands_out_fresh_databases(
    postgresql_server: PostgreSQLServer,
) -> None:
    assert postgresql_server.empty_url() != postgresql_server.empty_url()
    first, second = postgresql_server.migrated_url(), postgresql_server.migrated_url()
    assert first != second
    postgresql_server.give_back(first)
    postgresql_server.give_back(second)


def test_whoever_still_uses_a_database_that_is_given_back_is_cut_off(
    postgresql_server: PostgreSQLServer,
) -> None:
    url = postgresql_server.migrated_url()
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO meta VALUES ('held', '')")
        postgresql_server.give_back(url)
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM meta").fetchone() == (0,)


def test_a_database_that_is_given_back_is_as_good_as_new(
    postgresql_server: PostgreSQLServer, tmp_path: Path
) -> None:
    place = Place(tmp_path, postgresql_server.migrated_url())
    for _ in range(2):
        db = place.open()
        assert db.write_now(documents.put, **POLICY).version == 1
        db.write_now(wakeups.schedule_due, kind="plan_again", ref="a", at=1, customer_id="a")
        assert [row.id for row in db.write_now(wakeups.due_of, "a")] == [1]
        db.close()
        assert place.url is not None
        postgresql_server.give_back(place.url)
        assert postgresql_server.migrated_url() == place.url
