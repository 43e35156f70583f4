"""The brand: who writes, from where, in which voice, what must be said and what must not.

Its footer closes every message; a locale that a message has and the brand has not is a load error.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from prompts.problems import did_you_mean
from prompts.source import Source, Strict

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+", re.ASCII)
_MAILBOX = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)


def _line(text: str) -> str:
    if not text.strip():
        raise ValueError("this line is empty")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") for char in text):
        raise ValueError("this must be one line without control characters")
    return text.strip()


def _host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError(f"'{name}' is not a host name such as shop.example")
    return name


def _mailbox(address: str) -> str:
    if not _MAILBOX.fullmatch(address):
        raise ValueError(f"'{address}' is not an address such as stop@shop.example")
    return address


Line = Annotated[str, AfterValidator(_line)]
Host = Annotated[str, AfterValidator(_host)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]


class Footer(Strict):
    """What closes a message in one language. `discount` is said where a discount is named."""

    why: Line
    unsubscribe: Line
    sms_stop: Line
    discount: Line


class Brand(Strict):
    """The brand of this deployment. Links in slots lead to `link_hosts` and nowhere else."""

    name: Line
    sender: Mailbox
    sms_sender: Line
    postal_address: tuple[Line, ...] = Field(min_length=1, strict=False)
    link_hosts: tuple[Host, ...] = Field(min_length=1, strict=False)
    cart_url: str
    unsubscribe_mailbox: Mailbox | None = None
    forbidden_claims: tuple[Line, ...] = Field(default=(), strict=False)
    footer: dict[str, Footer] = Field(min_length=1)
    disclosures: dict[str, dict[str, Line]] = Field(default_factory=dict)
    voice: str = Field(exclude=True)
    sha256: str = Field(exclude=True)

    def footer_in(self, locale: str) -> Footer | None:
        """The footer of this locale or of its language."""
        return self.footer.get(locale) or self.footer.get(locale.partition("-")[0])

    def disclosure(self, name: str, locale: str) -> str | None:
        """A wording that a policy may require, in this locale or its language."""
        said = self.disclosures.get(name, {})
        return said.get(locale) or said.get(locale.partition("-")[0])

    def forbidden_in(self, text: str) -> str | None:
        """The first forbidden claim that a text makes, whatever its case and spacing."""
        said = f" {folded(text)} "
        return next((c for c in self.forbidden_claims if f" {folded(c)} " in said), None)

    def leads_home(self, url: str) -> bool:
        """Whether a link is https and leads to the brand's own hosts."""
        if any(char.isspace() or char in "\\<>\"'`" or ord(char) < 0x21 for char in url):
            return False
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        plain = "@" not in parts.netloc and port in (None, 443)
        return parts.scheme == "https" and plain and host in self.link_hosts and url.isascii()


def folded(text: str) -> str:
    """A text as words in small letters with single spaces, for comparing."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", plain))


def read_brand(text: str, file: str) -> tuple[Brand | None, Source]:
    """Read the brand's file; its problems are noted in the source."""
    source = Source(text, file)
    for key in ("voice", "sha256"):
        if source.front is not None and key in source.front:
            source.say((key,), f"'{key}' is not a key of the brand's front matter")
            del source.front[key]
    brand = source.model(Brand, voice=source.body.strip(), sha256=source.sha256)
    if brand is not None:
        if not brand.voice:
            source.say_at(source.body_line, 1, "the brand's voice is not described below")
        if not brand.leads_home(brand.cart_url):
            known = ", ".join(brand.link_hosts)
            host = brand.cart_url.partition("://")[2].partition("/")[0]
            hint = did_you_mean(host, brand.link_hosts)
            source.say(("cart_url",), f"this must be an https link to one of: {known}{hint}")
        for n, claim in enumerate(brand.forbidden_claims):
            if not folded(claim):
                source.say(("forbidden_claims", n), "a forbidden claim needs at least one word")
    return brand, source


def parse_brand(text: str, file: str) -> Brand:
    """Read the brand's file. Raises `PromptError` with all of its problems."""
    brand, source = read_brand(text, file)
    source.finish()
    assert brand is not None
    return brand
