"""Addresses as they stand in an envelope: one mailbox, nothing that could be read as a command.

What is no plain mailbox is not mended but refused: the line it would stand in is the line that says
who gets the letter.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_LOCAL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII
)
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253


def mailbox(text: str) -> str | None:
    """The address as an envelope holds it, its domain in ASCII; None where it is not one mailbox.

    Quoted local parts, address literals, names in front and every kind of blank are refused.
    """
    local, at, host = text.rpartition("@")
    domain = domain_name(host)
    if not at or domain is None or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    return f"{local}@{domain}"


def domain_name(text: str) -> str | None:
    """A domain in ASCII and small letters, `bücher.example` too; None where it is none."""
    try:
        domain = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = domain.split(".")
    whole = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
    return domain if whole and len(domain) <= _LONGEST_DOMAIN else None


def on_this_machine(host: str) -> bool:
    """Whether a host is the loopback, by name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
