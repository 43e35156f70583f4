"""Any other system's reports, signed as Standard Webhooks: one receipt a request.

The signature and its five minutes are `tools.channels.standard_webhooks`'. The body:
`{"type", "channel", "at", "address"?, "effect_id"?, "message_id"?, "permanent"?, "machine"?,
"user_agent"?, "code"?, "text"?}`, `at` in whole seconds since 1970.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.channels import standard_webhooks
from tools.channels.receipts.machines import is_machine
from tools.channels.receipts.receipt import (
    CHANNELS,
    KINDS,
    BadSignature,
    Malformed,
    Posted,
    Receipt,
    at_of,
    effect_of,
    text_of,
)

_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """Reads what a system of the deployment's own posts, under a secret they share."""

    key: bytes = field(repr=False)
    provider: str = "webhook"

    @classmethod
    def of(cls, secret: str) -> SignedWebhook:
        """A reader. Raises `ValueError` for a secret that is none of Standard Webhooks'."""
        return cls(standard_webhooks.key_of(secret))

    def read(self, posted: Posted, *, now_us: int) -> list[Receipt]:
        """The one receipt of the body. `Reader.read`."""
        try:
            own = standard_webhooks.verify(
                [self.key], posted.headers, posted.body, now_s=now_us // 1_000_000
            )
        except standard_webhooks.BadSignature as bad:
            raise BadSignature(str(bad)) from None
        try:
            body = json.loads(posted.body)
        except (ValueError, RecursionError):
            raise Malformed("the body is no JSON") from None
        if not isinstance(body, dict):
            raise Malformed("the body is no object")
        return [_receipt(body, own)]

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """Standard Webhooks do not ask."""
        return None


def _receipt(body: Mapping[str, Any], own: str) -> Receipt:
    kind, channel = text_of(body, "type", "body"), text_of(body, "channel", "body")
    if kind not in KINDS:
        raise Malformed(f"body: 'type' is none of {', '.join(sorted(KINDS))}")
    if channel not in CHANNELS:
        raise Malformed(f"body: 'channel' is none of {', '.join(CHANNELS)}")
    effect_id, address = effect_of(body.get("effect_id")), body.get("address")
    if address is not None:
        address = text_of(body, "address", "body")
    if effect_id is None and address is None:
        raise Malformed("body: neither 'effect_id' nor 'address' says whose it is")
    code, text = body.get("code"), body.get("text")
    if kind == "replied" and not isinstance(text, str):
        raise Malformed("body: a reply needs its 'text'")
    said_so = body.get("machine") is True or is_machine(body.get("user_agent"))
    message_id = body.get("message_id")
    return Receipt(
        provider="webhook",
        provider_event_id=own,
        effect_id=effect_id,
        provider_message_id=message_id if isinstance(message_id, str) else None,
        channel=channel,
        kind=kind,
        address=address,
        at_us=at_of(body.get("at"), "body"),
        machine=kind in ("opened", "clicked") and said_so,
        permanent=kind == "bounced" and body.get("permanent") is not False,
        reason=code if isinstance(code, str) and _CODE.fullmatch(code) else None,
        text=text if isinstance(text, str) else None,
    )
