"""SMTP on the loop that the server has: uvloop, whose transports are of no asyncio class."""

from __future__ import annotations

import asyncio

from uvicorn.loops.auto import auto_loop_factory

from tests.tools.channels.contract import letter_of, ours, taken
from tests.tools.channels.mail_server import MailServer, mail_server
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.smtp import Smtp
from tools.channels.smtp_session import Relay

HEAD = (
    b"From: Haus Alba <hello@haus-alba.example>\r\n"
    b"To: ada@customer.example\r\n"
    b"Subject: Your cart\r\n"
    b"Date: Tue, 03 Mar 2026 12:00:00 +0000\r\n"
    b"Message-ID: <eff_01k2m3n4p5q6r7s8t9v0w1x2y3@haus-alba.example>\r\n\r\n"
)


def letter(body: bytes) -> Letter:
    return letter_of(HEAD + body, customer_id="cus_1", channel="email")


def on_the_servers_loop(
    body: bytes, *, hangs_up: str | None = None
) -> tuple[SendResult, MailServer]:
    async def sending() -> tuple[SendResult, MailServer]:
        async with mail_server() as server:
            server.hangs_up = hangs_up
            relay = Relay("127.0.0.1", server.port, "none", "haus-alba.example")
            asks = taken if hangs_up == "nobody" else ours
            return await Smtp("mail", relay).send(letter(body), still_ours=asks), server

    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(sending())


def test_a_letter_is_sent_on_the_servers_loop_whatever_its_size() -> None:
    for body in (b"The lamp Alba is still there.\r\n", (b"x" * 900 + b"\r\n") * 12_000):
        result, server = on_the_servers_loop(body)
        assert result == SendResult(SendStatus.SENT, "smtp:4ZxQ1", "")
        assert server.raw == [HEAD + body]


def test_p3_there_too_a_hang_up_says_what_is_true_and_a_taken_claim_stops_the_letter() -> None:
    small, large = b"The lamp Alba is still there.\r\n", (b"x" * 900 + b"\r\n") * 12_000
    for step, body, status in (
        ("LETTER", large, SendStatus.NOT_SENT),
        ("DATA", small, SendStatus.UNKNOWN),
        ("nobody", small, SendStatus.NOT_SENT),
    ):
        result, server = on_the_servers_loop(body, hangs_up=step)
        assert result.status is status, step
        assert len(server.arrived) == (step == "DATA")
