"""How a person stands on an advertiser's list: by the hash of an address, never by the address.

Each vendor hashes by rules of its own, and a hash by other rules matches nobody. Both take SHA-256
in hexadecimal. Meta (Marketing API, "Hashing and normalization"): an e-mail address without blanks
around it and in small letters; a number as digits that begin with the country's code, without signs
and leading zeros. Google (Data Manager API, "Format user data", and its own formatter): an address
likewise, and of gmail.com and googlemail.com without the dots and without what begins at a plus
before the @; a number with + and its country's code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from tools.channels.addresses import mailbox

_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_NUMBER: Final = re.compile(r"\+?[0-9() .\-/]+", re.ASCII)
#: ITU-T E.164: at most fifteen digits with the country's code; fewer than seven reach nobody.
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15


@dataclass(frozen=True, slots=True)
class Member:
    """One person on a list. `sha256` in hexadecimal, small letters."""

    kind: Literal["email", "phone"]
    sha256: str = field(repr=False)


def of_meta(to: str) -> Member | None:
    """A person as Meta knows them; None where this is neither an address nor a whole number."""
    return _member(to, email=meta_email, phone=meta_phone)


def of_google(to: str) -> Member | None:
    """A person as Google knows them; None where this is neither an address nor a whole number."""
    return _member(to, email=google_email, phone=google_phone)


def meta_email(text: str) -> str | None:
    """An e-mail address as Meta hashes it."""
    address = text.strip().lower()
    return address if mailbox(address) is not None else None


def meta_phone(text: str) -> str | None:
    """A number as Meta hashes it: `+1 650 555 1212` is `16505551212`."""
    return _digits(text)


def google_email(text: str) -> str | None:
    """An e-mail address as Google hashes it: `Jane.Doe+x@gmail.com` is `janedoe@gmail.com`."""
    address = meta_email(text)
    if address is None:
        return None
    local, _, domain = address.rpartition("@")
    if domain in _GMAIL:
        local = local.partition("+")[0].replace(".", "")
    return f"{local}@{domain}" if local else None


def google_phone(text: str) -> str | None:
    """A number as Google hashes it: `1 800 555 0100` is `+18005550100`."""
    digits = _digits(text)
    return None if digits is None else f"+{digits}"


def _member(
    to: str, *, email: Callable[[str], str | None], phone: Callable[[str], str | None]
) -> Member | None:
    kind: Literal["email", "phone"] = "email" if "@" in to else "phone"
    plain = email(to) if kind == "email" else phone(to)
    if plain is None:
        return None
    return Member(kind, hashlib.sha256(plain.encode("utf-8")).hexdigest())


def _digits(text: str) -> str | None:
    """The digits of a number with its country's code; None where it cannot be one.

    A number that begins with one zero is a national one: its hash would be that of somebody else.
    """
    if not _NUMBER.fullmatch(text.strip()):
        return None
    digits = re.sub(r"\D", "", text).removeprefix("00")
    whole = _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS
    return digits if whole and not digits.startswith("0") else None
