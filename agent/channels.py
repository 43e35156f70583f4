"""Channels made from settings: what one needs is there at the start, or the start says what not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.channel_making import Making, smtp
from agent.channel_settings import (
    ChannelSettings,
    OutboxSettings,
    SendgridSettings,
    SmtpSettings,
    TwilioSettings,
    WebhookSettings,
)
from agent.http_channels import sendgrid, twilio, webhook
from agent.settings import Settings
from agent.vendor_channels import google_audience, meta_audience, whatsapp, zendesk
from agent.vendor_settings import (
    GoogleAudienceSettings,
    MetaAudienceSettings,
    WhatsAppSettings,
    ZendeskSettings,
)
from tools.channels.by_audience import ByAudience
from tools.channels.channel import Channel
from tools.channels.routing import Router, SendOnlyTo


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
    made_by_name: dict[str, Channel] = {}
    by_audience: dict[str, Channel] = {}
    for name, channel in settings.channels.items():
        if isinstance(channel, OutboxSettings):
            live[channel.kind] = outboxes[channel.kind]
            continue
        made = _made(Making(name, sender, settings.public_url, monotonic, sleep), channel)
        live |= dict.fromkeys(channel.kinds, made)
        made_by_name[name] = made
        by_audience |= dict.fromkeys(channel.shared, made)
    if len({channel.name for channel in by_audience.values()}) > 1:
        live["audience"] = ByAudience(by_audience)
    only = settings.send_only_to
    return Router(
        outboxes=outboxes,
        live=live,
        send_only_to=None if only is None else SendOnlyTo.of(only),
        public_url=settings.public_url,
        made=made_by_name,
    )


def _made(making: Making, channel: ChannelSettings) -> Channel:
    """The channel of a table that ends somewhere else than in the outbox."""
    match channel:
        case SmtpSettings():
            return smtp(making, channel)
        case SendgridSettings():
            return sendgrid(making, channel)
        case TwilioSettings():
            return twilio(making, channel)
        case WebhookSettings():
            return webhook(making, channel)
        case WhatsAppSettings():
            return whatsapp(making, channel)
        case MetaAudienceSettings():
            return meta_audience(making, channel)
        case GoogleAudienceSettings():
            return google_audience(making, channel)
        case ZendeskSettings():
            return zendesk(making, channel)
        case _:
            raise making.cannot(f"there is no provider {channel.provider}")


def senders(settings: Settings, brand: Mapping[str, str]) -> dict[str, str]:
    """Who writes, by kind: the channel's own sender, else the brand's, where it has one."""
    own = {
        kind: channel.writes_as
        for channel in settings.channels.values()
        for kind in channel.kinds
        if channel.writes_as is not None
    }
    return {**brand, **own}


def described(settings: Settings, sender: Mapping[str, str]) -> list[dict[str, Any]]:
    """The channels as an operator reads them; no secret, and no name of an account."""
    return [
        {
            "name": name,
            "kinds": list(channel.kinds),
            "provider": channel.provider,
            "sender": next((sender[kind] for kind in channel.kinds if kind in sender), None),
            **channel.told(),
        }
        for name, channel in sorted(settings.channels.items())
    ]
