"""IANA time zones from the pinned `tzdata` package, the same on every machine.

The system's own zone files differ between machines and would let a replayed decision
defer to another instant. The release in use is part of the engine's name.
"""

from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

HOUR_US = 3_600_000_000
RELEASE = str(tzdata.IANA_VERSION)


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Every zone name there is, `Europe/Berlin` and its older aliases."""
    listing = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in listing.splitlines() if line.strip())


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that name; KeyError when there is none."""
    if name not in names():
        raise KeyError(name)
    path = files("tzdata").joinpath("zoneinfo").joinpath(*name.split("/"))
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def known(name: str) -> bool:
    """Whether a zone of that name exists."""
    return name in names()


def offset_us(name: str, instant_us: int) -> int:
    """How far that zone's clocks are ahead of UTC at an instant, in microseconds."""
    steady = _steady(name, instant_us // HOUR_US)
    return _exact(name, instant_us // 1_000_000) if steady is None else steady


@lru_cache(maxsize=8192)
def _steady(name: str, hour: int) -> int | None:
    """The offset throughout an hour; None when the clocks change within it."""
    first, after = _exact(name, hour * 3600), _exact(name, hour * 3600 + 3600)
    return first if first == after else None


def _exact(name: str, second: int) -> int:
    ahead = datetime.fromtimestamp(second, zone(name)).utcoffset()
    if ahead is None:  # an aware datetime always has one
        raise KeyError(name)
    return (ahead.days * 86_400 + ahead.seconds) * 1_000_000
