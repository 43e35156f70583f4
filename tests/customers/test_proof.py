"""The search for what must not be there: every encoding, any place of a file, sealed rows too."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from customers import proof
from customers.proof import OPENS, TooShort, masked, needles_of, rows_left, search_bytes
from store.schema import documents, inbox, journeys
from tests.customers.house import LABEL, House, readable
from tests.customers.people import NOW, identify

MAIL = "ada.lovelace@example.com"
#: Characters that every encoding writes differently, in identifiers as people have them.
VALUES = st.text(st.sampled_from("abcxyzABC0189@.+-_ äßÜé/\"'"), min_size=5, max_size=40).filter(
    lambda value: value == value.strip()
)

ENCODED: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-16-LE": lambda v: v.encode("utf-16-le"),
    "UTF-16-BE": lambda v: v.encode("utf-16-be"),
    "JSON": lambda v: json.dumps(v)[1:-1].encode(),
    "JSON, UTF-8": lambda v: json.dumps(v, ensure_ascii=False)[1:-1].encode(),
    "URL": lambda v: quote(v, safe="").encode(),
    "base64 at 0": lambda v: base64.b64encode(v.encode()),
    "base64 at 1": lambda v: base64.b64encode(b"?" + v.encode() + b"!"),
    "base64 at 2": lambda v: base64.b64encode(b"??" + v.encode() + b"!!"),
    "base64 for URLs": lambda v: base64.urlsafe_b64encode(b"??" + v.encode()),
    "hex": lambda v: v.encode().hex().encode(),
    "HEX": lambda v: v.encode().hex().upper().encode(),
    "casefolded": lambda v: v.casefold().encode(),
    "upper": lambda v: v.upper().encode(),
    "md5": lambda v: hashlib.md5(v.encode()).digest(),
    "sha1 in hex": lambda v: hashlib.sha1(v.encode()).hexdigest().encode(),
    "sha256": lambda v: hashlib.sha256(v.encode()).digest(),
    "sha256 in hex": lambda v: hashlib.sha256(v.encode()).hexdigest().upper().encode(),
}


@given(value=VALUES, how=st.sampled_from(sorted(ENCODED)), before=st.binary(max_size=40))
def test_p10_an_identifier_is_found_in_every_encoding(value: str, how: str, before: bytes) -> None:
    data = before + b"\x02" + ENCODED[how](value) + b"\x00\xff"  # a number stands alone
    if len(ENCODED[how](value)) >= proof.SHORTEST:
        assert proof.encodings_in(data, needles_of([value]))


@given(
    how=st.sampled_from(sorted(ENCODED)),
    before=st.integers(0, 400),
    after=st.integers(0, 400),
    chunk=st.integers(1, 130),
)
def test_p10_a_needle_is_found_across_the_borders_of_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, how: str, before: int, after: int, chunk: int
) -> None:
    planted = ENCODED[how](MAIL)
    path = tmp_path_factory.mktemp("bytes") / "file"
    path.write_bytes(b"\x02" * before + planted + b"\x01" * after)
    needles = needles_of([MAIL])
    searched = search_bytes(path, needles, chunk=chunk)
    assert searched.size == before + len(planted) + after
    assert searched == search_bytes(path, needles), "the size of what is read changes nothing"
    assert searched.count >= 1
    assert all(before <= hit.offset < before + len(planted) for hit in searched.found)


@given(st.binary(max_size=3_000), st.integers(1, 64))
def test_p10_what_is_not_there_is_not_found(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("noise") / "file"
    path.write_bytes(noise)
    assert search_bytes(path, needles_of([MAIL]), chunk=chunk).count == 0


def test_p10_each_place_is_counted_once_and_the_first_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(f"{MAIL}, ".encode() * 300)
    searched = search_bytes(path, needles_of([MAIL]), chunk=37)
    assert searched.count == 300
    assert len(searched.found) == proof.MOST_LISTED
    assert [hit.offset for hit in searched.found[:2]] == [0, len(MAIL) + 2]


@pytest.mark.parametrize("value", ["", "ada", "1234", "äb"])
def test_p10_what_is_too_short_to_prove_anything_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(TooShort, match="give a longer one") as refused:
        needles_of([MAIL, value])
    assert not value or value not in str(refused.value).split()


def test_p10_a_number_is_found_without_its_plus() -> None:
    assert proof.encodings_in(b"tel:00493023125000", needles_of(["+493023125000"]))


def test_p10_a_needle_does_not_show_what_it_looks_for() -> None:
    assert "ada" not in repr(needles_of([MAIL])).lower()


def test_p10_a_name_is_told_without_what_was_searched_for() -> None:
    needles = needles_of([MAIL])
    assert masked("outbox/eff_1.sealed", needles) == "outbox/eff_1.sealed"
    told = masked(f"export of {MAIL.upper()}.csv", needles)
    assert "lovelace" not in told.lower() and told.startswith("export of .csv")


def test_p10_line_breaks_of_mime_hide_nothing() -> None:
    coded = base64.encodebytes(
        f"Dear colleague, please write to {MAIL} before the day ends".encode()
    )
    assert b"\n" in coded[:-1]
    assert proof.encodings_in(coded, needles_of([MAIL]))


@pytest.mark.parametrize("chunk", range(1, 24))
def test_p10_a_short_number_counts_where_it_stands_alone(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"40815;x40815 408151 140815 (40815) 40815a 4081540815 40815")
    searched = search_bytes(path, needles_of(["40815"]), chunk=chunk)
    assert [hit.offset for hit in searched.found] == [0, 28, 53]


def test_p10_a_long_number_counts_wherever_it_stands() -> None:
    assert proof.encodings_in(b"a1234567890z", needles_of(["234567890"]))


# -- rows ---


def found_in(house: House, *values: str, erased: tuple[str, ...] = ()) -> set[tuple[str, str, str]]:
    town = house.town
    tables = town.db.read_now(
        proof.search_rows, town.vault, needles_of(values), erased=frozenset(erased)
    )
    assert sum(t.damaged for t in tables) == 0
    return {(hit.table, hit.column, hit.encoding) for t in tables for hit in t.found}


def test_p10_before_an_erasure_sealed_columns_are_searched_inside(house: House) -> None:
    places = {(table, column) for table, column, _ in found_in(house, MAIL)}
    assert {
        ("identifiers", "value_sealed"),
        ("consents", "evidence_sealed"),
        ("events", "body_sealed"),
        ("inbox", "payload_sealed"),
        ("journal", "body_sealed"),
        ("effects", "reason"),
    } <= places


def test_p10_after_an_erasure_nothing_is_found_in_any_row(house: House) -> None:
    house.erase()
    erased = (house.ada, house.absorbed)
    assert found_in(house, MAIL, "+493023125000", "device-ada", erased=erased) == set()
    assert house.town.db.read_now(rows_left, erased) == {}
    assert found_in(house, "bob@example.com"), "Bob is there, and is found"


def test_p10_noise_and_what_opens_are_counted_apart(house: House) -> None:
    house.erase()
    tables = {
        t.table: t
        for t in house.town.db.read_now(proof.search_rows, house.town.vault, needles_of([MAIL]))
    }
    assert (tables["journal"].opened, tables["journal"].unreadable) == (1, 1)
    assert tables["identifiers"].unreadable == 0
    assert tables["customers"].rows == 3


def test_p10_a_mention_in_what_is_sealed_for_somebody_else_is_found(house: House) -> None:
    house.erase()
    house.town.who(identify("bob", friend=MAIL.upper()))
    assert found_in(house, MAIL) == {("customers", "profile_sealed", "UTF-8")}


def test_p10_a_mention_in_the_intake_is_found(house: House) -> None:
    house.erase()
    town = house.town

    def plant(conn: Connection) -> None:
        sealed = town.vault.seal_json(town.vault.intake(), LABEL, {"note": f"for {MAIL}"})
        conn.execute(update(inbox).where(inbox.c.status == "dead").values(payload_sealed=sealed))

    town.run(plant)
    assert ("inbox", "payload_sealed", "UTF-8") in found_in(house, MAIL)


def test_p10_a_mention_in_a_plain_column_is_found_and_its_row_named(house: House) -> None:
    house.erase()
    town = house.town

    def plant(conn: Connection) -> None:
        conn.execute(
            documents.insert().values(
                kind="agent",
                name="shopping",
                version=9,
                sha256="0",
                text=f"never write to {MAIL}",
                author="ann",
                created_at=NOW,
            )  # fmt: skip
        )

    town.run(plant)
    tables = town.db.read_now(proof.search_rows, town.vault, needles_of([MAIL]))
    [hit] = [hit for table in tables for hit in table.found]
    assert (hit.table, hit.column, hit.row) == ("documents", "text", "agent shopping 9")


def test_p10_a_key_that_was_left_is_noticed_whatever_is_sealed_under_it(house: House) -> None:
    house.prepare()
    assert readable(house.town, house.ada)
    erased = (house.ada, house.absorbed)
    opens = {place for place in found_in(house, MAIL, erased=erased) if place[2] == OPENS}
    assert ("journeys", "context_sealed", OPENS) in opens
    left = house.town.db.read_now(rows_left, erased)
    assert left["journeys"] == 1 and left["identifiers"] == 4


def test_p10_a_damaged_value_is_counted_as_such(house: House) -> None:
    town = house.town
    [row] = town.rows(select(journeys).where(journeys.c.customer_id == house.bob))
    broken = row.context_sealed[:-1] + bytes([row.context_sealed[-1] ^ 1])
    town.run(
        lambda conn: conn.execute(
            update(journeys).where(journeys.c.id == row.id).values(context_sealed=broken)
        )
    )
    tables = town.db.read_now(proof.search_rows, town.vault, needles_of([MAIL]))
    assert {t.table: t.damaged for t in tables if t.damaged} == {"journeys": 1}


def test_p10_digits_inside_an_instant_or_a_hash_are_nobodys_number(house: House) -> None:
    assert found_in(house, str(NOW)[3:9]) == set()
    house.town.who(identify("bob", customer_number="176760"))
    assert found_in(house, "176760") == {("customers", "profile_sealed", "UTF-8")}
