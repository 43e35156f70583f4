"""SendGrid's Event Webhook: ECDSA P-256 over the timestamp and the raw body, a list of events.

Signed Event Webhook: `X-Twilio-Email-Event-Webhook-Signature` is the base64 of a DER signature of
SHA-256 over `timestamp + body`; the account's public key is the base64 of a DER
SubjectPublicKeyInfo. A `bounce` of the type `blocked` is of the moment; any other is final.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tools.channels.receipts.machines import is_machine
from tools.channels.receipts.receipt import (
    BadSignature,
    Malformed,
    Posted,
    Receipt,
    at_of,
    check_fresh,
    effect_of,
    text_of,
)

_SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
_TIMESTAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
_KINDS: Final = {
    "processed": "accepted",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounced",
    "dropped": "dropped",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
#: The enhanced status code of RFC 3463, the only part of the server's words that names nobody.
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SendGrid:
    """Reads what SendGrid posts, under the account's public key."""

    key: ec.EllipticCurvePublicKey
    provider: str = "sendgrid"

    @classmethod
    def of(cls, public_key: str) -> SendGrid:
        """A reader. Raises `ValueError` where the key is none that SendGrid shows."""
        try:
            key = load_der_public_key(base64.b64decode(public_key, validate=True))
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            raise ValueError("public_key is not a base64 DER public key") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ValueError("public_key is not a key of the curve P-256")
        return cls(key)

    def read(self, posted: Posted, *, now_us: int) -> list[Receipt]:
        """One receipt an event; kinds that SendGrid adds are passed over. `Reader.read`."""
        timestamp = posted.header(_TIMESTAMP)
        try:
            signature = base64.b64decode(posted.header(_SIGNATURE), validate=True)
            signed = timestamp.encode() + posted.body
            self.key.verify(signature, signed, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError, binascii.Error):
            raise BadSignature(f"{_SIGNATURE} is not this account's over this body") from None
        check_fresh(timestamp, now_us)
        try:
            listed = json.loads(posted.body)
        except (ValueError, RecursionError):
            raise Malformed("the body is no JSON") from None
        if not isinstance(listed, list):
            raise Malformed("the body is not a list of events")
        read = [_event(event, f"event {k}") for k, event in enumerate(listed)]
        return [receipt for receipt in read if receipt is not None]

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """SendGrid does not ask."""
        return None


def _event(event: Any, where: str) -> Receipt | None:
    if not isinstance(event, dict):
        raise Malformed(f"{where} is no object")
    named = text_of(event, "event", where)
    kind = _KINDS.get(named)
    if kind is None:
        return None
    arguments = event.get("custom_args") or event.get("unique_args")
    given = arguments if isinstance(arguments, dict) else {}
    agent, message_id = event.get("useragent"), event.get("sg_message_id")
    prefetched = event.get("sg_machine_open") in (True, "true", 1)
    status = event.get("status")
    code = status if isinstance(status, str) and _STATUS.fullmatch(status) else None
    return Receipt(
        provider="sendgrid",
        provider_event_id=text_of(event, "sg_event_id", where),
        effect_id=effect_of(event.get("effect_id", given.get("effect_id"))),
        provider_message_id=message_id if isinstance(message_id, str) else None,
        channel="email",
        kind=kind,
        address=text_of(event, "email", where),
        at_us=at_of(event.get("timestamp"), where),
        machine=kind in ("opened", "clicked") and (prefetched or is_machine(agent)),
        permanent=kind == "bounced" and event.get("type") != "blocked",
        reason=f"{named} {code}" if code else None,
    )
