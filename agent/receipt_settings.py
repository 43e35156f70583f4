"""Who may report what became of letters: `[receipts.NAME]` in `usher.toml`, one table a provider.

`NAME` is the last part of the address that the provider is given: `/v1/receipts/NAME`. A secret
never stands in the file; a public key is none. What cannot be used stops the start and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from agent.channel_table import Variable
from agent.errors import Conflict
from tools.channels.receipts.receipt import Reader
from tools.channels.receipts.sendgrid import SendGrid
from tools.channels.receipts.twilio import Twilio
from tools.channels.receipts.webhook import SignedWebhook
from tools.channels.receipts.whatsapp import WhatsApp


class _Provider(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SendGridReceipts(_Provider):
    """The account's public key, as SendGrid's page of the Signed Event Webhook shows it."""

    provider: Literal["sendgrid"]
    public_key: Annotated[str, Field(min_length=1)]


class TwilioReceipts(_Provider):
    """The account's auth token signs callbacks; `USHER_PUBLIC_URL` is what Twilio calls."""

    provider: Literal["twilio"]
    secret_env: Variable


class WhatsAppReceipts(_Provider):
    """The app's secret signs; the token is what Meta's page asks for when the address is set."""

    provider: Literal["whatsapp"]
    secret_env: Variable
    verify_token_env: Variable


class WebhookReceipts(_Provider):
    """Any other system that signs as Standard Webhooks do, under a `whsec_` secret."""

    provider: Literal["webhook"]
    secret_env: Variable


ReceiptName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
ReceiptSettings: TypeAlias = Annotated[
    SendGridReceipts | TwilioReceipts | WhatsAppReceipts | WebhookReceipts,
    Field(discriminator="provider"),
]


def readers_of(
    tables: Mapping[str, ReceiptSettings], *, public_url: str | None, environ: Mapping[str, str]
) -> dict[str, Reader]:
    """A reader by name. Raises `Conflict`, which names the table and what it lacks."""
    return {
        name: _reader(f"usher.toml, receipts.{name}", table, public_url, environ)
        for name, table in tables.items()
    }


def _reader(
    where: str, table: ReceiptSettings, public_url: str | None, environ: Mapping[str, str]
) -> Reader:
    def secret(field: str, variable: str) -> str:
        value = environ.get(variable)
        if not value:
            raise Conflict(f"{where}: {field} names {variable}, which is not set")
        return value

    try:
        if isinstance(table, SendGridReceipts):
            return SendGrid.of(table.public_key)
        if isinstance(table, WebhookReceipts):
            return SignedWebhook.of(secret("secret_env", table.secret_env))
    except ValueError as bad:
        raise Conflict(f"{where}: {bad}") from None
    if isinstance(table, WhatsAppReceipts):
        return WhatsApp(
            secret("secret_env", table.secret_env),
            secret("verify_token_env", table.verify_token_env),
        )
    if public_url is None:
        raise Conflict(
            f"{where}: Twilio signs the address it calls, so USHER_PUBLIC_URL must be set"
        )
    return Twilio(public_url, secret("secret_env", table.secret_env))
