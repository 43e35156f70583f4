"""What a letter asks another system for, where its bytes are JSON and not something to read.

Refused before anything is asked of anybody: a letter of another kind, other bytes than those that
were decided on, and bytes that are no JSON object.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tools.channels.channel import Letter, SendResult, SendStatus


def asked_for(letter: Letter, *, kind: str) -> dict[str, Any] | SendResult:
    """The JSON object of a letter of this kind, or why it is refused."""
    if letter.channel != kind:
        return refused(f"this channel carries {kind}, not {letter.channel}")
    if hashlib.sha256(letter.raw).hexdigest() != letter.sha256:
        return refused("the bytes are not those that were decided on")
    try:
        said = json.loads(letter.raw)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return refused("what is asked for is no JSON object")
    return said


def text_of(said: dict[str, Any], name: str, *, longest: int) -> str | None:
    """A text that a letter needs; None where it is not there, empty or too long."""
    value = said.get(name)
    return value if isinstance(value, str) and 0 < len(value.strip()) <= longest else None


def refused(why: str) -> SendResult:
    """It will not be taken, now or later."""
    return SendResult(SendStatus.REFUSED, None, why)


def not_sent(why: str) -> SendResult:
    """Nothing was handed over; it may be tried again."""
    return SendResult(SendStatus.NOT_SENT, None, why)
