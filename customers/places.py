"""Where a person may be: the country and region of their address, and of their number.

What cannot be read as a place is no place: then their zones alone say where they could be.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import phonenumbers
from babel import Locale
from babel.core import get_global

#: Languages in which the name of a country is understood.
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl")
#: The zones of the United States whose clocks differ, with the states that lie in each.
_ZONES_OF_STATES = {
    "America/New_York": "CT DE DC FL GA IN KY ME MD MA MI NH NJ NY NC OH PA RI SC TN VT VA WV",
    "America/Chicago": "AL AR FL IL IN IA KS KY LA MI MN MS MO NE ND OK SD TN TX WI",
    "America/Denver": "AZ CO ID KS MT NE NV NM ND OR SD TX UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA ID NV OR WA",
    "America/Anchorage": "AK",
    "America/Adak": "AK",
    "Pacific/Honolulu": "HI",
}
_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "district of columbia": "DC",
    "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL",
    "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV",
    "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM", "new york": "NY",
    "north carolina": "NC", "north dakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR",
    "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC", "south dakota": "SD",
    "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip


def places_of_address(address: Any) -> tuple[str, ...]:
    """`{"country": "US", "state": "FL"}` → `("US", "US-FL")`; () where no country can be read."""
    if not isinstance(address, Mapping):
        return ()
    country = country_code(address.get("country"))
    if country is None:
        return ()
    region = _region(country, address.get("state") or address.get("region"))
    return (country,) if region is None else (country, f"{country}-{region}")


def country_of_phone(number: str | None) -> str | None:
    """The country of an E.164 number; None where it has none or nothing is known of it."""
    if number is None:
        return None
    try:
        code = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
    return code if isinstance(code, str) and len(code) == 2 and code.isalpha() else None


def country_code(value: Any) -> str | None:
    """A country's code of ISO 3166, from its code of two or three letters or its name."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.upper() in zones_by_country():
        return text.upper()
    other: list[str] = get_global("territory_aliases").get(text.upper(), [])
    if len(other) == 1 and other[0] in zones_by_country():
        return other[0]
    return _names_of_countries().get(text.casefold())


def zones_of_places(places: tuple[str, ...]) -> tuple[str, ...]:
    """Every zone of the country, or of its region where that is known and its zones are."""
    if not places:
        return ()
    country, _, state = places[-1].partition("-")
    zones = _zones_of_state(state) if country == "US" and state else ()
    return zones or zones_by_country().get(country, ())


@lru_cache(maxsize=1)
def zones_by_country() -> Mapping[str, tuple[str, ...]]:
    """The zones of every country, by its code, as the tz database lists them."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for line in table.splitlines():
        cells = line.split("\t")
        if not line.startswith("#") and len(cells) > 2:
            found[cells[0]] = (*found.get(cells[0], ()), cells[2])
    return found


@lru_cache(maxsize=64)
def _zones_of_state(state: str) -> tuple[str, ...]:
    return tuple(zone for zone, states in _ZONES_OF_STATES.items() if state in states.split())


@lru_cache(maxsize=1)
def _names_of_countries() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in zones_by_country():
                found.setdefault(name.casefold(), code)
    return found


def _region(country: str, value: Any) -> str | None:
    """A region's code: of the United States only a state's, of others what is short enough."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    code = text.upper().removeprefix(f"{country}-")
    if country == "US":
        return code if code in _STATES.values() else _STATES.get(text.casefold())
    return code if code.isascii() and code.isalnum() and len(code) <= 3 else None
