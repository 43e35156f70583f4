"""Channels as `usher.toml` names them: `[channels.NAME]`, one table a channel, strict.

A secret never stands in the file: it names the variable of the environment that holds it.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tools.channels.addresses import domain_name, mailbox

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _mailbox(text: str) -> str:
    found = mailbox(text)
    if found is None:
        raise ValueError("this is not one address such as hello@shop.example, without a name")
    return found


def _domain(text: str) -> str:
    found = domain_name(text)
    if found is None:
        raise ValueError("this is not a domain such as shop.example")
    return found


def _variable(text: str) -> str:
    if text.upper().startswith("USHER_"):
        raise ValueError("variables that begin with USHER_ are settings; call this one otherwise")
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Domain = Annotated[str, AfterValidator(_domain)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_variable)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$")]


class _Channel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OutboxSettings(_Channel):
    """A channel that ends in the deployment's outbox, in live too."""

    provider: Literal["outbox"]
    kind: Literal["email", "sms"]


class SmtpSettings(_Channel):
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
    rate: Annotated[float, Field(gt=0, le=10_000)] | None = None
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
    def used_port(self) -> int:
        """The port, or the usual one of the kind of encryption."""
        return self.port if self.port is not None else _PORTS[self.tls]


def on_this_machine(host: str) -> bool:
    """Whether a host is the loopback, by name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
ChannelSettings: TypeAlias = Annotated[
    OutboxSettings | SmtpSettings, Field(discriminator="provider")
]
