"""What of a person's traits can be compared with another's: normalised text, or None.

What is junk, impossible or a form's default says nothing, so that nobody becomes like everybody
else who left the field alone. Pure: the day comes from the caller.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from customers.identifiers import JUNK, normalise

_LONGEST = 200
_OLDEST = 1880
_NOT_A_WORD = re.compile(r"[^\w]+|_+")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")
#: What forms and spreadsheets write where nobody said.
_DEFAULT_DAYS = frozenset(["18991230", "18991231", "19000101", "19700101"])


@dataclass(frozen=True, slots=True)
class Comparable:
    """One record as it is compared. `birth_date` is YYYYMMDD, all else lower case."""

    given_name: str | None = None
    surname: str | None = None
    birth_date: str | None = None
    street: str | None = None
    suburb: str | None = None
    postcode: str | None = None
    region: str | None = None
    country: str | None = None
    national_id: str | None = None
    email: str | None = None
    phone: str | None = None


def comparable_of(traits: Mapping[str, Any], *, today: date) -> Comparable:
    """From Segment's traits, in camel or snake case. A birth date after `today` says nothing."""
    address = traits.get("address")
    place: Mapping[str, Any] = address if isinstance(address, Mapping) else {}
    given = _text(_first(traits, "firstName", "first_name"))
    surname = _text(_first(traits, "lastName", "last_name"))
    if given is None and surname is None:
        given, surname = _split(traits.get("name"))
    country = _text(_first(place, "country") or traits.get("country"))
    email = normalise("email", traits.get("email"))
    phone = normalise(
        "phone",
        traits.get("phone"),
        region=country.upper() if country and len(country) == 2 else None,
    )
    return Comparable(
        given_name=given,
        surname=surname,
        birth_date=_day(_first(traits, "birthday", "dateOfBirth", "date_of_birth"), today),
        street=_text(_first(place, "street")),
        suburb=_text(_first(place, "city")),
        postcode=_joined(_first(place, "postalCode", "postal_code")),
        region=_text(_first(place, "state")),
        country=country,
        national_id=_joined(_first(traits, "nationalId", "national_id")),
        email=email.value if email else None,
        phone=phone.value if phone else None,
    )


def _first(traits: Mapping[str, Any], *names: str) -> Any:
    return next((traits[name] for name in names if traits.get(name) not in (None, "")), None)


def _text(value: Any) -> str | None:
    """Lower case, without accents and punctuation, words one space apart."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**20 else None
    if not isinstance(value, str) or len(value) > _LONGEST or value.strip().casefold() in JUNK:
        return None
    apart = unicodedata.normalize("NFKD", value.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c)).replace("'", "")
    text = " ".join(_NOT_A_WORD.sub(" ", plain).split())
    return None if not text or text in JUNK else text


def _joined(value: Any) -> str | None:
    """A code: its spaces and hyphens mean nothing."""
    text = _text(value)
    return text.replace(" ", "") if text else None


def _split(name: Any) -> tuple[str | None, str | None]:
    """Given name and surname of `Ada Lovelace` or `Lovelace, Ada`; one word is a given name."""
    if isinstance(name, str) and name.count(",") == 1:
        surname, given = (_text(part) for part in name.split(","))
        if given and surname:
            return given, surname
    words = (_text(name) or "").split()
    if len(words) < 2:
        return (words[0] if words else None), None
    return " ".join(words[:-1]), words[-1]


def _day(value: Any, today: date) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**8:
        value = str(value)
    found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
    text = f"{day:%Y%m%d}"
    return text if day.year >= _OLDEST and day <= today and text not in _DEFAULT_DAYS else None
