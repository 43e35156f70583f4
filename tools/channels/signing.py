"""DKIM: a letter signed for its domain, the way out of marketing among what is signed (RFC 8058).

The signature is one header put in front; every byte that was decided on follows it unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import dkim  # type: ignore[import-untyped]
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tools.channels.letters import header_names

#: Signed wherever a letter has them, and once more than it has them: adding one breaks the seal.
SIGNED: Final = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-language",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
#: Shorter keys are not honoured by those who verify.
SHORTEST_KEY: Final = 1024


class BadKey(ValueError):
    """This is no key that letters can be signed with; the text says why, without the key."""


@dataclass(frozen=True, slots=True)
class Dkim:
    """Signs for one domain with one key, which is never shown."""

    selector: str
    domain: str
    pem: bytes = field(repr=False)

    @classmethod
    def of(cls, *, selector: str, domain: str, pem: bytes) -> Dkim:
        """A signer. Raises `BadKey` for anything but an unencrypted RSA key in PEM."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise BadKey("it is no private key in PEM, or it needs a password") from None
        if not isinstance(key, RSAPrivateKey):
            raise BadKey("only RSA keys can sign")
        if key.key_size < SHORTEST_KEY:
            raise BadKey(f"the key has {key.key_size} bits; {SHORTEST_KEY} are the least")
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return cls(selector, domain, plain)

    def sign(self, raw: bytes) -> bytes:
        """The letter with its signature in front."""
        names = header_names(raw) or []
        signed = [name for name in SIGNED for _ in range(names.count(name) + 1)]
        header: bytes = dkim.sign(
            raw,
            self.selector.encode("ascii"),
            self.domain.encode("ascii"),
            self.pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=signed,
        )
        return header + raw
