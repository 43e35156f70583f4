"""The timeline: newest first, in the order things came to be, no item lost or told twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from agent.errors import BadRequest
from agent.paging import MOST, checked_limit, page_of
from agent.timeline import timeline
from store.database import Database
from store.schema import suppressions
from store.sealing import Vault
from tests.agent.stage import event, goods, person, recover, stage

NOW = 1_772_539_200_000_000


async def test_at_one_instant_an_event_stands_before_its_decision_and_that_before_its_effect(
    tmp_path: Path,
) -> None:
    """Simulated time stands still, so all of this has one instant; read upwards it is the story."""
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        await recover(runs, "ada")
        await runs.accept("test", [event("ada", "Product Viewed")])
        await runs.idle()
        items = (await runs.people.timeline("ada", after=None, limit=50)).items
        assert len({item["at"] for item in items}) == 1
        told = [(i["kind"], i.get("event") or i.get("type") or i.get("effect")) for i in items]
        pages: list[dict[str, Any]] = []
        after = None
        while True:
            page = await runs.people.timeline("ada", after=after, limit=1)
            pages += page.items
            after = page.next_cursor
            if after is None:
                break
    assert list(reversed(told)) == [
        ("event", "identify"),
        ("event", "Consent Granted"),
        ("event", "trigger"),
        ("decision", None),
        ("effect", "contact"),
        ("event", "Product Viewed"),
    ]
    assert pages == items


def row(n: int, at: int) -> dict[str, Any]:
    return {
        "id": f"sup_{n:026d}", "customer_id": "cus_1", "scope": "all", "purpose": None,
        "channel": None, "by": "me", "reason_sealed": None, "at": at,
    }  # fmt: skip


@given(instants=st.lists(st.integers(0, 3), max_size=25), size=st.integers(1, 7))
@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_whatever_the_page_size_every_item_comes_once_in_one_order(
    db: Database, instants: list[int], size: int
) -> None:
    def write(conn: Connection) -> None:
        conn.execute(suppressions.delete())
        columns = suppressions.c.keys()
        for n, at in enumerate(instants):
            values = {k: v for k, v in row(n, NOW + at).items() if k in columns}
            conn.execute(suppressions.insert().values(**values))

    db.write_now(write)

    def read(after: str | None) -> list[dict[str, Any]]:
        return db.read_now(timeline, db.vault, "cus_1", after=after, limit=size + 1)

    seen: list[str] = []
    after = None
    while True:
        page = page_of(read(after), limit=size, key="cursor")
        seen += [item["id"] for item in page.items]
        after = page.next_cursor
        if after is None:
            break
    expected = sorted(enumerate(instants), key=lambda pair: (pair[1], pair[0]), reverse=True)
    assert seen == [f"sup_{n:026d}" for n, _ in expected]


def test_something_new_between_two_pages_moves_nothing(db: Database) -> None:
    def write(conn: Connection, numbers: range) -> None:
        columns = suppressions.c.keys()
        for n in numbers:
            values = {k: v for k, v in row(n, NOW).items() if k in columns}
            conn.execute(suppressions.insert().values(**values))

    db.write_now(write, range(4))
    first = page_of(db.read_now(_page, db.vault, None), limit=2, key="cursor")
    db.write_now(write, range(4, 8))
    second = page_of(db.read_now(_page, db.vault, first.next_cursor), limit=2, key="cursor")
    found = [item["id"][-1] for item in [*first.items, *second.items]]
    assert found == ["3", "2", "1", "0"] and second.next_cursor is None


def _page(conn: Connection, vault: Vault, after: str | None) -> list[dict[str, Any]]:
    return timeline(conn, vault, "cus_1", after=after, limit=3)


@pytest.mark.parametrize(
    "cursor", ["", "x", "1:", ":sup_1", "²:sup_12345", "-1:sup_12345", f"{10**30}:sup_12345", "1:s"]
)
def test_a_cursor_this_list_never_gave_is_refused(db: Database, cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        db.read_now(timeline, db.vault, "cus_1", after=cursor, limit=5)


@pytest.mark.parametrize("limit", [0, -1, MOST + 1])
def test_a_page_has_a_size(limit: int) -> None:
    with pytest.raises(BadRequest, match="limit"):
        checked_limit(limit)


def test_a_last_page_that_is_just_full_has_no_next() -> None:
    rows = [{"id": n} for n in range(3)]
    assert page_of(rows, limit=3, key="id").next_cursor is None
    assert page_of(rows, limit=2, key="id").next_cursor == "1"
    assert page_of([], limit=2, key="id").as_json() == {"items": [], "next_cursor": None}
