"""The catalogue: all rows or none, in the pack's currency, each with its instant."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from agent.errors import Invalid
from agent.messages import ProductIn
from store.schema import products
from tests.agent.stage import goods, stage


def rows(conn: Connection) -> dict[str, tuple[int | None, int | None, int]]:
    found = conn.execute(select(products))
    return {r.sku: (r.price_minor, r.stock, r.fetched_at) for r in found}


async def test_a_known_article_is_replaced_with_a_new_instant(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs, {}, {"sku": "VASE"})
        first = await runs.db.read(rows)
        await runs.advance(by_us=60_000_000)
        await goods(runs, {"price_minor": None, "stock": None})
        second = await runs.db.read(rows)
    assert second["VASE"] == first["VASE"]
    assert second["LAMP"] == (None, None, first["LAMP"][2] + 60_000_000), "unknown, not as before"


async def test_one_row_in_another_currency_and_none_is_taken(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        good = ProductIn(sku="A", name="A", currency="EUR")
        bad = ProductIn(sku="B", name="B", currency="USD")
        with pytest.raises(Invalid, match=r"product 1 \(B\).*EUR"):
            await runs.put_products([good, bad])
        assert await runs.db.read(rows) == {}
        assert await runs.put_products([good, good]) == 2
