"""An import takes every row once, sets bad ones aside, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from customers.import_formats import UnreadableFile
from customers.import_rows import ImportKind, Reading
from customers.importing import ImportProgress, import_file
from store.imports import ImportState


class Inbox:
    """A sink that keeps messages by id, and loses power before its `cut`-th batch."""

    def __init__(self, *, cut: int | None = None, refuse: Mapping[str, str] | None = None) -> None:
        self.messages: dict[str, Mapping[str, Any]] = {}
        self.products: dict[str, Mapping[str, Any]] = {}
        self.entries: list[Mapping[str, Any]] = []
        self.sizes: list[int] = []
        self.cut = cut
        self.refuse = refuse or {}

    async def accept(self, messages: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        if self.cut is not None and len(self.sizes) >= self.cut:
            raise ConnectionError("the power went")
        self.sizes.append(len(messages))
        refused = {}
        for message in messages:
            if message.get("userId") in self.refuse:
                refused[message["messageId"]] = self.refuse[message["userId"]]
            else:
                self.messages[message["messageId"]] = message
        return refused

    async def put_products(self, products: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        self.products.update({row["sku"]: row for row in products})
        return {}

    async def suppress(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        self.entries += [row["entry"] for row in rows]
        said = {row["row"]: self.refuse.get(row["entry"].get("user_id", "")) for row in rows}
        return {row: why for row, why in said.items() if why is not None}


class Notebook:
    """A book in memory."""

    def __init__(self) -> None:
        self.states: dict[str, ImportState] = {}
        self.rejects: dict[int, str] = {}

    async def begin(self, import_id: str) -> ImportState:
        return self.states.setdefault(import_id, ImportState(0, 0, None))

    async def advance(
        self, import_id: str, rows_done: int, rejects: Sequence[tuple[int, str]]
    ) -> None:
        self.rejects.update(rejects)
        self.states[import_id] = ImportState(rows_done, len(self.rejects), None)

    async def finish(self, import_id: str) -> None:
        done = self.states[import_id]
        self.states[import_id] = ImportState(done.rows_done, done.rows_bad, 1)


@pytest.fixture
def master() -> Path:
    return Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")))


def _orders(path: Path, n: int) -> Path:
    rows = [f"u{i % 7},2026-01-{i % 28 + 1:02d}T10:00:00Z,12.50,EUR" for i in range(n)]
    path.write_text("user_id,timestamp,total,currency\n" + "\n".join(rows) + "\n")
    return path


async def test_the_whole_cdnow_file_goes_in_with_progress(master: Path) -> None:
    inbox, seen = Inbox(), list[ImportProgress]()
    report = await import_file(master, sink=inbox, book=Notebook(), progress=seen.append)
    assert (report.kind, report.rows, report.rows_bad) == (ImportKind.ORDERS, 69_659, 0)
    assert len(inbox.messages) == 69_659
    assert len({m["userId"] for m in inbox.messages.values()}) == 23_570
    order_ids = {m["properties"]["order_id"] for m in inbox.messages.values()}
    assert len(order_ids) == 69_659
    cents = sum(round(m["properties"]["total"] * 100) for m in inbox.messages.values())
    assert cents == 2_500_315_63
    assert [p.rows_done for p in seen] == sorted({p.rows_done for p in seen})
    assert seen[-1].rows_done == 69_659 <= seen[-1].lines


async def test_a_cdnow_order_is_a_historical_order_in_dollars_at_the_start_of_its_day(
    master: Path,
) -> None:
    inbox = Inbox(cut=1)
    with pytest.raises(ConnectionError):
        await import_file(master, sink=inbox, book=Notebook())
    first = next(iter(inbox.messages.values()))
    assert first["event"] == "Order Completed"
    assert first["userId"] == "cdnow-00001"
    assert first["timestamp"] == "1997-01-01T00:00:00Z"
    assert first["context"] == {"historical": True}
    assert first["properties"] | {"order_id": ""} == {
        "order_id": "",
        "total": 11.77,
        "currency": "USD",
        "number_of_items": 1,
    }


async def test_an_interrupted_import_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    path, book = _orders(tmp_path / "orders.csv", 1_700), Notebook()
    with pytest.raises(ConnectionError):
        await import_file(path, sink=Inbox(cut=2), book=book)
    second = Inbox()
    report = await import_file(path, sink=second, book=book)
    assert (report.rows_before, report.rows, sum(second.sizes)) == (1_000, 1_700, 700)
    whole = Inbox()
    await import_file(path, sink=whole, book=Notebook())
    assert all(whole.messages[key] == message for key, message in second.messages.items())


async def test_a_finished_import_run_again_sends_nothing(tmp_path: Path) -> None:
    path, book = _orders(tmp_path / "orders.csv", 20), Notebook()
    await import_file(path, sink=Inbox(), book=book)
    again = Inbox()
    report = await import_file(path, sink=again, book=book)
    assert (again.sizes, report.accepted, report.rows) == ([], 0, 20)


async def test_naming_the_kind_that_the_columns_show_is_the_same_import(tmp_path: Path) -> None:
    path, book = _orders(tmp_path / "orders.csv", 20), Notebook()
    await import_file(path, sink=Inbox(), book=book)
    again = Inbox()
    await import_file(path, sink=again, book=book, reading=Reading(kind=ImportKind.ORDERS))
    assert again.sizes == []


async def test_a_row_sent_twice_after_a_crash_has_the_same_id(tmp_path: Path) -> None:
    path, inbox = _orders(tmp_path / "orders.csv", 20), Inbox()
    await import_file(path, sink=inbox, book=Notebook())
    await import_file(path, sink=inbox, book=Notebook())
    assert (inbox.sizes, len(inbox.messages)) == ([20, 20], 20)


async def test_bad_rows_are_set_aside_by_line_and_reason_and_the_rest_goes_in(
    tmp_path: Path,
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "user_id,timestamp,total,currency\n"
        "u1,2026-01-01T10:00:00Z,10.00,EUR\n"
        "u2,2026-01-01 10:00,10.00,EUR\n"
        "u3,2026-01-01T10:00:00Z,ten,EUR\n"
        "u4,2026-01-01T10:00:00Z\n"
        '"u5\nsecond line",2026-01-01T10:00:00Z,-1,EUR\n'
        ",2026-01-01T10:00:00Z,1,EUR\n"
        "u7,2026-01-01T10:00:00Z,1,\n"
        "u8,2026-01-01T10:00:00Z,10.001,EUR\n"
        "u9,2026-01-01T10:00:00Z,0,EUR\n"
    )
    inbox, book = Inbox(), Notebook()
    report = await import_file(path, sink=inbox, book=book)
    assert [m["userId"] for m in inbox.messages.values()] == ["u1", "u9"]
    assert (report.rows, report.accepted, report.rows_bad) == (9, 2, 7)
    assert book.rejects == {
        3: "timestamp has no zone: write it with Z or +01:00, or name a zone",
        4: "total is not a number written like 12.50",
        5: "2 cells where the first line has 4 columns",
        6: "total is below zero or beyond bounds",
        8: "names nobody: no user_id, anonymous_id, email or phone",
        9: "an amount without a currency: add a column currency or name one",
        10: "total is not an amount of its currency, or there is no such",
    }


async def test_what_the_sink_refuses_is_set_aside_too(tmp_path: Path) -> None:
    path, book = _orders(tmp_path / "orders.csv", 7), Notebook()
    report = await import_file(path, sink=Inbox(refuse={"u3": "too old"}), book=book)
    assert (report.accepted, book.rejects) == (6, {5: "too old"})


async def test_reasons_never_repeat_what_a_row_holds(tmp_path: Path) -> None:
    path, book = tmp_path / "people.csv", Notebook()
    path.write_text(
        "user_id,email,phone,timezone,locale\n"
        "u1,secret at home,,,\n"
        "u2,,secret,,\n"
        "u3,,,Secret/Place,\n"
        "u4,,,,secret-locale\n"
    )
    await import_file(path, sink=Inbox(), book=book)
    assert len(book.rejects) == 4
    assert not [reason for reason in book.rejects.values() if "secret" in reason.lower()]


async def test_two_equal_orders_of_one_day_stay_two_and_meet_again_in_another_file(
    tmp_path: Path,
) -> None:
    row = "u1,2026-01-01T10:00:00Z,10.00,EUR\n"
    head = "user_id,timestamp,total,currency\n"
    (tmp_path / "a.csv").write_text(head + row + row)
    (tmp_path / "b.csv").write_text(head + "u2,2026-01-01T10:00:00Z,1,EUR\n" + row + row)
    ids = []
    for name in ("a.csv", "b.csv"):
        inbox = Inbox()
        await import_file(tmp_path / name, sink=inbox, book=Notebook())
        ids.append(
            {m["properties"]["order_id"] for m in inbox.messages.values() if m["userId"] == "u1"}
        )
    assert ids[0] == ids[1] and len(ids[0]) == 2


async def test_products_go_to_the_catalogue(tmp_path: Path) -> None:
    path, inbox = tmp_path / "products.csv", Inbox()
    path.write_text("SKU;Name;Price;Cost minor;Currency;Stock\nA-1;Lamp;79.00;3100;EUR;4\n")
    report = await import_file(path, sink=inbox, book=Notebook())
    assert report.kind is ImportKind.PRODUCTS
    assert inbox.products["A-1"] == {
        "sku": "A-1",
        "name": "Lamp",
        "price_minor": 7900,
        "cost_minor": 3100,
        "currency": "EUR",
        "stock": 4,
        "tax_bp": 0,
        "category": None,
    }


async def test_a_file_of_unknown_columns_asks_for_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "colours.csv"
    path.write_text("colour,shade\nred,dark\n")
    with pytest.raises(UnreadableFile, match=r"its columns \(colour, shade\).*name the kind"):
        await import_file(path, sink=Inbox(), book=Notebook())
