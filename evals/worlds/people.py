"""The sample shop's people: invented identities for the purchase patterns of real CDNOW customers.

Names, addresses, zones, locales and consents are generated. E-mail addresses are at domains kept
for documentation (RFC 2606); phone numbers lie in ranges authorities keep for fiction (555-0100
to 0199 in North America, the Bundesnetzagentur's numbers for film and television in Germany):
nobody can be reached by accident. People whose country keeps no such range have no phone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

CHANNELS = ("email", "sms")

_GIVEN = {
    "en": ("Ada", "Alan", "Beatrice", "Carl", "Dora", "Edwin", "Flora", "Grace", "Hugh", "Iris")
    + ("Jane", "Kenneth", "Laura", "Martin", "Nora", "Oscar", "Pauline", "Ruth", "Simon", "Vera"),
    "de": ("Anke", "Bernd", "Clara", "Dieter", "Elke", "Frieda", "Georg", "Hanna", "Ingo", "Jörg")
    + ("Karla", "Lutz", "Maike", "Norbert", "Olga", "Paul", "Rüdiger", "Sabine", "Till", "Ulrike"),
}
_FAMILY = {
    "en": ("Archer", "Bishop", "Carter", "Dale", "Ellis", "Fielding", "Garner", "Holt", "Ingram")
    + ("Jessop", "Keats", "Lowell", "Mercer", "Norton", "Osborne", "Porter", "Reeve", "Sayer"),
    "de": ("Ahrens", "Brandt", "Cordes", "Düring", "Engel", "Färber", "Groß", "Hauser", "Jansen")
    + ("Köhler", "Lindner", "Möller", "Neumann", "Ostermann", "Peters", "Richter", "Schäfer"),
}
_LATIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

_ZONES = (
    # zone, language, locale, country, share of people in percent
    ("Europe/Berlin", "de", "de-DE", "DE", 45),
    ("Europe/Lisbon", "en", "en-PT", "PT", 10),
    ("America/New_York", "en", "en-US", "US", 30),
    ("Asia/Tokyo", "en", "en-JP", "JP", 15),
)
_CONSENTS = {
    # state of the marketing consent: share in percent
    "email": (("granted", 78), ("absent", 14), ("revoked", 8)),
    "sms": (("granted", 40), ("absent", 50), ("revoked", 10)),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented. `consents`, a channel: `granted`, `revoked` or `absent` (never asked)."""

    user_id: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    locale: str
    country: str
    zone: str
    consents: dict[str, str]

    def traits(self) -> dict[str, Any]:
        """Segment traits; what is not known is left out."""
        known = {
            "email": self.email,
            "phone": self.phone,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "locale": self.locale,
            "timezone": self.zone,
            "address": {"country": self.country},
        }
        return {name: value for name, value in known.items() if value is not None}


def people(customer_ids: tuple[str, ...], rng: random.Random) -> tuple[Person, ...]:
    """One invented person a customer number, in that order. User ids are `shop-` and the number."""
    phones = {"US": iter(_american_numbers()), "DE": iter(_german_numbers())}
    made = []
    for customer_id in customer_ids:
        zone, language, locale, country = _weighted(rng, tuple((row[:4], row[4]) for row in _ZONES))
        first, last = rng.choice(_GIVEN[language]), rng.choice(_FAMILY[language])
        local = f"{first}.{last}.{customer_id}".lower().translate(_LATIN)
        has_phone = rng.random() < 0.7
        phone = next(phones.get(country, iter(())), None) if has_phone else None
        consents = {channel: _weighted(rng, _CONSENTS[channel]) for channel in CHANNELS}
        if phone is None:
            consents["sms"] = "absent"
        made.append(
            Person(
                user_id=f"shop-{customer_id}",
                first_name=first,
                last_name=last,
                email=f"{local}@example.{rng.choice(('com', 'org'))}",
                phone=phone,
                locale=locale,
                country=country,
                zone=zone,
                consents=consents,
            )
        )
    return tuple(made)


def _weighted(rng: random.Random, options: tuple[tuple[Any, int], ...]) -> Any:
    return rng.choices([value for value, _ in options], [share for _, share in options])[0]


def _american_numbers() -> list[str]:
    return [f"+1{area}55501{n:02d}" for area in ("212", "646", "917") for n in range(100)]


def _german_numbers() -> list[str]:
    return [f"+49{block}{n:02d}" for block in ("17139200", "176040690") for n in range(100)]
