"""Channels as `usher.toml` names them: `[channels.NAME]`, one table a channel, strict.

A secret never stands in the file: it names the variable of the environment that holds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from agent.channel_table import (
    BaseUrl,
    ChannelTable,
    Domain,
    Host,
    HttpTable,
    Mailbox,
    Rate,
    Url,
    Variable,
    Word,
)
from agent.vendor_settings import (
    GoogleAudienceSettings,
    MetaAudienceSettings,
    WhatsAppSettings,
    ZendeskSettings,
)
from tools.channels import sendgrid, twilio
from tools.channels.addresses import on_this_machine
from tools.channels.channel import Kind

#: A number, or a name of at most eleven letters and digits, one letter among them.
_TEXT_SENDER = r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[0-9 ]{0,10}[A-Za-z][A-Za-z0-9 ]{0,10})$"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class OutboxSettings(ChannelTable):
    """A channel that ends in the deployment's outbox, in live too."""

    provider: Literal["outbox"]
    kind: Kind

    @property
    def kinds(self) -> tuple[str, ...]:
        """The one that it stands for."""
        return (self.kind,)


class SmtpSettings(ChannelTable):
    """A mail server. `tls = "none"` only on this machine, or where `allow_plain` says so."""

    provider: Literal["smtp"]
    kind: Literal["email"]
    host: Host
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    allow_plain: bool = False
    ca_file: Path | None = None
    hello: Domain | None = None
    username: Annotated[str, Field(min_length=1)] | None = None
    password_env: Variable | None = None
    sender: Mailbox | None = None
    rate: Rate | None = None
    timeout: Annotated[float, Field(ge=1, le=60)] = 10.0
    answer_timeout: Annotated[float, Field(ge=1, le=600)] = 60.0
    dkim_selector: Word | None = None
    dkim_domain: Domain | None = None
    dkim_key_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> SmtpSettings:
        here = on_this_machine(self.host)
        if (self.username is None) != (self.password_env is None):
            raise ValueError("username and password_env go together")
        if self.tls == "none" and not here and not self.allow_plain:
            raise ValueError(
                "tls is none, so everybody on the way could read the letters; "
                "use starttls or tls, or write allow_plain = true"
            )
        if self.tls == "none" and not here and self.username is not None:
            raise ValueError("a password is not sent in the clear; use starttls or tls")
        signing = (self.dkim_selector, self.dkim_domain, self.dkim_key_file)
        if any(signing) and not all(signing):
            raise ValueError("dkim_selector, dkim_domain and dkim_key_file go together")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """E-mail."""
        return (self.kind,)

    @property
    def writes_as(self) -> str | None:
        """Its own sender, where it has one."""
        return self.sender

    def told(self) -> dict[str, Any]:
        """Server, encryption, pace, signature."""
        return {
            "host": self.host,
            "port": self.used_port,
            "tls": self.tls,
            "account": self.username is not None,
            "rate": self.rate,
            "signed_for": self.dkim_domain,
        }

    @property
    def used_port(self) -> int:
        """The port, or the usual one of the kind of encryption."""
        return self.port if self.port is not None else _PORTS[self.tls]


class SendgridSettings(HttpTable):
    """SendGrid's Web API. `base_url`: another region's, such as https://api.eu.sendgrid.com."""

    provider: Literal["sendgrid"]
    kind: Literal["email"]
    key_env: Variable
    sender: Mailbox | None = None
    base_url: BaseUrl = sendgrid.BASE_URL

    @property
    def kinds(self) -> tuple[str, ...]:
        """E-mail."""
        return (self.kind,)

    @property
    def writes_as(self) -> str | None:
        """Its own sender, where it has one."""
        return self.sender

    def told(self) -> dict[str, Any]:
        """Where it is reached, and its pace."""
        return {"url": self.base_url, "rate": self.rate}


class TwilioSettings(HttpTable):
    """Twilio's Messages. The sender is `sender`, or whom the `messaging_service` chooses."""

    provider: Literal["twilio"]
    kind: Literal["sms"]
    account: Annotated[str, Field(pattern=r"^AC[0-9a-f]{32}$")]
    token_env: Variable
    sender: Annotated[str, Field(pattern=_TEXT_SENDER)] | None = None
    messaging_service: Annotated[str, Field(pattern=r"^MG[0-9a-f]{32}$")] | None = None
    base_url: BaseUrl = twilio.BASE_URL

    @model_validator(mode="after")
    def _one_sender(self) -> TwilioSettings:
        if self.sender is not None and self.messaging_service is not None:
            raise ValueError("a messaging_service chooses the sender; keep it or sender")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """Text messages."""
        return (self.kind,)

    @property
    def writes_as(self) -> str | None:
        """Its own sender, where it has one."""
        return self.sender

    def told(self) -> dict[str, Any]:
        """Where it is reached, its pace, and whether a messaging service chooses the sender."""
        service = self.messaging_service is not None
        return {"url": self.base_url, "rate": self.rate, "messaging_service": service}


class WebhookSettings(HttpTable):
    """A URL of one's own. `secret_env` holds `whsec_…`, or two with a blank while one is new."""

    provider: Literal["webhook"]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    url: Url
    secret_env: Variable

    def told(self) -> dict[str, Any]:
        """The machine it goes to, not the whole address, which may hold a key; and its pace."""
        return {"host": urlsplit(self.url).hostname, "rate": self.rate}


ChannelSettings: TypeAlias = Annotated[
    OutboxSettings
    | SmtpSettings
    | SendgridSettings
    | TwilioSettings
    | WebhookSettings
    | WhatsAppSettings
    | MetaAudienceSettings
    | GoogleAudienceSettings
    | ZendeskSettings,
    Field(discriminator="provider"),
]
