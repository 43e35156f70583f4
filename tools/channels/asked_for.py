"""What a letter asks another system for, where its bytes are JSON and not something to read.

Refused before anything is asked of anybody: a letter of another kind, other bytes than those that
were decided on, and bytes that are no JSON object.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tools.channels.channel import Letter, SendResult, SendStatus
from tools.channels.refusals import no_request, not_for_it, refused
from tools.channels.trial import Trial


def asked_for(letter: Letter, *, kind: str) -> dict[str, Any] | SendResult:
    """The JSON object of a letter of this kind, or why it is refused."""
    if why := not_for_it(letter, (kind,)) or no_request(letter.raw):
        return refused(why)
    said: dict[str, Any] = json.loads(letter.raw)
    return said


def asks(trial: Trial, to: str, what: Mapping[str, Any]) -> Letter:
    """A letter that tries a channel by asking for this."""
    raw = json.dumps(what, separators=(",", ":")).encode("ascii")
    return Letter(
        effect_id=trial.effect_id,
        idempotency_key=trial.effect_id,
        customer_id="",
        channel=trial.kind,
        to=to,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        sender="",
    )


def text_of(said: Mapping[str, Any], name: str, *, longest: int) -> str | None:
    """A text that a letter needs; None where it is not there, empty or too long."""
    value = said.get(name)
    return value if isinstance(value, str) and 0 < len(value.strip()) <= longest else None


def not_sent(why: str) -> SendResult:
    """Nothing was handed over; it may be tried again."""
    return SendResult(SendStatus.NOT_SENT, None, why)
