"""Whatever comes between plan and hand-over, in whatever order: nothing untrue or unwanted leaves.

One deployment serves all examples; each has a person, an article and a night of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.deployment import HOUR_US, Deployment, deployment

NIGHT = "2026-03-03T22:00:00Z"
_NIGHT_US = 10 * HOUR_US
_DAY_US = 24 * HOUR_US
_SERIAL = count(1)

#: What may come, with what it says. A price in minor units; the article costs 60.00.
ACTIONS = st.one_of(
    st.sampled_from(["bought", "opted_out", "complained", "moved", "looked", "nothing"]).map(
        lambda name: (name, 0)
    ),
    st.tuples(st.just("price"), st.sampled_from([9_000, 10_050, 15_000])),
    st.tuples(st.just("stock"), st.sampled_from([0, 1, 50])),
    st.tuples(st.just("wait"), st.integers(1, 90)),
)
STOPS = {"bought", "opted_out", "complained"}


class Stage:
    """A deployment and the loop on which it lives."""

    def __init__(self, runner: asyncio.Runner, d: Deployment) -> None:
        self.runner, self.d = runner, d


async def _started(stack: AsyncExitStack, folder: Path) -> Deployment:
    return await stack.enter_async_context(deployment(folder, clock=NIGHT, stocked=False))


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield Stage(runner, runner.run(_started(stack, tmp_path_factory.mktemp("nights"))))
        runner.run(stack.aclose())


async def one_night(d: Deployment, told: list[tuple[tuple[str, int], bool]]) -> dict[str, Any]:
    """Queue a contact, let all this come, and let the morning come. What is true by then."""
    clock = d.runs.clock
    into_the_day = clock.now_us() % _DAY_US
    await d.runs.advance(by_us=(_DAY_US - 2 * HOUR_US - into_the_day) % _DAY_US)
    n = next(_SERIAL)
    user, sku = f"user{n}", f"SKU-{n}"
    await d.product(sku)
    await d.person(user)
    cart = {"id": f"cart{n}", "currency": "EUR", "items": [{"sku": sku, "quantity": 1}]}
    decision = await d.decide(user, cart=cart)
    assert decision["status"] == "scheduled"
    ends, price, stock = clock.now_us() + _NIGHT_US - HOUR_US, 12_000, 100
    for (name, value), settles in told:
        if name == "bought":
            total = {"total": 1, "currency": "EUR"}
            await d.track("Order Completed", user=user, order_id=f"o{n}", **total)
        elif name == "opted_out":
            await d.track("Consent Revoked", user=user, channel="email", purpose="marketing")
        elif name == "complained":
            await d.track("Complaint Received", user=user, text="it is late")
        elif name == "moved":
            await d.track("Moved Abroad", user=user, text="cancel the delivery")
        elif name == "looked":
            await d.track("Product Viewed", user=user, sku=sku)
        elif name == "price":
            price = value
            await d.product(sku, price_minor=price, stock=stock)
        elif name == "stock":
            stock = value
            await d.product(sku, price_minor=price, stock=stock)
        elif name == "wait" and clock.now_us() + value * 60_000_000 < ends:
            await d.advance(minutes=value)
        if settles:
            await d.runs.idle()
    await d.runs.advance(to_us=ends + 3 * HOUR_US)
    letters = [letter for letter in d.letters() if letter.to == f"{user}@example.com"]
    first = next(c for c in d.contacts() if c["decision_id"] == decision["id"])
    return {"letters": letters, "first": first, "price": price, "stock": stock}


@settings(max_examples=15, deadline=None)
@given(told=st.lists(st.tuples(ACTIONS, st.booleans()), max_size=5))
def test_p3_nothing_leaves_stale_unwanted_or_twice(
    nights: Stage, told: list[tuple[tuple[str, int], bool]]
) -> None:
    now = nights.runner.run(one_night(nights.d, told))
    names = {name for (name, _), _ in told}
    assert len(now["letters"]) <= 1
    if names & STOPS:
        assert now["letters"] == []
        assert now["first"]["status"] != "sent" and now["first"]["reason"]
    if "moved" in names:
        assert now["first"]["status"] != "sent" and now["first"]["reason"]
    if now["stock"] == 0:
        assert now["letters"] == []
    for letter in now["letters"]:
        assert f"{now['price'] / 100:.2f}" in letter.raw.decode()
    if not names & {*STOPS, "moved", "stock"}:
        assert len(now["letters"]) == 1, "what may go out does go out"
    nights.d.everything_ended()
