"""FEBRL reads as a shop would send it; the shipped weights are what training makes; and they match.

Figures are told by `usher bench identity`; here only that they are not far off.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from customers.match_pool import shipped_weights
from evals import identity_measures as measures
from evals.benches import identity
from evals.data import febrl
from evals.identity_training import trained_text


def test_the_sets_hold_what_was_published() -> None:
    sizes = {name: len(febrl.read(name)) for name in febrl.NAMES}
    assert sizes == {
        "dataset1": 1_000,
        "dataset2": 5_000,
        "dataset3": 5_000,
        "dataset4a": 5_000,
        "dataset4b": 5_000,
    }
    assert len({r.person for r in febrl.read("dataset3")}) == 2_000


def test_a_row_reads_as_traits_without_its_social_security_number() -> None:
    rows = {record.id: record for record in febrl.read("dataset1")}
    record = rows["rec-122-org"]
    assert record.person == "122"
    assert record.traits == {
        "firstName": "lachlan",
        "lastName": "berry",
        "birthday": "19990219",
        "address": {
            "street": "69 giblin street, killarney",
            "city": "bittern",
            "state": "qld",
            "postalCode": "4814",
            "country": "AU",
        },
    }
    assert "firstName" not in rows["rec-223-org"].traits
    assert "7364009" not in str(record.traits) and record.comparable().national_id is None


def test_what_is_not_installed_is_said_with_what_to_do() -> None:
    with pytest.raises(febrl.NoFebrl, match="run `make install-dev`"):
        febrl.read("dataset1", package="no-package-of-this-name")
    with pytest.raises(ValueError, match="no FEBRL set 'dataset9'"):
        febrl.read("dataset9")


def test_another_file_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("rec_id, given_name\nrec-1-org, ada\n")
    with pytest.raises(ValueError, match=r"other\.csv: no FEBRL file; it lacks address_1"):
        list(febrl.read_file(other))


def test_training_again_makes_the_shipped_weights_byte_for_byte() -> None:
    shipped = files("customers").joinpath("match_weights.json").read_text(encoding="utf-8")
    assert trained_text() == shipped


def test_held_out_arrivals_find_their_record_and_nobody_elses() -> None:
    known, arrivals = febrl.read("dataset4a"), febrl.read("dataset4b")
    found = measures.link(shipped_weights(), known, arrivals)
    assert found["f1"] >= 0.99
    assert found["precision"] >= 0.999


def test_generated_relatives_are_hardly_ever_merged() -> None:
    found = measures.household(shipped_weights(), febrl.read("dataset4a"), arrivals=300, seed=1)
    assert found["generated_arrivals"] > 250
    assert found["wrongly_merged"] <= 0.02 * found["generated_arrivals"]


def test_the_measurement_says_each_thing_that_it_measured() -> None:
    measured = identity.run(strangers=500, profiles=1_000)
    assert measured["febrl4_link"]["posterior_alone"]["f1"] >= 0.99
    assert measured["febrl3_dedupe"]["shipped"]["records"] == 5_000
    half = measured["half_unmatched_among_generated"]["shipped"]
    assert half["of_somebody_known"] == 2_500 and half["population"] == 3_000
    assert half["precision"] >= 0.99
    assert measured["one_event"]["population"] == 1_000


def test_shares_count_what_was_said_and_what_was_true() -> None:
    assert measures.shares(8, 10, 16) == {"precision": 0.8, "recall": 0.5, "f1": 0.6154}
    assert measures.shares(0, 0, 0) == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
