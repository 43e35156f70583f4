"""What every channel is made with, and the making of a mail server.

What a table names and is not there (a variable of the environment, a file) is said at the start.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.channel_settings import SmtpSettings
from agent.errors import Conflict
from tools.channels.pace import Pace
from tools.channels.signing import BadKey, Dkim
from tools.channels.smtp import Smtp
from tools.channels.smtp_session import Relay


@dataclass(frozen=True, slots=True)
class Making:
    """The name of the table, who writes by kind, where we are reached, and what waiting is."""

    name: str
    sender: Mapping[str, str]
    public_url: str | None
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    def cannot(self, why: str) -> Conflict:
        """What to raise where the channel cannot be made."""
        return Conflict(f"usher.toml, channels.{self.name}: {why}")

    def secret(self, key: str, variable: str | None) -> str | None:
        """The secret that a key of the table names; None where it names none."""
        return None if variable is None else self.needed(key, variable)

    def needed(self, key: str, variable: str) -> str:
        """The secret that a key of the table names. Raises `Conflict` where it is not set."""
        value = os.environ.get(variable)
        if not value:
            raise self.cannot(f"{key} names {variable}, which is not set")
        return value

    def trust(self, file: Path | None) -> ssl.SSLContext:
        """The certificates to trust: the system's, or a file's. Raises `Conflict`."""
        try:
            return ssl.create_default_context(cafile=file)
        except OSError as error:
            why = f"ca_file cannot be read: {error.strerror or error}"
            raise self.cannot(why) from None

    def pace(self, rate: float | None) -> Pace:
        """A pace of so many letters a second; None: as fast as they come."""
        return Pace(rate, monotonic=self.monotonic, sleep=self.sleep)


def smtp(making: Making, channel: SmtpSettings) -> Smtp:
    """A mail server."""
    domain = making.sender["email"].rpartition("@")[2]
    relay = Relay(
        host=channel.host,
        port=channel.used_port,
        tls=channel.tls,
        hello=channel.hello or domain,
        username=channel.username,
        password=making.secret("password_env", channel.password_env),
        trust=None if channel.tls == "none" else making.trust(channel.ca_file),
        step_seconds=channel.timeout,
        answer_seconds=channel.answer_timeout,
    )
    pace = None if channel.rate is None else making.pace(channel.rate)
    return Smtp(making.name, relay, dkim=_dkim(making, channel, domain), pace=pace)


def _dkim(making: Making, channel: SmtpSettings, sender_domain: str) -> Dkim | None:
    if channel.dkim_key_file is None:
        return None
    assert channel.dkim_selector is not None and channel.dkim_domain is not None
    own = channel.dkim_domain
    if sender_domain != own and not sender_domain.endswith(f".{own}"):
        raise making.cannot(
            f"dkim_domain is {own}, but letters come from {sender_domain}: "
            "receivers would not take one for the other",
        )
    try:
        pem = channel.dkim_key_file.read_bytes()
        return Dkim.of(selector=channel.dkim_selector, domain=own, pem=pem)
    except OSError as error:
        raise making.cannot(f"dkim_key_file cannot be read: {error.strerror or error}") from None
    except BadKey as bad:
        raise making.cannot(f"dkim_key_file: {bad}") from None
