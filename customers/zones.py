"""Time zones a person could be in. One number may lie in many zones; an unknown name is no zone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers import timezone as phone_zones

_NOWHERE = "Etc/Unknown"
#: Names that some machines have beside the tz database: the zone of the machine, or of nobody.
_OF_THE_MACHINE = frozenset(["localtime", "Factory", "posixrules"])


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - _OF_THE_MACHINE


def known_zone(name: Any) -> str | None:
    """The name, if the tz database has it."""
    return name if isinstance(name, str) and name in _names() else None


@lru_cache(maxsize=10_000)
def zones_of_phone(number: str | None) -> tuple[str, ...]:
    """All zones of an E.164 number; () where there is none or nothing is known of it."""
    if number is None:
        return ()
    try:
        found = phone_zones.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(z for z in found if z != _NOWHERE and known_zone(z))
