"""Channels by HTTP made from their tables: each with its own pace, circuit breaker and waits.

What a table names and is not there, or is no secret, is said at the start.
"""

from __future__ import annotations

from agent.channel_making import Making
from agent.channel_settings import SendgridSettings, TwilioSettings, WebhookSettings
from agent.channel_table import HttpTable
from tools.channels import standard_webhooks
from tools.channels.breaker import Breaker
from tools.channels.http_call import HttpCall, Waits
from tools.channels.sendgrid import Sendgrid
from tools.channels.twilio import Twilio
from tools.channels.webhook import Webhook


def sendgrid(making: Making, channel: SendgridSettings) -> Sendgrid:
    """E-mail by SendGrid."""
    key = making.needed("key_env", channel.key_env)
    return Sendgrid(making.name, call_of(making, channel, channel.base_url), key=key)


def twilio(making: Making, channel: TwilioSettings) -> Twilio:
    """Text messages by Twilio; its receipts come to `USHER_PUBLIC_URL`, where that is set."""
    return Twilio(
        making.name,
        call_of(making, channel, channel.base_url),
        account=channel.account,
        token=making.needed("token_env", channel.token_env),
        messaging_service=channel.messaging_service,
        public_url=making.public_url,
    )


def webhook(making: Making, channel: WebhookSettings) -> Webhook:
    """Anything else, by a signed webhook."""
    secrets = making.needed("secret_env", channel.secret_env).split()
    try:
        keys = [standard_webhooks.key_of(secret) for secret in secrets]
    except standard_webhooks.BadSecret as bad:
        raise making.cannot(f"secret_env names {channel.secret_env}, but {bad}") from None
    call = call_of(making, channel, channel.url)
    return Webhook(making.name, call, keys=keys, kinds=channel.kinds)


def call_of(making: Making, table: HttpTable, base_url: str) -> HttpCall:
    """The way to the system of a table."""
    waits = Waits(connect=table.timeout, write=table.timeout, answer=table.answer_timeout)
    return HttpCall(
        base_url,
        waits=waits,
        pace=making.pace(table.rate),
        breaker=Breaker(monotonic=making.monotonic),
        trust=making.trust(table.ca_file),
    )
