"""One conversation with a mail server, step by step, up to the one line that hands a letter over.

Whoever ends a step badly raises `Stopped` with what is true then. Before the line that ends the
letter nothing has been handed over, whatever happens; once that line is out, only the server's own
answer says what became of it. An answer is told by its number: its words may hold an address.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, TypeAlias, TypeVar, cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from tools.channels.channel import SendStatus

T = TypeVar("T")
Tls: TypeAlias = Literal["starttls", "tls", "none"]
Patience: TypeAlias = Callable[[float], asyncio.Timeout]
_DETAILED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)", re.ASCII)
#: About the connection or the account, not about the letter: whatever is mended, it can be sent.
_NOT_THE_LETTER: Final = frozenset({421, 454, 500, 502, 503, 530, 534, 535, 538})


class Step(StrEnum):
    """Where a conversation stands."""

    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    LETTER = "letter"
    ANSWER = "answer"


WORDS: Final = {
    Step.CONNECT: "when it was called",
    Step.HELLO: "when it was greeted",
    Step.TLS: "when the connection was to be encrypted",
    Step.LOGIN: "when it was given the account",
    Step.SENDER: "to the sender",
    Step.RECIPIENT: "to the recipient",
    Step.DATA: "when it was to take the letter",
    Step.LETTER: "while it took the letter",
    Step.ANSWER: "to the letter",
}
#: What a step that has gone well means, in words.
SAID: Final[Mapping[str, str]] = {
    Step.CONNECT: "the mail server answers",
    Step.HELLO: "it greets us",
    Step.TLS: "the connection is encrypted",
    Step.LOGIN: "it knows the account",
    Step.SENDER: "it takes the sender",
    Step.RECIPIENT: "it takes the recipient",
    Step.DATA: "it is ready for the letter",
    Step.LETTER: "the letter is written",
    Step.ANSWER: "it has taken the letter",
}
_OF_THE_LETTER: Final = frozenset({Step.SENDER, Step.RECIPIENT, Step.DATA, Step.ANSWER})


class Stopped(Exception):
    """The conversation ended before the letter was taken; what that means for the letter."""

    def __init__(self, step: Step, status: SendStatus, detail: str) -> None:
        super().__init__(detail)
        self.step = step
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server and how to talk to it. `none`: in the clear. Seconds are for each step."""

    host: str
    port: int
    tls: Tls
    hello: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    trust: ssl.SSLContext | None = None
    step_seconds: float = 10.0
    answer_seconds: float = 60.0


class Session:
    """One connection. `told` hears of each step once it has gone well."""

    def __init__(
        self,
        relay: Relay,
        *,
        patience: Patience = asyncio.timeout,
        told: Callable[[Step], None] | None = None,
    ) -> None:
        """Make it; nothing is opened yet."""
        self._relay = relay
        self._patience = patience
        self._told = told
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=relay.hello,
            timeout=None,
            use_tls=relay.tls == "tls",
            start_tls=False,
            tls_context=relay.trust,
        )

    async def open(self) -> None:
        """Connect, greet, encrypt, log in, as the relay is set. Raises `Stopped`."""
        relay, client = self._relay, self._client
        await self._do(Step.CONNECT, client.connect)
        await self._do(Step.HELLO, client.ehlo)
        if relay.tls == "starttls":
            if not client.supports_extension("starttls"):
                raise Stopped(
                    Step.TLS, SendStatus.NOT_SENT, "the mail server offers no encryption (STARTTLS)"
                )
            await self._do(Step.TLS, client.starttls)
            await self._do(Step.HELLO, client.ehlo)
        if relay.username is not None:
            name, word = relay.username, relay.password or ""
            await self._do(Step.LOGIN, lambda: client.login(name, word))

    async def address(self, *, sender: str, to: str, size: int) -> None:
        """Name sender and recipient. Raises `Stopped`."""
        client = self._client
        options = [f"SIZE={size}"] if client.supports_extension("size") else []
        await self._do(Step.SENDER, lambda: client.mail(sender, options=options))
        await self._do(Step.RECIPIENT, lambda: client.rcpt(to))

    async def write(self, letter: bytes) -> None:
        """Write the letter, all but the line that ends it: nothing is handed over by this."""
        await self._do(Step.DATA, self._data)
        await self._do(Step.LETTER, lambda: self._body(letter))

    async def hand_over(self) -> str:
        """Write the line that ends the letter; the server's answer. Raises `Stopped`."""
        client = self._client
        if not client.is_connected:
            raise self._lost(Step.LETTER)
        said = await self._do(
            Step.ANSWER, lambda: client.execute_command(b"."), seconds=self._relay.answer_seconds
        )
        if not 200 <= said.code <= 299:
            raise _answered(Step.ANSWER, said.code, said.message)
        return said.message

    def close(self) -> None:
        """Say goodbye, wait for nothing, and close."""
        protocol, client = self._client.protocol, self._client
        if protocol is not None and protocol.is_connected:
            protocol.write(b"QUIT\r\n")
        client.close()

    def abandon(self) -> None:
        """Close without a word: what was begun is not ended."""
        self._client.close()

    # -- inside ----------------------------------------------------------------------------------

    async def _do(
        self, step: Step, what: Callable[[], Awaitable[T]], *, seconds: float | None = None
    ) -> T:
        """One step within its time; whatever it ends with is `Stopped`, or its value."""
        try:
            async with self._patience(seconds or self._relay.step_seconds):
                value = await what()
        except SMTPResponseException as answer:
            raise _answered(step, answer.code, answer.message) from None
        except TimeoutError:
            raise self._lost(step, "did not answer in time") from None
        except ssl.SSLCertVerificationError:
            raise self._lost(step, "shows a certificate that is not trusted") from None
        except (SMTPException, OSError, UnicodeError, ValueError) as fault:
            if isinstance(fault.__cause__, ssl.SSLCertVerificationError):
                raise self._lost(step, "shows a certificate that is not trusted") from None
            raise self._lost(step) from None
        if self._told is not None:
            self._told(step)
        return value

    async def _data(self) -> None:
        said = await self._client.execute_command(b"DATA")
        if said.code != 354:
            raise SMTPResponseException(said.code, said.message)

    async def _body(self, letter: bytes) -> None:
        """Write, and wait until all of it has left this process."""
        protocol, transport = self._client.protocol, self._client.transport
        if protocol is None or transport is None:
            raise ConnectionResetError
        # No isinstance: the transports of uvloop, on which the server runs, are of no such class.
        cast(asyncio.WriteTransport, transport).set_write_buffer_limits(high=0)
        protocol.write(stuffed(letter))
        # aiosmtplib has no other way to ask; `test_smtp.py` sees it if this one goes.
        await protocol._drain_helper()

    def _lost(self, step: Step, what: str = "could not be reached, or hung up,") -> Stopped:
        status = SendStatus.UNKNOWN if step is Step.ANSWER else SendStatus.NOT_SENT
        return Stopped(step, status, f"the mail server {what} {WORDS[step]}")


def stuffed(letter: bytes) -> bytes:
    """A letter as it goes over the line: a dot more where a line begins with one."""
    return re.sub(rb"(?m)^\.", b"..", letter)


def _answered(step: Step, code: int, words: str) -> Stopped:
    """What an answer that is not the one hoped for means."""
    detailed = _DETAILED.match(words)
    said = f"{code} {detailed.group()}" if detailed else f"{code}"
    about_it = step in _OF_THE_LETTER and code not in _NOT_THE_LETTER
    if 500 <= code <= 599 and about_it:
        status = SendStatus.REFUSED
    elif step is Step.ANSWER and not 400 <= code <= 599:
        status = SendStatus.UNKNOWN
    else:
        status = SendStatus.NOT_SENT
    return Stopped(step, status, f"the mail server said {said} {WORDS[step]}")
