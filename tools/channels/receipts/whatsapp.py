"""WhatsApp Cloud: `X-Hub-Signature-256`, statuses and answers, and the question whether we listen.

The signature is `sha256=` and the hex HMAC-SHA256 of the raw body under the app's secret. What we
gave along as `biz_opaque_callback_data` comes back with each status: it is the effect's id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.channels.receipts.receipt import (
    BadSignature,
    Malformed,
    Posted,
    Receipt,
    at_of,
    effect_of,
    text_of,
)

_KINDS: Final = {
    "sent": "accepted",
    "delivered": "delivered",
    "read": "opened",
    "failed": "dropped",
}
#: Meta's codes of a failed status: 131026, the number has no WhatsApp; 131050, its owner has
#: stopped marketing messages from this business.
_NO_ACCOUNT: Final = 131026
_STOPPED_MARKETING: Final = 131050


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """Reads what Meta posts, under the app's secret; answers its question with `verify_token`."""

    secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    provider: str = "whatsapp"

    def read(self, posted: Posted, *, now_us: int) -> list[Receipt]:
        """Statuses and answers, in the order in which they stand. `Reader.read`."""
        stated = posted.header("X-Hub-Signature-256")
        made = hmac.new(self.secret.encode(), posted.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"sha256={made}".encode(), stated.encode()):
            raise BadSignature("X-Hub-Signature-256 is not this app's over this body")
        try:
            body = json.loads(posted.body)
        except (ValueError, RecursionError):
            raise Malformed("the body is no JSON") from None
        found: list[Receipt] = []
        for where, value in _values(body):
            for k, status in enumerate(_objects(value, "statuses", where)):
                read = _status(status, f"{where}.statuses[{k}]")
                if read is not None:
                    found.append(read)
            for k, message in enumerate(_objects(value, "messages", where)):
                found.append(_reply(message, f"{where}.messages[{k}]"))
        return found

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """`hub.challenge`, where Meta asks with the token that was agreed. `Reader.challenge`."""
        if query.get("hub.mode") != "subscribe":
            return None
        asked = query.get("hub.verify_token", "")
        if not hmac.compare_digest(asked.encode(), self.verify_token.encode()):
            raise BadSignature("hub.verify_token is not the one that is set here")
        return query.get("hub.challenge", "")


def _values(body: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(body, dict):
        raise Malformed("the body is no object")
    for i, entry in enumerate(_objects(body, "entry", "body")):
        for k, change in enumerate(_objects(entry, "changes", f"entry[{i}]")):
            where = f"entry[{i}].changes[{k}].value"
            value = change.get("value")
            if not isinstance(value, dict):
                raise Malformed(f"{where} is no object")
            yield where, value


def _objects(holder: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    listed = holder.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise Malformed(f"{where}.{name} is not a list of objects")
    return listed


def _status(status: Mapping[str, Any], where: str) -> Receipt | None:
    named, wamid = text_of(status, "status", where), text_of(status, "id", where)
    kind = _KINDS.get(named)
    if kind is None:
        return None
    codes = [e.get("code") for e in _objects(status, "errors", where)]
    code = next((c for c in codes if type(c) is int), None)
    if code == _STOPPED_MARKETING:
        kind = "unsubscribed"
    elif code == _NO_ACCOUNT:
        kind = "bounced"
    return Receipt(
        provider="whatsapp",
        provider_event_id=f"{wamid}:{named}",
        effect_id=effect_of(status.get("biz_opaque_callback_data")),
        provider_message_id=wamid,
        channel="whatsapp",
        kind=kind,
        address=_number(text_of(status, "recipient_id", where)),
        at_us=at_of(status.get("timestamp"), where),
        reason=f"{named} {code}" if code is not None else None,
    )


def _reply(message: Mapping[str, Any], where: str) -> Receipt:
    wamid = text_of(message, "id", where)
    return Receipt(
        provider="whatsapp",
        provider_event_id=wamid,
        effect_id=None,
        provider_message_id=wamid,
        channel="whatsapp",
        kind="replied",
        address=_number(text_of(message, "from", where)),
        at_us=at_of(message.get("timestamp"), where),
        text=_said(message),
    )


def _said(message: Mapping[str, Any]) -> str:
    """What somebody wrote, or the words on the button they pressed; empty for anything else."""
    for holder, name in (("text", "body"), ("button", "text")):
        inner = message.get(holder)
        if isinstance(inner, dict) and isinstance(inner.get(name), str):
            return str(inner[name])
    return ""


def _number(stated: str) -> str:
    """Meta writes a number with its country code and without the plus."""
    return stated if stated.startswith("+") else f"+{stated}"
