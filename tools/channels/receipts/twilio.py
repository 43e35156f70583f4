"""Twilio's callbacks for text messages: `X-Twilio-Signature` over the public URL and the form.

Twilio signs, with HMAC-SHA1 under the account's auth token, the full URL it called, followed by
every form field's name and value in the order of the names. The URL is what Twilio sees, so it is
made of `USHER_PUBLIC_URL`, not of what a proxy made of it. The effect comes back in the query of
the status callback (`effect_id`). Callbacks carry no time of their own: theirs is when they came.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from tools.channels.receipts.receipt import BadSignature, Malformed, Posted, Receipt, effect_of

_KINDS: Final = {
    "queued": "accepted",
    "accepted": "accepted",
    "sending": "accepted",
    "sent": "accepted",
    "delivered": "delivered",
    "undelivered": "bounced",
    "failed": "dropped",
    "read": "opened",
}
#: Twilio's error codes after which a number takes no text again: unknown destination, landline or
#: unreachable carrier, not a mobile number, and 21610, whose owner replied STOP.
_PERMANENT: Final = frozenset({"30005", "30006", "21614", "21610"})
#: The owner has opted out with Twilio itself: no text is taken for the number any more.
_OPTED_OUT: Final = "21610"
_MOST_FIELDS: Final = 500


@dataclass(frozen=True, slots=True)
class Twilio:
    """Reads what Twilio posts to `public_url` (without the path), under the auth token."""

    public_url: str
    token: str = field(repr=False)
    provider: str = "twilio"

    def read(self, posted: Posted, *, now_us: int) -> list[Receipt]:
        """A status, or an answer somebody wrote. `Reader.read`."""
        stated = posted.header("X-Twilio-Signature")
        fields = _form(posted.body)
        expected = signature(self.token, self.public_url.rstrip("/") + posted.target, fields)
        if not hmac.compare_digest(expected.encode(), stated.encode()):
            raise BadSignature(
                "X-Twilio-Signature is not this account's over this URL and form; Twilio must call "
                "the address that begins with USHER_PUBLIC_URL"
            )
        form = dict(fields)
        sid = form.get("MessageSid") or form.get("SmsSid")
        if not sid:
            raise Malformed("the form field MessageSid is missing")
        status = form.get("MessageStatus") or form.get("SmsStatus")
        if status in (None, "received", "receiving") or "Body" in form:
            return [_reply(form, sid, now_us)]
        kind = _KINDS.get(status or "")
        if kind is None:
            return []
        error = form.get("ErrorCode", "")
        code = error if error.isascii() and error.isdecimal() and len(error) <= 6 else ""
        channel, address = _written_to(form, "To")
        return [
            Receipt(
                provider="twilio",
                provider_event_id=f"{sid}:{status}",
                effect_id=effect_of((posted.query or {}).get("effect_id")),
                provider_message_id=sid,
                channel=channel,
                kind="bounced" if code == _OPTED_OUT else kind,
                address=address,
                at_us=now_us,
                permanent=code in _PERMANENT,
                reason=f"{status} {code}" if code else None,
            )
        ]

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """Twilio does not ask."""
        return None


def signature(token: str, url: str, fields: list[tuple[str, str]]) -> str:
    """Twilio's signature of a form posted to a URL; a repeated field counts once a value."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    made = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(made).decode()


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Malformed("the body is no form as browsers send it") from None


def _reply(form: Mapping[str, str], sid: str, now_us: int) -> Receipt:
    channel, address = _written_to(form, "From")
    return Receipt(
        provider="twilio",
        provider_event_id=f"{sid}:received",
        effect_id=None,
        provider_message_id=sid,
        channel=channel,
        kind="replied",
        address=address,
        at_us=now_us,
        opt_out=form.get("OptOutType", "").upper() == "STOP",
        text=form.get("Body", ""),
    )


def _written_to(form: Mapping[str, str], name: str) -> tuple[str, str]:
    """The channel and the number: Twilio writes `whatsapp:+49…` for the one, `+49…` for text."""
    stated = form.get(name, "").strip()
    if not stated:
        raise Malformed(f"the form field {name} is missing")
    if stated.startswith("whatsapp:"):
        return "whatsapp", stated.removeprefix("whatsapp:")
    return "sms", stated
