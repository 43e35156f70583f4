"""Channels that ask a vendor for something, made from their tables.

What a table names and is not in the environment is said at the start.
"""

from __future__ import annotations

from agent.channel_making import Making
from agent.http_channels import call_of
from agent.vendor_settings import (
    GoogleAudienceSettings,
    MetaAudienceSettings,
    WhatsAppSettings,
    ZendeskSettings,
)
from tools.channels.google_audience import GoogleAccount, GoogleAudience
from tools.channels.google_token import GoogleToken, Grant
from tools.channels.meta_audience import MetaAudience
from tools.channels.whatsapp import WhatsApp
from tools.channels.zendesk import Zendesk


def whatsapp(making: Making, channel: WhatsAppSettings) -> WhatsApp:
    """WhatsApp by Meta's Cloud API."""
    return WhatsApp(
        name=making.name,
        call=call_of(making, channel, channel.base_url),
        token=making.needed("token_env", channel.token_env),
        phone_number_id=channel.phone_number_id,
        version=channel.version,
    )


def meta_audience(making: Making, channel: MetaAudienceSettings) -> MetaAudience:
    """Custom audiences at Meta."""
    return MetaAudience(
        name=making.name,
        call=call_of(making, channel, channel.base_url),
        token=making.needed("token_env", channel.token_env),
        audiences=channel.audiences,
        version=channel.version,
    )


def google_audience(making: Making, channel: GoogleAudienceSettings) -> GoogleAudience:
    """Customer match lists at Google."""
    grant = Grant(
        client_id=channel.client_id,
        client_secret=making.needed("client_secret_env", channel.client_secret_env),
        refresh_token=making.needed("refresh_token_env", channel.refresh_token_env),
    )
    tokens = call_of(making, channel, channel.token_url)
    return GoogleAudience(
        name=making.name,
        call=call_of(making, channel, channel.base_url),
        token=GoogleToken(tokens, grant, monotonic=making.monotonic),
        account=GoogleAccount(channel.account, channel.login_account),
        audiences=channel.audiences,
    )


def zendesk(making: Making, channel: ZendeskSettings) -> Zendesk:
    """Tickets at Zendesk."""
    return Zendesk(
        name=making.name,
        call=call_of(making, channel, channel.used_url),
        email=channel.email,
        token=making.needed("token_env", channel.token_env),
        groups=channel.groups,
    )
