"""Encryption and accounts: nothing in the clear that was to be encrypted, no password in a word."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.tools.channels.contract import ours
from tests.tools.channels.mail_server import Fuse, MailServer, certificate, mail_server
from tests.tools.channels.test_smtp import RAW, letter, relay
from tools.channels.channel import SendResult, SendStatus
from tools.channels.smtp import Smtp
from tools.channels.smtp_session import Relay, stuffed


def trusting(path: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


async def sent(server: MailServer, *, fuse: Fuse | None = None, **over: Any) -> SendResult:
    more: dict[str, Any] = {} if fuse is None else {"patience": fuse}
    channel = Smtp("mail", relay(server, **over), **more)
    return await channel.send(letter(), still_ours=ours)


@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_a_letter_goes_encrypted(tmp_path: Path, kind: str) -> None:
    context, trusted = certificate(tmp_path)
    async with mail_server(
        tls=context, implicit=kind == "tls", require_starttls=kind == "starttls"
    ) as server:
        result = await sent(server, tls=kind, trust=trusting(trusted))
        assert result.status is SendStatus.SENT
        assert server.raw == [RAW]


async def test_a_server_that_offers_no_encryption_is_told_nothing() -> None:
    async with mail_server() as server:
        result = await sent(server, tls="starttls", trust=ssl.create_default_context())
        assert result.status is SendStatus.NOT_SENT
        assert "STARTTLS" in result.detail
        assert server.commands == ["EHLO"]


@pytest.mark.parametrize("kind", ["starttls", "tls"])
async def test_a_certificate_nobody_vouches_for_ends_it(tmp_path: Path, kind: str) -> None:
    context, _ = certificate(tmp_path)
    async with mail_server(tls=context, implicit=kind == "tls") as server:
        result = await sent(server, tls=kind, trust=ssl.create_default_context())
        assert result.status is SendStatus.NOT_SENT
        assert "certificate" in result.detail
        assert "MAIL" not in server.commands


async def test_a_certificate_for_another_host_ends_it(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, host="other.example")
    async with mail_server(tls=context, implicit=True) as server:
        result = await sent(server, tls="tls", trust=trusting(trusted))
        assert (result.status, "certificate" in result.detail) == (SendStatus.NOT_SENT, True)


async def test_an_account_is_shown_over_an_encrypted_connection(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    async with mail_server(tls=context, auth_required=True) as server:
        known = {"tls": "starttls", "trust": trusting(trusted), "username": "usher"}
        result = await sent(server, password="open sesame", **known)
        assert result.status is SendStatus.SENT
        assert server.logins[-1] == (b"usher", b"open sesame")
        server.commands.clear()
        wrong = await sent(server, password="open barley", **known)
        assert wrong.status is SendStatus.NOT_SENT
        assert "535" in wrong.detail
        assert "barley" not in wrong.detail
        assert "MAIL" not in server.commands


async def test_a_server_without_accounts_is_not_taken_for_one_with(tmp_path: Path) -> None:
    async with mail_server() as server:
        result = await sent(server, username="usher", password="open sesame")
        assert result.status is SendStatus.NOT_SENT
        assert server.arrived == []


@pytest.mark.parametrize("step", ["STARTTLS", "AUTH"])
async def test_p3_a_silent_server_is_given_up_before_the_letter(tmp_path: Path, step: str) -> None:
    context, trusted = certificate(tmp_path)
    fuse = Fuse()
    async with mail_server(tls=context) as server:
        server.silent, server.on_silence = step, fuse.blow
        result = await sent(
            server,
            fuse=fuse,
            tls="starttls",
            trust=trusting(trusted),
            username="usher",
            password="open sesame",
        )
        assert (result.status, "in time" in result.detail) == (SendStatus.NOT_SENT, True)


async def test_a_letter_of_many_pieces_goes_whole_through_encryption(tmp_path: Path) -> None:
    """What is in front of the last line has left this process before that line is written."""
    context, trusted = certificate(tmp_path)
    raw = RAW + b".dotted " * 100 + b"\r\n" + (b".z" * 400 + b"\r\n") * 2_000
    async with mail_server(tls=context, implicit=True) as server:
        channel = Smtp("mail", relay(server, tls="tls", trust=trusting(trusted)))
        assert (await channel.send(letter(raw), still_ours=ours)).status is SendStatus.SENT
        assert server.raw == [raw]


def test_a_relay_shows_no_password() -> None:
    shown = repr(Relay("mx.example", 587, "starttls", "a.example", "usher", "open sesame"))
    assert "usher" in shown and "sesame" not in shown


def test_only_lines_that_begin_with_a_dot_get_another() -> None:
    assert stuffed(b".\r\na.b\r\n..c\r\n") == b"..\r\na.b\r\n...c\r\n"
