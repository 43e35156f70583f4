"""What a table `[channels.NAME]` of `usher.toml` is written with, whichever provider it names.

Strict: an unknown key is an error. A secret never stands in the file: the table names the variable
of the environment that holds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tools.channels.addresses import domain_name, mailbox, on_this_machine


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


def _url(text: str) -> str:
    try:
        at = urlsplit(text)
        whole = bool(at.scheme in ("http", "https") and at.hostname and at.port != 0)
    except ValueError:
        raise ValueError("this is not a URL such as https://api.example") from None
    if not whole or at.username is not None or at.fragment or not text.isascii():
        raise ValueError("this is not a URL such as https://api.example, without name or password")
    if at.scheme == "http" and not on_this_machine(at.hostname or ""):
        raise ValueError("everybody on the way could read what is sent; use https")
    return text


def _base_url(text: str) -> str:
    if "?" in text:
        raise ValueError("this is not a URL such as https://api.example, without a query")
    return text.rstrip("/")


def _variable(text: str) -> str:
    if text.upper().startswith("USHER_"):
        raise ValueError("variables that begin with USHER_ are settings; call this one otherwise")
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Domain = Annotated[str, AfterValidator(_domain)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_variable)]
Url = Annotated[str, Field(pattern=r"^\S{1,2000}$"), AfterValidator(_url)]
BaseUrl = Annotated[Url, AfterValidator(_base_url)]
Rate = Annotated[float, Field(gt=0, le=10_000)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$")]


class ChannelTable(BaseModel):
    """What every table has in common. Each says its `provider` and the `kinds` it carries."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @property
    def writes_as(self) -> str | None:
        """The channel's own sender; None: the brand's, where the kind has one."""
        return None

    @property
    def shared(self) -> tuple[str, ...]:
        """Which of its kind it carries, by name, where others may carry others; empty: all."""
        return ()

    def told(self) -> dict[str, Any]:
        """What an operator reads of it besides name, kinds, sender; no secret, no account."""
        return {}


class HttpTable(ChannelTable):
    """What a channel by HTTP has besides: its pace, how long to wait, whom to trust."""

    rate: Rate | None = None
    timeout: Annotated[float, Field(ge=1, le=60)] = 10.0
    answer_timeout: Annotated[float, Field(ge=1, le=600)] = 30.0
    ca_file: Path | None = None


ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
