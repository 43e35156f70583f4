"""SMTP keeps the contract of channels, and says what is true whatever a server does (P3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.tools.channels.contract import ChannelContract, letter_of, ours, taken
from tests.tools.channels.mail_server import Fuse, MailServer, mail_server
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.pace import Pace
from tools.channels.smtp import Smtp
from tools.channels.smtp_session import Relay, Step

HEAD = (
    b"From: Haus Alba <hello@haus-alba.example>\r\n"
    b"To: ada@customer.example\r\n"
    b"Subject: Your cart\r\n"
    b"Date: Tue, 03 Mar 2026 12:00:00 +0000\r\n"
    b"Message-ID: <eff_01k2m3n4p5q6r7s8t9v0w1x2y3@haus-alba.example>\r\n"
)
RAW = HEAD + b"\r\nThe lamp Alba is still there.\r\n"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as served:
        yield served


def relay(server: MailServer, **over: object) -> Relay:
    made = Relay(host="127.0.0.1", port=server.port, tls="none", hello="haus-alba.example")
    return replace(made, **over)  # type: ignore[arg-type]


def letter(raw: bytes = RAW) -> Letter:
    return letter_of(raw, customer_id="cus_1", channel="email")


def large() -> Letter:
    """A letter that no buffer between two sockets holds."""
    return letter(HEAD + b"\r\n" + (b"x" * 900 + b"\r\n") * 12_000)


async def sent(server: MailServer, what: Letter | None = None) -> SendResult:
    return await Smtp("mail", relay(server)).send(what or letter(), still_ours=ours)


class TestSmtp(ChannelContract):
    """The contract."""

    @pytest.fixture(autouse=True)
    def _with(self, server: MailServer) -> None:
        self.server = server

    def make_channel(self) -> Smtp:
        return Smtp("mail", relay(self.server))

    def letter(self) -> Letter:
        return letter()

    def arrived(self) -> list[bytes]:
        return self.server.raw

    def block(self) -> None:
        self.server.stop()


async def test_one_letter_goes_to_one_person_under_the_servers_own_name_for_it(
    server: MailServer,
) -> None:
    result = await sent(server)
    assert result == SendResult(SendStatus.SENT, "smtp:4ZxQ1", "")
    [envelope] = server.arrived
    assert envelope.mail_from == "hello@haus-alba.example"
    assert envelope.rcpt_tos == ["ada@customer.example"]


async def test_a_server_that_names_no_queue_is_quoted_by_our_own_id(server: MailServer) -> None:
    server.says["DATA"] = "250 thanks, ada@customer.example"
    result = await sent(server)
    assert (result.status, result.provider_id) == (SendStatus.SENT, f"smtp:{letter().effect_id}")


_ANSWERS = [
    ("MAIL", "451 4.3.0 try later", SendStatus.NOT_SENT),
    ("MAIL", "550 5.7.1 hello@haus-alba.example: not you", SendStatus.REFUSED),
    ("MAIL", "530 5.7.0 log in first", SendStatus.NOT_SENT),
    ("RCPT", "450 4.2.1 ada@customer.example is full", SendStatus.NOT_SENT),
    ("RCPT", "550 5.1.1 <ada@customer.example> no such user", SendStatus.REFUSED),
    ("BEFORE", "452 4.3.1 no room", SendStatus.NOT_SENT),
    ("BEFORE", "554 5.7.1 not that", SendStatus.REFUSED),
    ("BEFORE", "421 4.3.2 closing", SendStatus.NOT_SENT),
    ("DATA", "451 4.7.1 greylisted, ada@customer.example", SendStatus.NOT_SENT),
    ("DATA", "554 5.7.1 spam for ada@customer.example", SendStatus.REFUSED),
    ("DATA", "354 what more", SendStatus.UNKNOWN),
    ("DATA", "no number at all", SendStatus.UNKNOWN),
    ("EHLO", "550 5.7.1 not you", SendStatus.NOT_SENT),
]


@pytest.mark.parametrize(("step", "says", "status"), _ANSWERS, ids=lambda value: str(value)[:12])
async def test_p3_what_a_server_answers_is_what_the_channel_says(
    server: MailServer, step: str, says: str, status: SendStatus
) -> None:
    server.says[step] = says
    result = await sent(server)
    assert result.status is status
    assert result.detail
    assert "ada" not in result.detail and "hello@" not in result.detail
    assert server.arrived == []
    if says[:3].isdigit() and step != "EHLO":
        assert says[:3] in result.detail


async def test_p3_a_refusal_is_told_by_its_numbers(server: MailServer) -> None:
    server.says["RCPT"] = "550 5.1.1 <ada@customer.example> no such user"
    said = (await sent(server)).detail
    assert said == "the mail server said 550 5.1.1 to the recipient"


async def test_p3_a_hang_up_before_the_end_of_the_letter_has_sent_nothing(
    server: MailServer,
) -> None:
    server.hangs_up = "LETTER"
    asked: list[bool] = []

    async def asking() -> bool:
        asked.append(True)
        return True

    result = await Smtp("mail", relay(server)).send(large(), still_ours=asking)
    assert result.status is SendStatus.NOT_SENT
    assert (server.arrived, asked) == ([], [])


async def test_p3_a_hang_up_after_the_end_of_the_letter_is_unknown(server: MailServer) -> None:
    server.hangs_up = "DATA"
    result = await sent(server)
    assert result.status is SendStatus.UNKNOWN
    assert result.provider_id is None
    assert len(server.arrived) == 1, "and so it must not be sent again"


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "BEFORE"])
async def test_p3_a_hang_up_on_the_way_has_sent_nothing(server: MailServer, step: str) -> None:
    server.hangs_up = step
    assert (await sent(server)).status is SendStatus.NOT_SENT


@pytest.mark.parametrize(
    ("step", "what", "status"),
    [
        ("EHLO", letter(), SendStatus.NOT_SENT),
        ("MAIL", letter(), SendStatus.NOT_SENT),
        ("RCPT", letter(), SendStatus.NOT_SENT),
        ("BEFORE", letter(), SendStatus.NOT_SENT),
        ("LETTER", large(), SendStatus.NOT_SENT),
        ("DATA", letter(), SendStatus.UNKNOWN),
    ],
    ids=["hello", "sender", "recipient", "data", "letter", "answer"],
)
async def test_p3_a_silent_server_is_given_up_at_each_step(
    server: MailServer, step: str, what: Letter, status: SendStatus
) -> None:
    fuse = Fuse()
    server.silent, server.on_silence = step, fuse.blow
    channel = Smtp("mail", relay(server, step_seconds=7, answer_seconds=70), patience=fuse)
    result = await channel.send(what, still_ours=ours)
    assert result.status is status
    assert "in time" in result.detail
    assert fuse.asked_for[-1] == (70 if step == "DATA" else 7)
    assert server.arrived == []


async def test_p3_a_port_that_says_nothing_is_given_up() -> None:
    fuse = Fuse()
    gone = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fuse.blow()
        await reader.read()
        writer.close()
        gone.set()

    listening = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    channel = Smtp("mail", Relay("127.0.0.1", port, "none", "haus-alba.example"), patience=fuse)
    result = await channel.send(letter(), still_ours=ours)
    assert (result.status, "in time" in result.detail) == (SendStatus.NOT_SENT, True)
    await gone.wait()
    listening.close()


async def test_p3_the_claim_is_asked_about_when_only_the_last_line_is_missing(
    server: MailServer,
) -> None:
    """A claim that ends while the letter is on its way stops it: the server never has it whole."""
    seen: list[list[str]] = []

    async def too_late() -> bool:
        seen.append(list(server.commands))
        return False

    result = await Smtp("mail", relay(server)).send(letter(), still_ours=too_late)
    assert seen == [["EHLO", "MAIL", "RCPT", "BEFORE"]]
    assert result.status is SendStatus.NOT_SENT
    assert (await sent(server)).status is SendStatus.SENT
    assert len(server.arrived) == 1


async def test_p3_a_question_that_fails_or_is_cancelled_hands_nothing_over(
    server: MailServer,
) -> None:
    async def failing() -> bool:
        raise RuntimeError("the database has gone")

    with pytest.raises(RuntimeError):
        await Smtp("mail", relay(server)).send(letter(), still_ours=failing)
    asked = asyncio.Event()

    async def waiting() -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    sending = asyncio.create_task(Smtp("mail", relay(server)).send(letter(), still_ours=waiting))
    await asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (await sent(server)).status is SendStatus.SENT
    assert len(server.arrived) == 1


@pytest.mark.parametrize("ends", ["sent", "refused", "taken"])
async def test_p3_no_connection_outlives_its_letter(server: MailServer, ends: str) -> None:
    if ends == "refused":
        server.says["RCPT"] = "550 5.1.1 nobody"
    await Smtp("mail", relay(server)).send(letter(), still_ours=taken if ends == "taken" else ours)
    async with asyncio.timeout(20):
        await server.all_closed.wait()
    assert server.connections == 1


async def test_a_letter_that_is_refused_before_it_leaves_reaches_no_server(
    server: MailServer,
) -> None:
    result = await sent(server, letter(RAW.replace(b"\r\n", b"\n")))
    assert result.status is SendStatus.REFUSED
    assert server.connections == 0


_INJECTIONS = [
    "ada@customer.example>\r\nRCPT TO:<eve@evil.example",
    "ada@customer.example\r\nDATA",
    "ada@customer.example\n",
    "<ada@customer.example>,<eve@evil.example>",
    "ada@customer.example, eve@evil.example",
    "ada@customer.example SIZE=1",
    "@evil.example:ada@customer.example",
    '"ada\r\nRCPT TO:<eve@evil.example>"@customer.example',
    "ada@[127.0.0.1]",
    "ada@customer.example\x00",
    "ada",
    "",
]


@pytest.mark.parametrize("address", _INJECTIONS)
@pytest.mark.parametrize("side", ["to", "sender"])
async def test_p11_an_address_that_would_be_a_command_is_refused(
    server: MailServer, side: str, address: str
) -> None:
    bad = replace(letter(), **{side: address})  # type: ignore[arg-type]
    result = await sent(server, bad)
    assert result.status is SendStatus.REFUSED
    assert address == "" or address not in result.detail
    assert server.connections == 0


async def test_an_address_of_another_script_travels_in_ascii(server: MailServer) -> None:
    raw = RAW.replace(b"ada@customer.example", b"ada@xn--bcher-kva.example")
    result = await sent(server, replace(letter(raw), to="ada@bücher.example"))
    assert result.status is SendStatus.SENT
    assert server.arrived[0].rcpt_tos == ["ada@xn--bcher-kva.example"]


async def test_lines_that_begin_with_dots_arrive_as_they_were(server: MailServer) -> None:
    raw = HEAD + b"\r\n.\r\n..\r\n.a line\r\n\r\n.\r\nthe end.\r\n"
    assert (await sent(server, letter(raw))).status is SendStatus.SENT
    assert server.raw == [raw]


async def test_the_longest_line_arrives_and_a_longer_one_is_refused(server: MailServer) -> None:
    longest = HEAD + b"\r\n" + b"y" * 998 + b"\r\n"
    assert (await sent(server, letter(longest))).status is SendStatus.SENT
    longer = await sent(server, letter(HEAD + b"\r\n" + b"y" * 999 + b"\r\n"))
    assert longer.status is SendStatus.REFUSED
    assert server.raw == [longest]


async def test_a_letter_larger_than_a_server_takes_is_refused_before_it_is_written() -> None:
    async with mail_server(data_size_limit=1_000) as small:
        result = await sent(small, letter(HEAD + b"\r\n" + b"z" * 900 + b"\r\n" + RAW[-20:]))
        assert result.status is SendStatus.REFUSED
        assert small.commands == ["EHLO"]


async def test_the_steps_are_told_as_they_go_well(server: MailServer) -> None:
    told: list[Step] = []
    await Smtp("mail", relay(server)).send(letter(), still_ours=ours, told=told.append)
    assert told == [
        Step.CONNECT,
        Step.HELLO,
        Step.SENDER,
        Step.RECIPIENT,
        Step.DATA,
        Step.LETTER,
        Step.ANSWER,
    ]


async def test_a_channel_at_its_rate_sends_nothing_and_says_so(server: MailServer) -> None:
    async def no_waiting(seconds: float) -> None:
        raise AssertionError("nobody waits here")

    pace = Pace(0.01, patience=20, monotonic=lambda: 5.0, sleep=no_waiting)
    channel = Smtp("mail", relay(server), pace=pace)
    assert (await channel.send(letter(), still_ours=ours)).status is SendStatus.SENT
    second = await channel.send(letter(), still_ours=ours)
    assert (second.status, "rate" in second.detail) == (SendStatus.NOT_SENT, True)
    assert len(server.arrived) == 1
