"""Weights of pairs, the posterior over candidates, and what follows of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.comparable import Comparable, comparable_of
from customers.match_pool import shipped_weights
from customers.matching import FIELDS, LEVELS, Weights, answer, levels, posterior, weigh, weight_of

TODAY = date(2026, 3, 1)
ADA = Comparable(
    given_name="augusta",
    surname="lovelace",
    birth_date="19151210",
    street="12 st james square",
    suburb="marylebone",
    postcode="4011",
    region="wa",
    country="au",
)
WEIGHTS = shipped_weights()

_names = st.none() | st.text("abel", min_size=1, max_size=7)
_days = st.none() | st.dates(date(1900, 1, 2), date(2000, 1, 1)).map(lambda d: f"{d:%Y%m%d}")
comparables = st.builds(
    Comparable,
    given_name=_names,
    surname=_names,
    birth_date=_days,
    street=_names,
    suburb=_names,
    postcode=st.none() | st.text("012", min_size=4, max_size=4),
    region=st.none() | st.sampled_from(["wa", "nsw"]),
)


@given(comparables, comparables)
def test_a_pair_weighs_the_same_in_either_order(one: Comparable, other: Comparable) -> None:
    assert levels(one, other) == levels(other, one)
    assert weigh(one, other, WEIGHTS).weight == pytest.approx(weigh(other, one, WEIGHTS).weight)


@given(comparables, comparables)
def test_the_weight_alone_is_the_sum_of_what_is_told(one: Comparable, other: Comparable) -> None:
    told = weigh(one, other, WEIGHTS)
    assert weight_of(one, other, WEIGHTS) == pytest.approx(told.weight)
    assert told.weight == pytest.approx(sum(part.bits for part in told.contributions))


@given(comparables, st.sampled_from([f.name for f in fields(Comparable)]))
def test_what_is_missing_never_raises_the_weight_of_a_record_with_itself(
    record: Comparable, field: str
) -> None:
    less = replace(record, **{field: None})
    assert weight_of(record, less, WEIGHTS) <= weight_of(record, record, WEIGHTS) + 1e-9


@pytest.mark.parametrize("field", ["birth_date", "street", "suburb", "postcode", "region"])
def test_a_missing_field_adds_nothing_at_all(field: str) -> None:
    told = weigh(ADA, replace(ADA, **{field: None}), WEIGHTS)
    assert field not in {part.field for part in told.contributions}
    whole = weigh(ADA, ADA, WEIGHTS)
    (dropped,) = [part.bits for part in whole.contributions if part.field == field]
    assert told.weight == pytest.approx(whole.weight - dropped)


def test_nothing_at_all_weighs_nothing() -> None:
    assert weigh(Comparable(), Comparable(), WEIGHTS) == weigh(ADA, Comparable(), WEIGHTS)
    assert weigh(Comparable(), ADA, WEIGHTS).weight == 0


@pytest.mark.parametrize(
    ("field", "value", "level"),
    [
        ("given_name", "augusta", "exact"),
        ("given_name", "agusta", "close"),
        ("given_name", "beatrice", "else"),
        ("birth_date", "19151210", "exact"),
        ("birth_date", "19151211", "close"),
        ("birth_date", "19151012", "close"),
        ("birth_date", "19161210", "close"),
        ("birth_date", "19841210", "similar"),
        ("birth_date", "19840607", "else"),
        ("street", "12 st jmaes square", "close"),
        ("street", "12 st james square mayfair house", "similar"),
        ("street", "7 gibbet lane", "else"),
        ("suburb", "marylebon", "close"),
        ("suburb", "soho", "else"),
        ("postcode", "4010", "close"),
        ("postcode", "4101", "close"),
        ("postcode", "2999", "else"),
        ("region", "nsw", "else"),
    ],
)
def test_each_field_agrees_at_a_level(field: str, value: str, level: str) -> None:
    found = dict(zip(FIELDS, levels(ADA, replace(ADA, **{field: value})), strict=True))
    assert found[field] == level


def test_names_in_each_others_place_are_compared_crosswise_and_cost_a_little() -> None:
    other = replace(ADA, given_name="lovelace", surname="augusta")
    told = weigh(ADA, other, WEIGHTS)
    assert told.level("name_order") == "swapped"
    assert told.level("given_name") == told.level("surname") == "exact"
    assert 0 < weigh(ADA, ADA, WEIGHTS).weight - told.weight < 6


def test_the_explanation_names_fields_and_bits_and_no_value_of_anybodys() -> None:
    words = weigh(ADA, replace(ADA, suburb="soho"), WEIGHTS).words()
    assert any(line.startswith("birth date: exact, +") for line in words)
    assert any(line.startswith("suburb: else, -") for line in words)
    assert not any(value and value in line for line in words for value in ("lovelace", "soho"))


def test_every_level_that_a_comparison_gives_has_its_weight() -> None:
    for field, bits in zip(FIELDS, WEIGHTS.bits, strict=True):
        assert bits is None or set(bits) == LEVELS[field]


@pytest.mark.parametrize("field", ["birth_date", "street", "given_name", "surname", "postcode"])
def test_agreement_speaks_for_one_person_and_disagreement_against(field: str) -> None:
    bits = WEIGHTS.bits[FIELDS.index(field)]
    assert bits is not None
    assert bits["exact"] > 5 > 0 > bits["else"]


_weights = st.lists(st.floats(-60, 90), min_size=1, max_size=6)


@given(_weights, st.floats(0.01, 0.99), st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_population_never_raises_a_posterior(
    weights: list[float], prior: float, size: int, more: int
) -> None:
    few = posterior(weights, prior_match=prior, population=size)
    many = posterior(weights, prior_match=prior, population=size + more)
    assert all(m <= f + 1e-12 for f, m in zip(few, many, strict=True))


@given(_weights, st.floats(0.01, 0.99), st.integers(1, 10**6))
def test_posteriors_leave_room_for_nobody(weights: list[float], prior: float, size: int) -> None:
    chances = posterior(weights, prior_match=prior, population=size)
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) <= 1 + 1e-9


def test_a_posterior_is_bayes_rule() -> None:
    # Even prior odds over 1,024 people: 10 bits to even with nobody, and one candidate with 10.
    (chance,) = posterior([10.0], prior_match=0.5, population=1024)
    assert chance == pytest.approx(0.5)
    assert posterior([10.0, 10.0], prior_match=0.5, population=1024)[0] == pytest.approx(1 / 3)
    assert posterior([], prior_match=0.5, population=7) == []


def test_twice_the_population_asks_one_bit_more() -> None:
    once = posterior([20.0], prior_match=0.5, population=50_000)
    assert posterior([21.0], prior_match=0.5, population=100_000) == pytest.approx(once)


@pytest.mark.parametrize(("prior", "population"), [(0.0, 5), (1.0, 5), (0.5, 0)])
def test_a_prior_that_cannot_be_is_refused(prior: float, population: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        posterior([1.0], prior_match=prior, population=population)


def decided(*others: Comparable, weights: Weights = WEIGHTS) -> tuple[str, str | None, str | None]:
    scored = [(f"cus_{n}", weigh(ADA, other, weights)) for n, other in enumerate(others)]
    found = answer(scored, weights, prior_match=0.5, population=200_000)
    return found.kind, found.id, found.because


def test_the_same_record_is_merged_and_a_strangers_is_nobodys() -> None:
    stranger = Comparable("kim", "ng", "19800101", "9 far road", "perth", "6000", "wa")
    assert decided(stranger, ADA) == ("merge", "cus_1", None)
    assert decided(stranger) == ("nobody", None, None)
    assert decided() == ("nobody", None, None)


def test_two_who_fit_as_well_are_a_link_and_never_a_merge() -> None:
    assert decided(ADA, ADA) == ("link", "cus_0", "second")


def test_a_relative_at_the_same_address_is_a_link_and_never_a_merge() -> None:
    relative = replace(ADA, given_name="beatrice", birth_date="19880317")
    assert decided(relative) == ("link", "cus_0", "household")
    assert decided(replace(relative, given_name=None)) == ("link", "cus_0", "household")
    assert decided(replace(relative, birth_date=None)) == ("link", "cus_0", "household")


def test_twins_are_kept_apart_where_the_weights_ask_for_the_given_name() -> None:
    twin = replace(ADA, given_name="beatrice")
    assert decided(twin, weights=replace(WEIGHTS, household="given_name"))[0] == "link"
    assert decided(twin, weights=replace(WEIGHTS, household="birth_date"))[0] == "merge"
    assert decided(ADA, weights=replace(WEIGHTS, household="given_name"))[0] == "merge"


def test_weights_that_cannot_be_meant_are_refused_by_what_is_wrong() -> None:
    thresholds = {"merge": 0.99, "link": 0.5, "margin_bits": 4, "household": "off"}
    region: dict[str, Any] = {"exact": {"m": 0.9, "u": 0.2}, "else": {"m": 0.1, "u": 0.8}}
    good = {"thresholds": thresholds, "fields": {"region": region}}
    assert Weights.of(good).bits[FIELDS.index("region")] is not None
    with pytest.raises(ValueError, match="no such fields: shoe"):
        Weights.of({**good, "fields": {"shoe": region}})
    with pytest.raises(ValueError, match="region lacks levels: else"):
        Weights.of({**good, "fields": {"region": {"exact": region["exact"]}}})
    with pytest.raises(ValueError, match=r"region\.else: m and u"):
        Weights.of({**good, "fields": {"region": {**region, "else": {"m": 0, "u": 1}}}})
    with pytest.raises(ValueError, match="link <= merge"):
        Weights.of({**good, "thresholds": {**thresholds, "link": 0.995}})
    with pytest.raises(ValueError, match="household is given_name, birth_date or off"):
        Weights.of({**good, "thresholds": {**thresholds, "household": "no"}})


def test_traits_in_either_spelling_read_alike() -> None:
    camel = {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "birthday": "1915-12-10",
        "address": {"street": "12, St James' Square", "city": "Perth", "postalCode": "40 11"},
    }
    snake = {
        "first_name": "ADA ",
        "last_name": "lovelace",
        "dateOfBirth": 19151210,
        "address": {"street": "12 st james square", "city": "perth", "postal_code": 4011},
    }
    assert comparable_of(camel, today=TODAY) == comparable_of(snake, today=TODAY)
    assert comparable_of(camel, today=TODAY).birth_date == "19151210"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", ("ada", "lovelace")),
        ("Lovelace, Ada", ("ada", "lovelace")),
        ("Ada King Lovelace", ("ada king", "lovelace")),
        ("Ada", ("ada", None)),
        ("José Ñandú", ("jose", "nandu")),
        ("N/A", (None, None)),
        ("", (None, None)),
        (7.5, (None, None)),
    ],
)
def test_a_whole_name_is_split_where_its_parts_are_not_given(name: Any, expected: Any) -> None:
    found = comparable_of({"name": name}, today=TODAY)
    assert (found.given_name, found.surname) == expected


@pytest.mark.parametrize(
    "day",
    ["1984-02-30", "20270101", "2026-03-02", "1970-01-01", "1900-01-01", "18000101", "soon", "", 7]
    + [None, True, [1984], "1984", "84-01-02"],
)
def test_a_birth_date_that_cannot_be_or_is_a_forms_default_says_nothing(day: Any) -> None:
    assert comparable_of({"birthday": day}, today=TODAY).birth_date is None


@pytest.mark.parametrize("junk", ["null", "undefined", "  ", "---", None, {}, "x" * 500])
def test_junk_says_nothing(junk: Any) -> None:
    traits = {
        "firstName": junk,
        "lastName": junk,
        "email": junk,
        "phone": junk,
        "address": {"street": junk, "city": junk, "state": junk, "postalCode": junk},
    }
    assert comparable_of(traits, today=TODAY) == Comparable()
    assert comparable_of({"address": junk}, today=TODAY) == Comparable()
