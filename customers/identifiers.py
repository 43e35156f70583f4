"""Identifiers: what a message says about who it is from, normalised so that equals look equal.

Junk that scripts write where an identifier was missing is refused, so that nobody becomes one with
everybody else who had none. What is not certainly one person's (a number without its area code, a
switchboard's extension) is no identifier.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from store.sealing import Vault

#: Strongest first: where two identifiers disagree, the stronger one says who it is.
KINDS = ("user_id", "email", "phone", "anonymous_id")
_WORDS = (
    "undefined null none nil nan n/a na anonymous unknown guest test true false "
    "0 1 -1 [] {} [object object] none@none.com test@test.com null@null.com"
)
#: Digests by which lists of partners name people: in hex, of the normalised value.
DIGESTS = {"email": ("sha256", "md5"), "phone": ("sha256",)}
JUNK = frozenset(_WORDS.split()) | {
    "[object object]",
    "(null)",
    "<null>",
    "00000000-0000-0000-0000-000000000000",
}
#: A template that nobody filled in: `{{user.id}}`, `${userId}`, `<user_id>`, `%USER%`.
_UNFILLED = re.compile(r"\{\{.*\}\}|\$\{.*\}|<.*>|%.*%", re.DOTALL)
_LONGEST = 320
_LARGEST = 10**40
_COUNTED_UP = "01234567890"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One normalised identifier."""

    kind: str
    value: str

    def hashed(self, vault: Vault) -> str:
        """The keyed hash by which it is found."""
        return vault.lookup(f"id:{self.kind}", self.value)

    def hashes(self, vault: Vault) -> tuple[str, ...]:
        """`hashed`, then the keyed hashes of its digests, by which a partner's list may name it."""
        return (
            self.hashed(vault),
            *(
                hashed_digest(vault, self.kind, algorithm, digest_of(algorithm, self.value))
                for algorithm in DIGESTS.get(self.kind, ())
            ),
        )


def digest_of(algorithm: str, value: str) -> str:
    """The digest of a normalised value, in lower-case hex."""
    return hashlib.new(algorithm, value.encode(), usedforsecurity=False).hexdigest()


def hashed_digest(vault: Vault, kind: str, algorithm: str, digest: str) -> str:
    """The keyed hash of a digest. No bare digest is kept: an address can be guessed from one."""
    return vault.lookup(f"id-{algorithm}:{kind}", digest)


def normalise(kind: str, value: Any, *, region: str | None = None) -> Identifier | None:
    """An identifier, or None where the value is junk, malformed or not of that kind."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        value = str(value)
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > _LONGEST or text.casefold() in JUNK or _UNFILLED.fullmatch(text):
        return None
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        return None
    if kind == "email":
        return _email(text)
    if kind == "phone":
        return _phone(text, region)
    return Identifier(kind, text)


def identifiers_of(message: Mapping[str, Any]) -> list[Identifier]:
    """Every identifier in a Segment-shaped message, strongest first, each once."""
    region = _region(_traits(message))
    found = [normalise(kind, value, region=region) for kind, value in _stated(message)]
    return list(dict.fromkeys(i for i in found if i is not None))


def unusable_of(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a message states as an identifier and is none: kind, and `junk` or `malformed`."""
    region = _region(_traits(message))
    return [
        (kind, "junk" if _is_junk(value) else "malformed")
        for kind, value in _stated(message)
        if value != "" and normalise(kind, value, region=region) is None
    ]


def _stated(message: Mapping[str, Any]) -> list[tuple[str, Any]]:
    traits = _traits(message)
    stated = [
        ("user_id", message.get("userId")),
        ("email", traits.get("email", message.get("email"))),
        ("phone", traits.get("phone", message.get("phone"))),
        ("anonymous_id", message.get("anonymousId")),
    ]
    return [(kind, value) for kind, value in stated if value is not None]


def _is_junk(value: Any) -> bool:
    text = str(value).strip()
    return text.casefold() in JUNK or _UNFILLED.fullmatch(text) is not None


def previous_of(message: Mapping[str, Any]) -> list[Identifier]:
    """Whom an `alias` says this was before: Segment has one field for both kinds of id."""
    if message.get("type") != "alias":
        return []
    value = message.get("previousId")
    found = (normalise("user_id", value), normalise("anonymous_id", value))
    return [identifier for identifier in found if identifier is not None]


def _traits(message: Mapping[str, Any]) -> dict[str, Any]:
    """Traits of the person. Those of a `group` message are the group's: a firm's address."""
    context = message.get("context")
    inner = context.get("traits") if isinstance(context, Mapping) else None
    traits = message.get("traits") if message.get("type") != "group" else None
    merged: dict[str, Any] = {}
    for part in (inner, traits):
        if isinstance(part, Mapping):
            merged.update(part)
    return merged


def _region(traits: Mapping[str, Any]) -> str | None:
    address = traits.get("address")
    country = traits.get("country") or (
        address.get("country") if isinstance(address, Mapping) else None
    )
    is_code = isinstance(country, str) and len(country) == 2 and country.isalpha()
    return country.upper() if is_code and isinstance(country, str) else None


def _email(text: str) -> Identifier | None:
    try:
        checked = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    # Lower case, not case folding: that would make one of ß and ss, which are two people's.
    return Identifier("email", unicodedata.normalize("NFC", checked.normalized.lower()))


def _phone(text: str, region: str | None) -> Identifier | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE or number.extension:
        return None
    digits = phonenumbers.national_significant_number(number)
    if len(set(digits)) == 1 or digits in _COUNTED_UP:
        return None
    return Identifier(
        "phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    )
