"""Channels made from settings: what one needs is there at the start, or the start says what not."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.channel_settings import SmtpSettings
from agent.errors import Conflict
from agent.settings import Settings
from tools.channels.channel import Channel
from tools.channels.pace import Pace
from tools.channels.routing import Router, SendOnlyTo
from tools.channels.signing import BadKey, Dkim
from tools.channels.smtp import Smtp
from tools.channels.smtp_session import Relay


def router_of(
    settings: Settings,
    outboxes: Mapping[str, Channel],
    sender: Mapping[str, str],
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Router:
    """The router of a deployment. Raises `Conflict` for a channel that cannot be made."""
    live: dict[str, Channel] = {}
    for name, channel in settings.channels.items():
        if isinstance(channel, SmtpSettings):
            live[channel.kind] = _smtp(
                name, channel, sender[channel.kind], monotonic=monotonic, sleep=sleep
            )
        else:
            live[channel.kind] = outboxes[channel.kind]
    only = settings.send_only_to
    return Router(
        outboxes=outboxes,
        live=live,
        send_only_to=None if only is None else SendOnlyTo.of(only),
        public_url=settings.public_url,
    )


def senders(settings: Settings, brand: Mapping[str, str]) -> dict[str, str]:
    """Who writes, by kind: the channel's own sender, else the brand's."""
    own: dict[str, str] = {
        channel.kind: channel.sender
        for channel in settings.channels.values()
        if isinstance(channel, SmtpSettings) and channel.sender is not None
    }
    return {**brand, **own}


def described(settings: Settings, sender: Mapping[str, str]) -> list[dict[str, Any]]:
    """The channels as an operator reads them; no secret, and no name of an account."""
    made: list[dict[str, Any]] = []
    for name, channel in sorted(settings.channels.items()):
        item: dict[str, Any] = {"name": name, "kind": channel.kind, "provider": channel.provider}
        item["sender"] = sender[channel.kind]
        if isinstance(channel, SmtpSettings):
            item |= {
                "host": channel.host,
                "port": channel.used_port,
                "tls": channel.tls,
                "account": channel.username is not None,
                "rate": channel.rate,
                "signed_for": channel.dkim_domain,
            }
        made.append(item)
    return made


def _smtp(
    name: str,
    channel: SmtpSettings,
    sender: str,
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> Smtp:
    domain = sender.rpartition("@")[2]
    relay = Relay(
        host=channel.host,
        port=channel.used_port,
        tls=channel.tls,
        hello=channel.hello or domain,
        username=channel.username,
        password=_password(name, channel),
        trust=None if channel.tls == "none" else _trust(name, channel),
        step_seconds=channel.timeout,
        answer_seconds=channel.answer_timeout,
    )
    pace = None
    if channel.rate is not None:
        pace = Pace(channel.rate, monotonic=monotonic, sleep=sleep)
    return Smtp(name, relay, dkim=_dkim(name, channel, domain), pace=pace)


def _password(name: str, channel: SmtpSettings) -> str | None:
    if channel.password_env is None:
        return None
    value = os.environ.get(channel.password_env)
    if not value:
        raise _cannot(name, f"password_env names {channel.password_env}, which is not set")
    return value


def _trust(name: str, channel: SmtpSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=channel.ca_file)
    except OSError as error:
        raise _cannot(name, f"ca_file cannot be read: {error.strerror or error}") from None


def _dkim(name: str, channel: SmtpSettings, sender_domain: str) -> Dkim | None:
    if channel.dkim_key_file is None:
        return None
    assert channel.dkim_selector is not None and channel.dkim_domain is not None
    own = channel.dkim_domain
    if sender_domain != own and not sender_domain.endswith(f".{own}"):
        raise _cannot(
            name,
            f"dkim_domain is {own}, but letters come from {sender_domain}: "
            "receivers would not take one for the other",
        )
    try:
        pem = channel.dkim_key_file.read_bytes()
        return Dkim.of(selector=channel.dkim_selector, domain=own, pem=pem)
    except OSError as error:
        raise _cannot(name, f"dkim_key_file cannot be read: {error.strerror or error}") from None
    except BadKey as bad:
        raise _cannot(name, f"dkim_key_file: {bad}") from None


def _cannot(name: str, why: str) -> Conflict:
    return Conflict(f"usher.toml, channels.{name}: {why}")
