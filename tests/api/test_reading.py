"""A body is read strictly, and what is refused is said with its place and never repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import BadRequest
from api.reading import DEEPEST, LONGEST_INTEGER, read_json

HOLDABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(
    min_value=1 - 10**LONGEST_INTEGER, max_value=10**LONGEST_INTEGER - 1
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | HOLDABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOLDABLE, inner, max_size=4),
    max_leaves=20,
)


def refused(body: bytes) -> str:
    with pytest.raises(BadRequest) as caught:
        read_json(body)
    return str(caught.value)


@settings(max_examples=150, deadline=None)
@given(JSON, st.booleans())
def test_whatever_json_can_say_is_read_as_it_was_meant(value: Any, escaped: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode(errors="replace")))
def test_whatever_bytes_come_they_are_read_or_refused_with_a_reason(body: bytes) -> None:
    try:
        read_json(body)
    except BadRequest as error:
        assert str(error).startswith(("the body", "a number", "a whole number", "a text"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{not json", "line 1, column 2"),
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b"", "not JSON"),
        (b'{"a": "\xff\xfe"}', "byte 7"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"a": NaN}', "NaN or Infinity"),
        (b"[Infinity]", "NaN or Infinity"),
        (b"[-Infinity]", "NaN or Infinity"),
        (b"[1e999]", "too large"),
        (b"[-1e999]", "too large"),
        (b"[" + b"9" * 41 + b"]", "more than 40 digits"),
        (b"[" + b"9" * 5_000 + b"]", "more than 40 digits"),
        (rb'{"a": "\u0000"}', "null character"),
        (rb'{"a\u0000": 1}', "null character"),
        (rb'["\ud800"]', "surrogate"),
        (rb'["\uDFFFx"]', "surrogate"),
        (rb'[[{"a": ["\udc00"]}]]', "surrogate"),
        (b"[" * 100_000, "levels"),
        (b"[" * 100_000 + b"]" * 100_000, "levels"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "levels"),
    ],
)
def test_what_no_database_and_no_reader_can_hold_is_refused(body: bytes, says: str) -> None:
    assert says in refused(body)


def test_a_pair_of_surrogates_is_one_character_and_a_written_out_escape_is_none() -> None:
    assert read_json(rb'["\ud83d\ude00"]') == ["\U0001f600"]
    assert read_json(rb'["\\u0000"]') == ["\\u0000"]


def test_a_mark_in_front_of_the_text_is_no_part_of_it() -> None:
    assert read_json(b"\xef\xbb\xbf[1]") == [1]


def test_the_deepest_body_is_taken_and_one_level_more_is_not() -> None:
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST) is not None
    assert "levels" in refused(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


def test_a_wide_body_is_not_a_deep_one() -> None:
    wide = [{"a": [k]} for k in range(1_000)]
    assert read_json(json.dumps(wide).encode()) == wide


@pytest.mark.parametrize(
    "body", [rb'{"Erika": Musterfrau}', rb'{"Erika": "Muster\frau"', rb'{"Erika": "\qMuster"}']
)
def test_what_is_refused_is_not_repeated(body: bytes) -> None:
    said = refused(body)
    assert "Erika" not in said
    assert "Muster" not in said
