"""A real mail server (aiosmtpd) on the loopback, in the test's own loop, that can be made to fail.

Where it is silent it says so to a `Fuse`, which lets the client's patience end at that moment: a
step that waits is seen to give up without anybody waiting.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Fuse:
    """A client's patience that ends when a test says so, and never by the clock."""

    def __init__(self) -> None:
        self._current: asyncio.Timeout | None = None
        self.asked_for: list[float] = []

    def __call__(self, seconds: float) -> asyncio.Timeout:
        self.asked_for.append(seconds)
        self._current = asyncio.timeout(None)
        return self._current

    def blow(self) -> None:
        assert self._current is not None
        self._current.reschedule(asyncio.get_running_loop().time())


class MailServer:
    """What has arrived, and what it answers. `says` by step: `RCPT`, `DATA` (after the letter), …

    `silent` and `hangs_up` name a step at which it does so; `LETTER` is while the letter comes.
    """

    def __init__(self) -> None:
        self.port = 0
        self.arrived: list[Envelope] = []
        self.commands: list[str] = []
        self.says: dict[str, str] = {}
        self.silent: str | None = None
        self.hangs_up: str | None = None
        self.on_silence: Callable[[], None] = lambda: None
        self.connections = 0
        self.open = 0
        self.all_closed = asyncio.Event()
        self.logins: list[tuple[bytes, bytes]] = []
        self._server: asyncio.Server | None = None

    @property
    def raw(self) -> list[bytes]:
        """The letters as bytes."""
        return [bytes(envelope.content or b"") for envelope in self.arrived]

    def stop(self) -> None:
        """Take no more calls."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def at(self, step: str, server: SMTP) -> str | None:
        """What happens at a step: silence, the end of the connection, an answer, or None."""
        self.commands.append(step)
        if self.silent == step:
            self.on_silence()
            await asyncio.Event().wait()
        if self.hangs_up == step:
            assert server.transport is not None
            server.transport.abort()
            return "250 into the void"
        return self.says.get(step)

    # -- what aiosmtpd calls ---------------------------------------------------------------------

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, host: str, said: list[str]
    ) -> list[str]:
        """Greeted."""
        answer = await self.at("EHLO", server)
        session.host_name = host
        return said if answer is None else [answer]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Told the sender."""
        answer = await self.at("MAIL", server)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Told a recipient."""
        answer = await self.at("RCPT", server)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The letter is whole."""
        answer = await self.at("DATA", server)
        if answer is None or answer.startswith("2"):
            self.arrived.append(envelope)
        return answer or "250 2.0.0 Ok: queued as 4ZxQ1"

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Whether somebody may send."""
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"open sesame", handled=False)


class _Smtp(SMTP):
    """aiosmtpd's server with the steps for which it calls nobody."""

    event_handler: MailServer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:  # and not once more when the line is encrypted
            self.event_handler.connections += 1
            self.event_handler.open += 1
            self.event_handler.all_closed.clear()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.open -= 1
        if self.event_handler.open == 0:
            self.event_handler.all_closed.set()

    async def smtp_STARTTLS(self, arg: str) -> None:
        answer = await self.event_handler.at("STARTTLS", self)
        if answer is None:
            await super().smtp_STARTTLS(arg)
        else:
            await self.push(answer)

    async def smtp_AUTH(self, arg: str) -> None:
        answer = await self.event_handler.at("AUTH", self)
        if answer is None:
            await super().smtp_AUTH(arg)
        else:
            await self.push(answer)

    async def smtp_DATA(self, arg: str) -> None:
        answer = await self.event_handler.at("BEFORE", self)
        if answer is not None:
            await self.push(answer)
            return
        if "LETTER" not in (self.event_handler.hangs_up, self.event_handler.silent):
            await super().smtp_DATA(arg)
            return
        await self.push("354 go on")
        assert self._reader is not None
        await self._reader.readexactly(10)
        await self.event_handler.at("LETTER", self)


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> AsyncIterator[MailServer]:
    """A server on a free port of the loopback. `tls`: offered by STARTTLS, or from the start."""
    served = MailServer()
    loop = asyncio.get_running_loop()
    made: list[_Smtp] = []

    def answer() -> _Smtp:
        smtp = _Smtp(
            served,
            hostname="mx.example",
            tls_context=None if implicit else tls,
            authenticator=served.login,
            loop=loop,
            **options,
        )
        made.append(smtp)
        return smtp

    served._server = await loop.create_server(answer, "127.0.0.1", 0, ssl=tls if implicit else None)
    served.port = served._server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        served.stop()
        for smtp in made:
            if smtp.transport is not None:
                smtp.transport.abort()
            if smtp._handler_coroutine is not None:
                smtp._handler_coroutine.cancel()
        await asyncio.gather(
            *(s._handler_coroutine for s in made if s._handler_coroutine is not None),
            return_exceptions=True,
        )


def certificate(folder: Path, host: str = "localhost") -> tuple[ssl.SSLContext, Path]:
    """A certificate for a host: the server's side of it, and the file a client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    trusted, secret = folder / "mail.pem", folder / "mail.key"
    trusted.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted
