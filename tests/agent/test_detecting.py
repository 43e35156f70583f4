"""A cart that was left is noticed when nobody reports it: once, in time, only if so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from agent.assembly import Parts
from store.schema import events, inbox, journeys, wakeups
from tests.agent.deployment import (
    CART,
    HOUR_US,
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    finish,
    sends,
    write,
)
from tests.databases import Place

LAMP: dict[str, Any] = {"sku": "SKU-1", "quantity": 1, "price": 120, "currency": "EUR"}


async def puts(d: Deployment, user: str = "ada", **over: Any) -> None:
    """Somebody puts a lamp into the cart."""
    await d.track("Product Added", user=user, **LAMP | over)
    await d.runs.idle()


def detected(d: Deployment) -> dict[str, list[dict[str, Any]]]:
    """The carts of all events that we made ourselves, by user id."""
    ours = {row["event_id"] for row in d.rows(inbox, source="detected")}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in d.rows(events):
        if row["id"] in ours:
            body = d.runs.db.vault.open_json("events.body", row["body_sealed"])
            assert body["event"] == "Cart Abandoned"
            found.setdefault(body["userId"], []).append(body["properties"]["cart"])
    return found


async def test_a_cart_that_is_left_for_an_hour_is_noticed_and_recovered(tmp_path: Path) -> None:
    parts = Parts(planner=ScriptedPlanner(sends(), finish()))
    async with deployment(tmp_path, parts=parts) as d:
        customer = await d.person()
        await puts(d, quantity=2, cart_id="c7")
        assert [row["due_at"] for row in d.rows(wakeups, kind="detect")] == [
            d.runs.clock.now_us() + HOUR_US
        ]
        await d.advance(minutes=59)
        assert detected(d) == {}
        await d.advance(minutes=1)
        assert detected(d) == {
            "ada": [
                {
                    "id": "c7",
                    "currency": "EUR",
                    "value_minor": 24_000,
                    "items": [{"sku": "SKU-1", "quantity": 2, "price_minor": 12_000}],
                }
            ]
        }
        assert len(d.letters()) == 1
        [journey] = d.rows(journeys)
        assert journey["opened_at"] == d.runs.clock.now_us()
        page = await d.runs.people.timeline(customer, after=None, limit=50)
        [ours] = [i for i in page.items if i["kind"] == "event" and i["detected"]]
        assert ours["event"] == "Cart Abandoned"
        assert ours["detected"].startswith("nothing came for 1 h after Product Added")
        assert ours["decision_id"] is not None
        d.everything_ended()


async def test_who_is_noticed_and_who_is_not(tmp_path: Path) -> None:
    order = {"order_id": "o1", "total": 120, "currency": "EUR"}
    async with deployment(tmp_path) as d:
        await d.product("SKU-2", price_minor=5_000)
        names = "bought boughtit reported triggered emptied checkout busy erased stopped again late"
        for user in names.split():
            await d.person(user)
            await puts(d, user, cart_id=None if user in ("triggered", "emptied") else f"c-{user}")
        await d.track("Order Completed", user="bought", **order)
        await d.track("Order Completed", user="boughtit", **order, cart_id="c-boughtit")
        await d.track("Cart Abandoned", user="reported", cart={**CART, "id": "c-reported"})
        await d.decide("triggered")
        await d.track("Product Removed", user="emptied", **LAMP)
        products = [{"product_id": "SKU-2", "quantity": 3, "price": 50}]
        await d.track(
            "Checkout Started",
            user="checkout",
            products=products,
            currency="EUR",
            cart_id="c-checkout",
        )
        await d.runs.people.erase("erased", by="ann")
        await d.track("Unsubscribed", user="stopped", channel="email")
        await d.track("Order Completed", user="again", **order | {"order_id": "o2"})
        await puts(d, "again", sku="SKU-2", price=50, cart_id=None)
        cancelled = {row["ref"] for row in d.rows(wakeups, kind="detect", state="cancelled")}
        assert len(cancelled) == 4
        for _ in range(3):
            await d.advance(minutes=50)
            await puts(d, "busy", cart_id="c-busy")
        await d.say(
            {
                "type": "track",
                "event": "Product Added",
                "userId": "late",
                "timestamp": "2026-01-01T00:00:00Z",
                "properties": {**LAMP, "cart_id": "c-old"},
            }
        )
        await d.advance(days=3)
        found = detected(d)
        assert sorted(found) == ["again", "busy", "checkout", "late", "stopped"]
        assert all(len(carts) == 1 for carts in found.values())
        assert found["checkout"][0] == {
            "id": "c-checkout",
            "currency": "EUR",
            "value_minor": 15_000,
            "items": [{"sku": "SKU-2", "quantity": 3, "price_minor": 5_000}],
        }
        assert [item["sku"] for item in found["again"][0]["items"]] == ["SKU-2"]
        assert found["busy"][0]["items"][0]["quantity"] == 4
        assert found["late"][0]["id"] == "c-late"
        assert "withheld" in d.states()
        d.everything_ended()


def _again(conn: Connection, at: int) -> None:
    conn.execute(wakeups.update().where(wakeups.c.kind == "detect").values(
        state="pending", due_at=at
    ))  # fmt: skip


async def test_p7_it_is_noticed_after_a_restart_and_once(any_place: Place) -> None:
    place: dict[str, Any] = {"database_url": any_place.url}
    async with deployment(any_place.folder, **place) as d:
        await d.person()
        await puts(d)
        await d.advance(minutes=30)
    async with deployment(any_place.folder, stocked=False, **place) as d:
        await d.advance(minutes=30)
        assert len(detected(d)["ada"]) == 1
        # As if the wake-up had been left behind by a crash.
        d.runs.db.write_now(_again, d.runs.clock.now_us())
        await d.advance(days=2)
        assert len(detected(d)["ada"]) == 1
        d.everything_ended()


async def test_two_records_that_become_one_have_one_cart(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        ada = await d.person()
        seen = {"type": "track", "event": "Product Added", "anonymousId": "browser-1"}
        await d.say({**seen, "properties": LAMP})
        await d.advance(minutes=10)
        await puts(d)
        await d.say({"type": "identify", "userId": "ada", "anonymousId": "browser-1", "traits": {}})
        await d.advance(minutes=59)
        assert detected(d) == {}
        await d.advance(hours=2)
        items = [{"sku": "SKU-1", "quantity": 2, "price_minor": 12_000}]
        assert [cart["items"] for cart in detected(d)["ada"]] == [items]
        assert {row["customer_id"] for row in d.rows(journeys)} == {ada}


SOON = """detects:
  - {event: Cart Abandoned, after: PT5M, of: [Product Added], unless: [Order Completed]}
"""


async def test_what_waits_for_its_turn_is_heard_again_and_brings_nothing_back(
    tmp_path: Path,
) -> None:
    """Within a quarter of an hour of a plan events wait, and every drain meets them again."""
    prompts = write(
        tmp_path / "prompts", shopping=agent_file("shopping", "recover_cart", extra=SOON)
    )
    async with deployment(tmp_path / "data", prompts=prompts) as d:
        await d.person()
        await d.decide()
        await puts(d, cart_id="c8")
        await d.advance(minutes=10)
        assert [row["state"] for row in d.rows(wakeups, kind="detect")] == ["done"]
        await d.track("Product Viewed", sku="SKU-1")
        await d.runs.idle()
        assert [row["state"] for row in d.rows(wakeups, kind="detect")] == ["done"]
        await d.advance(days=1)
        assert len(detected(d)["ada"]) == 1
        d.everything_ended()
