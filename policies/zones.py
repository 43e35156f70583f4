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


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """The name under which the zone is listed for its country: `US/Eastern` → `America/New_York`.

    A zone that lies in no country is its own name.
    """
    return name if name in _listed() else _links().get(name, name)


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    """Every zone that lies in a country."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return frozenset(cells[2] for cells in lines if len(cells) > 2)


@lru_cache(maxsize=1)
def _links() -> dict[str, str]:
    """Older names of zones, with the names they stand for."""
    table = files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
    parts = (line.split() for line in table.splitlines() if line.startswith("L "))
    return {alias: target for _, target, alias in parts}


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
