"""The key table on both databases: durable, all or none, and really gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from store.keys import KeyTable, WrappedKey
from tests.databases import Place


@pytest.fixture
def table(any_place: Place) -> Iterator[KeyTable]:
    table = opened(any_place)
    yield table
    table.close()


def opened(place: Place) -> KeyTable:
    if place.url is not None:
        return KeyTable.shared(place.url)
    place.folder.mkdir(exist_ok=True)
    return KeyTable.in_file(place.folder / "keys.db")


def key(n: int, subject: str, at: int = 0) -> WrappedKey:
    return WrappedKey(f"{n:032x}", subject, bytes([n]) * 60, at)


def test_keys_are_found_by_id_and_by_whose_they_are(table: KeyTable) -> None:
    table.add([key(1, "cus_a"), key(2, "cus_b")])
    assert table.by_id(f"{1:032x}") == key(1, "cus_a") == table.of_subject("cus_a")
    assert table.by_id("f" * 32) is None and table.of_subject("cus_c") is None
    assert table.count() == 2
    table.add([])
    assert table.count() == 2


def test_the_newest_key_of_a_subject_counts(table: KeyTable) -> None:
    table.add([key(9, "cus_a", at=1), key(1, "cus_a", at=2)])
    assert table.of_subject("cus_a") == key(1, "cus_a", at=2)


def test_all_are_added_or_none(table: KeyTable) -> None:
    table.add([key(1, "cus_a")])
    with pytest.raises(IntegrityError):
        table.add([key(2, "cus_b"), key(1, "cus_c")])
    assert table.count() == 1


def test_all_keys_of_a_subject_are_destroyed_and_no_others(table: KeyTable) -> None:
    table.add([key(1, "cus_a"), key(2, "cus_a"), key(3, "cus_ab"), key(4, "cus_b")])
    assert table.destroy(["cus_a", "cus_z"]) == 2
    assert table.of_subject("cus_a") is None
    assert table.count() == 2
    assert table.destroy([]) == 0


def test_a_prefix_is_taken_as_it_is_written(table: KeyTable) -> None:
    table.add([key(1, "in_take:1"), key(2, "inXtake:2"), key(3, "in%:3")])
    assert table.subjects_like("in_") == ["in_take:1"]
    assert table.subjects_like("in%") == ["in%:3"]


def test_what_was_added_is_there_for_the_next_process(any_place: Place, table: KeyTable) -> None:
    table.add([key(1, "cus_a")])
    again = opened(any_place)
    assert again.of_subject("cus_a") == key(1, "cus_a")
    again.close()


def test_the_key_file_keeps_no_log_beside_it(tmp_path: Path) -> None:
    table = opened(Place(tmp_path))
    table.add([key(1, "cus_a")])
    table.destroy(["cus_a"])
    assert all(not beside.read_bytes() for beside in tmp_path.glob("keys.db-*"))
    table.close()
