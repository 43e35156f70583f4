"""Why a channel will not take a letter, before anything leaves; one answer for all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from tools.channels.addresses import mailbox
from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.letters import flaw


def not_for_it(letter: Letter, kinds: Collection[str]) -> str | None:
    """Why a channel of these kinds does not carry it: another kind, or other bytes (P1)."""
    if letter.channel not in kinds:
        return f"this channel carries {', '.join(kinds)}, not {letter.channel}"
    if hashlib.sha256(letter.raw).hexdigest() != letter.sha256:
        return "the bytes are not those that were decided on"
    return None


def no_mail(letter: Letter) -> str | None:
    """Why a letter cannot travel as an e-mail."""
    to = mailbox(letter.to)
    if to is None:
        return "the recipient is not one e-mail address"
    if mailbox(letter.sender) is None:
        return "the sender is not one e-mail address"
    return flaw(letter.raw, to=to)


def no_request(raw: bytes) -> str | None:
    """Why bytes are not a request to another system: one JSON object in UTF-8."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        found = None
    return None if isinstance(found, dict) else "what is asked for is not one JSON object in UTF-8"


def refused(why: str) -> SendResult:
    """The result of a refusal."""
    return SendResult(SendStatus.REFUSED, None, why)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
