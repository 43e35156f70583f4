"""Files as people have them: odd encodings, separators, line ends, broken rows."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from customers.import_formats import FileFormat, UnreadableFile, column_name, open_table


def _file(tmp_path: Path, content: bytes | str, name: str = "file") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _rows(path: Path, encoding: str | None = None) -> list[tuple[int, object]]:
    table = open_table(path, encoding=encoding)
    return [(row.line, row.problem or row.values) for row in table.rows()]


@pytest.mark.parametrize(
    "content",
    [
        "email,name\na@example.com,Jörg\n".encode(),
        "email,name\r\na@example.com,Jörg\r\n".encode(),
        "email;name\na@example.com;Jörg".encode(),
        "email\tname\na@example.com\tJörg\n\n\n".encode(),
        "\ufeffemail,name\na@example.com,Jörg\n".encode(),
        "email,name\na@example.com,Jörg\n".encode("utf-16"),
        '{"email": "a@example.com", "name": "Jörg"}\n'.encode(),
        '\r\n{"email": "a@example.com", "name": "Jörg"}\r\n'.encode(),
    ],
)
def test_separators_line_ends_and_marks_of_encoding_are_recognised(
    tmp_path: Path, content: bytes
) -> None:
    rows = _rows(_file(tmp_path, content))
    assert [values for _, values in rows] == [{"email": "a@example.com", "name": "Jörg"}]


def test_bytes_of_another_encoding_are_set_aside_not_guessed(tmp_path: Path) -> None:
    path = _file(tmp_path, "email,name\na@example.com,Ann\nb@example.com,Jörg\n".encode("latin-1"))
    assert _rows(path)[1] == (
        3,
        "not readable as utf-8; save the file as UTF-8 or name its encoding",
    )
    assert _rows(path, encoding="latin-1")[1] == (3, {"email": "b@example.com", "name": "Jörg"})


def test_a_row_over_several_lines_has_the_line_it_begins_on(tmp_path: Path) -> None:
    path = _file(tmp_path, 'email,note\na@example.com,"two\nlines"\nb@example.com,one\n')
    assert [line for line, _ in _rows(path)] == [2, 4]


def test_a_cell_beyond_bounds_costs_its_row_only(tmp_path: Path) -> None:
    long = "x" * 200_000
    path = _file(tmp_path, f"email,note\na@example.com,{long}\nb@example.com,short\n")
    rows = _rows(path)
    assert str(rows[0][1]).startswith("not readable as CSV")
    assert rows[-1][1] == {"email": "b@example.com", "note": "short"}


def test_broken_json_lines_are_set_aside_one_by_one(tmp_path: Path) -> None:
    path = _file(tmp_path, '{"email": "a"}\n{broken\n[1]\n{"x": NaN}\n{"email": "b"}\n', "a.jsonl")
    assert _rows(path) == [
        (1, {"email": "a"}),
        (2, "not JSON at column 2"),
        (3, "not a JSON object"),
        (4, "not JSON"),
        (5, {"email": "b"}),
    ]


def test_parquet_reads_as_json_would_have_it(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {
            "userId": ["u1", "u2"],
            "total": [Decimal("1.50"), None],
            "at": [datetime(2026, 1, 1, tzinfo=UTC), None],
            "born": [date(1990, 1, 2), None],
        }
    )
    parquet.write_table(table, tmp_path / "orders.parquet")
    opened = open_table(tmp_path / "orders.parquet")
    assert (opened.format, opened.columns) == (
        FileFormat.PARQUET,
        {"user_id", "total", "at", "born"},
    )
    assert [(row.line, row.values) for row in opened.rows()] == [
        (
            1,
            {
                "user_id": "u1",
                "total": "1.50",
                "at": "2026-01-01T00:00:00+00:00",
                "born": "1990-01-02",
            },
        ),
        (2, {"user_id": "u2", "total": None, "at": None, "born": None}),
    ]


def test_parquet_without_its_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnreadableFile, match=r"pip install 'usher\[parquet\]'"):
        open_table(_file(tmp_path, b"PAR1 and more"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty"),
        ("[{}]", "one object a line"),
        ("email,,name\n", "column 2 of the first line has no name"),
        ("e-mail,E Mail\n", "more than one column is named e_mail"),
        (b"PAR1 is not all", "not readable as Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, content: str | bytes, says: str
) -> None:
    with pytest.raises(UnreadableFile, match=says):
        open_table(_file(tmp_path, content))


def test_a_missing_file_and_an_unknown_encoding_say_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="there is no such file"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(UnreadableFile, match="no encoding named 'klingon'"):
        open_table(_file(tmp_path, "email\na\n"), encoding="klingon")


def test_a_short_row_of_the_cdnow_file_is_set_aside(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        " customer_id  date number_of_cds  dollar_value\r\n"
        " 00001 19970101  1   11.77\r\n"
        " 00002\r\n",
    )
    assert open_table(path).format is FileFormat.CDNOW
    assert _rows(path) == [
        (
            2,
            {
                "customer_id": "cdnow-00001",
                "date": "19970101",
                "number_of_cds": "1",
                "dollar_value": "11.77",
            },
        ),
        (3, "1 figures where four belong"),
    ]


@pytest.mark.parametrize("written", ["firstName", "First Name", "first-name", " FIRST_NAME "])
def test_column_names_are_read_as_people_write_them(written: str) -> None:
    assert column_name(written) == "first_name"
