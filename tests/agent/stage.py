"""A whole deployment in process, and the people and carts that tests put on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.assembly import open_runs
from agent.messages import Message, ProductIn, TriggerRequest
from agent.runs import Runs
from agent.settings import Settings

#: A Tuesday at noon; nobody's quiet hours in Europe.
NOON = "2026-03-03T12:00:00Z"
#: A price of 120.00 EUR with costs of 60.00: half of it is margin.
LAMP = {"sku": "LAMP", "name": "Lamp Alba", "price_minor": 12_000, "cost_minor": 6_000}


@asynccontextmanager
async def stage(
    folder: Path, *, clock: str = NOON, settle: float = 0, **more: Any
) -> AsyncIterator[Runs]:
    """A started deployment in this folder; stopped at the end."""
    settings = Settings(
        data=folder, clock=clock, settle=settle, embedder=more.pop("embedder", "hashing"), **more
    )
    runs = open_runs(settings)
    await runs.start()
    try:
        yield runs
    finally:
        await runs.stop()


async def goods(runs: Runs, *rows: Mapping[str, Any]) -> None:
    """Put products; a row says what differs from the lamp."""
    base = {**LAMP, "currency": "EUR", "stock": 100}
    made = [ProductIn.model_validate({**base, **row}) for row in rows or ({},)]
    await runs.put_products(made)


async def person(
    runs: Runs,
    who: str,
    *,
    channels: tuple[str, ...] = ("email",),
    traits: Mapping[str, Any] | None = None,
    orders: int = 0,
    codes: int = 0,
    each: float = 120.0,
    ordered: str = "2026-02-01",
) -> None:
    """Somebody with an address and consent for these channels, who ordered on that day."""
    known: dict[str, Any] = {"timezone": "Europe/Berlin", "firstName": "Ada", **(traits or {})}
    if "email" in channels:
        known["email"] = f"{who}@example.com"
    if "sms" in channels:
        known["phone"] = "+4915112345678"
    sent = [message(who, type="identify", traits=known)]
    for channel in channels:
        sent.append(
            event(who, "Consent Granted", channel=channel, purpose="marketing", source="form")
        )
    for n in range(orders):
        coupon = {"coupon": "SPRING"} if n < codes else {}
        order = event(
            who, "Order Completed", order_id=f"{who}-{n}", total=each, currency="EUR", **coupon
        )
        sent.append(order.model_copy(update={"timestamp": _hours_after(ordered, n)}))
    await runs.accept("test", sent)


async def recover(
    runs: Runs, who: str, *, wait: float = 20, quantity: int = 1, sku: str = "LAMP", **cart: Any
) -> dict[str, Any]:
    """Trigger cart recovery and wait for its decision."""
    items = [{"sku": sku, "quantity": quantity}]
    context = {"cart": {"id": "c1", "currency": "EUR", "items": items, **cart}}
    request = TriggerRequest.model_validate(
        {"goal": "recover_cart", "customer": {"userId": who}, "context": context}
    )
    found = await runs.trigger("test", request, wait=wait)
    assert found.decision is not None
    return found.decision


def message(who: str, **fields: Any) -> Message:
    """One message of Segment's."""
    return Message.model_validate({"userId": who, **fields})


def event(who: str, name: str, **properties: Any) -> Message:
    """Something that happened to somebody."""
    return message(who, type="track", event=name, properties=properties)


def _hours_after(day: str, n: int) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=n)
