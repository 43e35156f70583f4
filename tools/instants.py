"""Instants and calendar days: UTC microseconds, and the day they are on where a customer is (P12).

Zones are those of the pinned release that the gate itself uses, the same on every machine.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from policies.zones import offset_us

MINUTE_US = 60 * 1_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1).toordinal()


def instant(at_us: int) -> datetime:
    """Microseconds since the epoch as an aware UTC datetime."""
    return _BEGIN + timedelta(microseconds=at_us)


def microseconds(at: datetime) -> int:
    """An aware datetime in microseconds since the epoch, exactly."""
    return (at - _BEGIN) // timedelta(microseconds=1)


def local_date(at_us: int, zone: str) -> date:
    """The day that a calendar in this zone shows at an instant."""
    return date.fromordinal(_FIRST_DAY + (at_us + offset_us(zone, at_us)) // DAY_US)


def local_hour(at_us: int, zone: str) -> int:
    """The hour, 0 to 23, that a clock in this zone shows at an instant."""
    return (at_us + offset_us(zone, at_us)) % DAY_US // HOUR_US
