"""Standard Webhooks: what is sent is signed, and what comes is verified, in this one place.

Pure: no clock, no chance, no network. The signature covers `ID.SECONDS.BODY`, HMAC-SHA256 under the
key in the secret (`whsec_` and base64), written `v1,BASE64`; several may stand in one header, with
spaces between, while a secret is being replaced. The rules are those of the Standard Webhooks
specification 1.0.0 (standardwebhooks.com).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
#: A message whose clock is further from ours is refused, so that an old one cannot be sent again.
TOLERANCE_S: Final = 300
#: A secret holds so many bytes at least, and at most, by the specification.
SHORTEST_KEY: Final = 24
LONGEST_KEY: Final = 64
_VERSION = "v1"


class BadSecret(ValueError):
    """This is no secret of a webhook; the text says what one is, never what was given."""


class BadSignature(ValueError):
    """A message is not signed by whom it should be; the text says what is wrong."""


def secret_of(key: bytes) -> str:
    """A secret as it is shown, from fresh random bytes."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises `BadSecret`."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise BadSecret(
            f"a webhook's secret is {PREFIX} and base64 of {SHORTEST_KEY} to {LONGEST_KEY} bytes"
        )
    return key


def signature(key: bytes, *, message_id: str, at_s: int, body: bytes) -> str:
    """One signature. `at_s` is UTC in whole seconds."""
    signed = f"{message_id}.{at_s}.".encode() + body
    digest = hmac.new(key, signed, sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def headers(keys: Sequence[bytes], *, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, signed by each key."""
    signed = [signature(key, message_id=message_id, at_s=at_s, body=body) for key in keys]
    return {ID: message_id, TIMESTAMP: str(at_s), SIGNATURE: " ".join(signed)}


def verify(
    keys: Sequence[bytes],
    given: Mapping[str, str],
    body: bytes,
    *,
    now_s: int,
    tolerance_s: int = TOLERANCE_S,
) -> str:
    """The id of a message that one of these keys has signed. Raises `BadSignature`.

    `given`: the headers, by names in lower case. `body`: the bytes as they came, before any
    parsing. Whoever takes messages remembers the id, because the same one may come again.
    """
    message_id, said, signatures = (given.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (message_id and said and signatures):
        raise BadSignature(f"the headers {ID}, {TIMESTAMP} and {SIGNATURE} are needed")
    if not (said.isascii() and said.isdecimal() and len(said) <= 12):
        raise BadSignature(f"{TIMESTAMP} is not a whole number of seconds")
    if abs(now_s - int(said)) > tolerance_s:
        raise BadSignature(f"{TIMESTAMP} is more than {tolerance_s} seconds from our time")
    expected = [
        signature(key, message_id=message_id, at_s=int(said), body=body).encode() for key in keys
    ]
    found = [
        hmac.compare_digest(one.encode(), other) for one in signatures.split() for other in expected
    ]
    if not any(found):
        raise BadSignature(f"no signature in {SIGNATURE} is ours")
    return message_id
