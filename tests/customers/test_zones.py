"""Zones: real names only, and every zone that a number may lie in."""

from __future__ import annotations

from typing import Any

import pytest

from customers.profile import Profile, candidate_zones, with_traits
from customers.zones import known_zone, zones_of_phone


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"])
def test_p12_a_zone_of_the_tz_database_is_known(name: str) -> None:
    assert known_zone(name) == name


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "europe/berlin", "", "CEST", "+01:00", "localtime", "Factory"]
)
def test_p12_another_name_is_no_zone(name: str) -> None:
    assert known_zone(name) is None


@pytest.mark.parametrize("value", [None, 1, True, ["Europe/Berlin"], {}])
def test_p12_what_is_no_name_is_no_zone(value: Any) -> None:
    assert known_zone(value) is None


def test_a_number_may_lie_in_many_zones() -> None:
    assert len(zones_of_phone("+18005550100")) > 10
    assert len(zones_of_phone("+16055550100")) == 2
    assert zones_of_phone("+493023125000") == ("Europe/Berlin",)


@pytest.mark.parametrize("number", [None, "", "12", "not a number", "+999123456789"])
def test_what_is_no_number_lies_nowhere(number: str | None) -> None:
    assert zones_of_phone(number) == ()


def test_the_stated_zone_stands_beside_all_of_the_number_s() -> None:
    person = with_traits(Profile(), {"timezone": "Europe/Lisbon"}, at=1, source="identify")
    assert candidate_zones(person, None) == ("Europe/Lisbon",)
    assert candidate_zones(person, "+493023125000") == ("Europe/Lisbon", "Europe/Berlin")
    assert candidate_zones(Profile(), "+493023125000") == ("Europe/Berlin",)
    assert candidate_zones(Profile(), None) == ()


def test_p6_an_unknown_zone_name_is_malformed_and_no_zone() -> None:
    person = with_traits(Profile(), {"timezone": "Mars/Olympus"}, at=1, source="identify")
    assert candidate_zones(person, None) == ()
    assert person.malformed.keys() == {"timezone"}
