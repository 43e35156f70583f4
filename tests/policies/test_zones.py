"""Zones come from the pinned package, and offsets are those of the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.zones import RELEASE, known, names, offset_us, zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(names())), st.integers(0, 7_258_118_400_000_000))
def test_an_offset_is_that_of_the_zone_at_that_instant(name: str, instant: int) -> None:
    whole = instant // 1_000_000
    local = (EPOCH + timedelta(seconds=whole)).astimezone(zone(name)).utcoffset()
    assert local is not None
    assert offset_us(name, instant) == local // timedelta(microseconds=1)


def test_an_offset_changes_at_the_second() -> None:
    change = 1_774_746_000_000_000  # 29 March 2026, 01:00 UTC
    assert offset_us("Europe/Berlin", change - 1) == 3_600_000_000
    assert offset_us("Europe/Berlin", change) == 7_200_000_000


@pytest.mark.parametrize(
    "name", ["", "Berlin", "europe/berlin", "../zones", "/etc/localtime", "Europe"]
)
def test_what_is_no_zone_is_unknown(name: str) -> None:
    assert not known(name)
    with pytest.raises(KeyError):
        zone(name)


def test_the_release_is_named() -> None:
    assert RELEASE[:4].isdigit()
