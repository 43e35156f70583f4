"""Providers as they sign, made apart from the readers: each by its vendor's rule."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PRIVATE = ec.derive_private_key(0x5EED_5EED_5EED, ec.SECP256R1())
SENDGRID_KEY = base64.b64encode(
    _PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
TWILIO_TOKEN = "twilio-auth-token"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def sendgrid(listed: Any, *, at_s: int) -> tuple[bytes, dict[str, str]]:
    """A body of the Signed Event Webhook and its headers."""
    body = json.dumps(listed).encode() if not isinstance(listed, bytes) else listed
    signature = _PRIVATE.sign(str(at_s).encode() + body, ec.ECDSA(SHA256()))
    return body, {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": str(at_s),
    }


def twilio(url: str, form: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """A form as Twilio posts it to a URL."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    made = hmac.new(TWILIO_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
    return urlencode(form).encode(), {
        "x-twilio-signature": base64.b64encode(made).decode(),
        "content-type": "application/x-www-form-urlencoded",
    }


def whatsapp(body: Any, secret: str) -> tuple[bytes, dict[str, str]]:
    """A body as Meta posts it."""
    raw = json.dumps(body).encode()
    made = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return raw, {"x-hub-signature-256": f"sha256={made}"}


def webhook(body: Any, *, own: str, at_s: int) -> tuple[bytes, dict[str, str]]:
    """A body as Standard Webhooks sign it."""
    raw = json.dumps(body).encode()
    made = hmac.new(bytes(range(32)), f"{own}.{at_s}.".encode() + raw, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(made).decode()}"
    return raw, {"webhook-id": own, "webhook-timestamp": str(at_s), "webhook-signature": signature}
