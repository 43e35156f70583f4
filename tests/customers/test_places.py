"""Places: what an address and a number say of where somebody may be."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from customers.places import (
    country_code,
    country_of_phone,
    places_of_address,
    zones_by_country,
    zones_of_places,
)
from customers.profile import Profile, candidate_places, candidate_zones, with_traits


def living(address: Any, zone: str | None = None) -> Profile:
    traits = {"address": address, **({"timezone": zone} if zone else {})}
    return with_traits(Profile(), traits, at=1, source="identify")


@pytest.mark.parametrize(
    ("said", "code"),
    [("DE", "DE"), ("de", "DE"), ("DEU", "DE"), ("Germany", "DE"), ("Deutschland", "DE"),
     (" Allemagne ", "DE"), ("UK", "GB"), ("United Kingdom", "GB"), ("USA", "US"),
     ("United States", "US"), ("France", "FR"), ("", None), ("Atlantis", None), ("EU", None),
     (49, None), (None, None), (["DE"], None)],
)  # fmt: skip
def test_a_country_is_read_from_its_code_or_its_name(said: Any, code: str | None) -> None:
    assert country_code(said) == code


@pytest.mark.parametrize(
    ("address", "places"),
    [({"country": "US", "state": "FL"}, ("US", "US-FL")),
     ({"country": "US", "state": "florida"}, ("US", "US-FL")),
     ({"country": "USA", "region": "us-tx"}, ("US", "US-TX")),
     ({"country": "US", "state": "Atlantis"}, ("US",)),
     ({"country": "US", "state": 7}, ("US",)),
     ({"country": "FR", "state": "IDF"}, ("FR", "FR-IDF")),
     ({"country": "GB", "state": "England"}, ("GB",)),
     ({"state": "FL"}, ()), ({}, ()), ("Florida", ()), (None, ())],
)  # fmt: skip
def test_a_region_is_read_within_its_country(address: Any, places: tuple[str, ...]) -> None:
    assert places_of_address(address) == places


def test_a_place_lies_in_real_zones() -> None:
    assert zones_of_places(("US", "US-FL")) == ("America/New_York", "America/Chicago")
    assert zones_of_places(("AL",)) == ("Europe/Tirane",)  # not Alabama's
    assert len(zones_of_places(("US",))) == 29
    assert zones_of_places(("CA", "CA-ON")) == zones_by_country()["CA"]
    assert zones_of_places(()) == ()
    states = {zone for zone in zones_of_places(("US", "US-AK"))}
    assert all(ZoneInfo(zone) for zone in states) and states


@pytest.mark.parametrize(
    ("number", "country"),
    [("+493023125000", "DE"), ("+13055551234", "US"), (None, None), ("", None), ("12", None),
     ("+999123456789", None)],
)  # fmt: skip
def test_a_number_says_its_country(number: str | None, country: str | None) -> None:
    assert country_of_phone(number) == country


def test_an_address_counts_beside_the_number_and_a_stated_zone_elsewhere() -> None:
    german = {"country": "DE"}
    assert candidate_zones(living(german), None) == ("Europe/Berlin", "Europe/Busingen")
    assert candidate_zones(living(german, "Europe/Lisbon"), "+33142685300") == (
        "Europe/Lisbon", "Europe/Paris", "Europe/Berlin", "Europe/Busingen",
    )  # fmt: skip


def test_a_stated_zone_within_the_country_says_where_in_it() -> None:
    assert candidate_zones(living({"country": "US"}, "America/Denver"), None) == ("America/Denver",)
    assert len(candidate_zones(living({"country": "US"}), None)) == 29


def test_p6_an_address_that_cannot_be_read_adds_nothing() -> None:
    assert candidate_zones(living({"country": "Atlantis"}), None) == ()
    assert candidate_places(living("Berlin"), None) == ()


def test_places_are_the_address_s_and_the_number_s() -> None:
    person = living({"country": "US", "state": "FL"})
    assert candidate_places(person, "+493023125000") == ("US", "US-FL", "DE")
    assert candidate_places(Profile(), "+493023125000") == ("DE",)
