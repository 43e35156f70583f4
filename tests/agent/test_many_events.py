"""One person of very many events: everything is kept, nothing takes longer for it (soak)."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest
from sqlalchemy import func, select

from agent.messages import Message
from store.schema import events
from tests.agent.deployment import Deployment, deployment

MANY = 100_000
_PAGE = 500


async def arrive(made: Deployment, first: int, n: int) -> None:
    """So many page views of one person, each with a trait of its own."""
    for start in range(first, first + n, _PAGE):
        messages = [
            Message.model_validate(
                {
                    "type": "track",
                    "messageId": f"many-{k}",
                    "userId": "ada",
                    "event": "Product Viewed",
                    "properties": {"sku": "SKU-1"},
                    "context": {"traits": {f"trait {k}": k}},
                }
            )
            for k in range(start, min(start + _PAGE, first + n))
        ]
        await made.runs.accept("test", messages)
        await made.runs.idle()


async def cost_of_a_decision(made: Deployment, cart: str) -> float:
    begun = process_time()
    await made.decide(cart={"id": cart, "value_minor": 12_000, "currency": "EUR", "items": []})
    return process_time() - begun


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_a_hundred_thousand_events_of_one_person_are_kept_and_cost_no_decision_more(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as made:
        await made.product()
        ada = await made.person()
        await arrive(made, 0, 1_000)
        await cost_of_a_decision(made, "warm")
        few = min([await cost_of_a_decision(made, f"few-{k}") for k in range(5)])
        await arrive(made, 1_000, MANY - 1_000)
        many = min([await cost_of_a_decision(made, f"many-{k}") for k in range(5)])
        print(f"CPU of a decision: {few:.4f} s after 1,000 events, {many:.4f} s after {MANY:,}")

        def counted(conn: object) -> int:
            query = select(func.count()).select_from(events).where(events.c.customer_id == ada)
            return int(conn.execute(query).scalar_one())  # type: ignore[attr-defined]

        assert await made.runs.db.read(counted) >= MANY
        person = await made.runs.people.get("ada")
        assert len(person["traits"]) <= 220
        assert person["traits_dropped"] > MANY - 1_000
        newest = await made.runs.people.timeline("ada", after=None, limit=50)
        assert len(newest.items) == 50
        receipt = await made.runs.people.erase("ada", by="test")
        assert receipt["rows_deleted"]["events"] >= MANY
