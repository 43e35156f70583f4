"""Other systems as operators meet them: who is connected, how far behind each is, what is dead.

Systems come from the settings; subscriptions are made by people here. A subscriber's secret is
shown once. Nothing that is told to a subscriber names anybody but by our own id.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any, Literal

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from agent import telling_out
from agent.delivering import BEGUN_FOR_S, SECOND_US, Delivering
from agent.errors import Conflict, NotFound
from agent.pack_changing import Clocks
from agent.told import MOST, shown, told_of
from customers import outward
from customers.outcomes import KINDS
from customers.resolve import find
from store import deliveries, systems
from store.database import Database
from store.deliveries import Delivery, Tally
from store.ids import new_id
from store.schema import customers
from store.sealing import Vault
from tools.channels import standard_webhooks
from tools.channels.posting import checked_url
from tools.channels.receiver import Acknowledged, Receiver
from tools.channels.signed_webhook import SignedWebhook
from tools.instants import instant

AREAS = ("decision.*", "effect.*", "outcome.*", "customer.*")
TOPICS = (
    telling_out.CLOSED,
    *(f"effect.{status}" for status in telling_out.ENDS),
    *(f"outcome.{kind}" for kind in KINDS if kind != "send"),
    outward.SUPPRESSED,
    outward.ERASED,
)
TEST = "usher.test"
_KEY_BYTES = 32


def _topic(text: str) -> str:
    if text not in TOPICS and text not in AREAS:
        raise ValueError(f"there is no such topic; there are {', '.join((*TOPICS, *AREAS))}")
    return text


class Subscribe(BaseModel):
    """What somebody wants to be told, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(max_length=2_000), AfterValidator(checked_url)]
    topics: Annotated[
        list[Annotated[str, AfterValidator(_topic)]], Field(min_length=1, max_length=40)
    ]


class Connected:
    """The service over systems and subscriptions."""

    def __init__(
        self,
        db: Database,
        *,
        made: dict[str, Receiver],
        providers: dict[str, str],
        http: httpx.AsyncClient,
        clocks: Clocks,
    ) -> None:
        """`made` and `providers`: the systems of the settings, by name."""
        self._db = db
        self._made = made
        self._providers = providers
        self._http = http
        self._clocks = clocks
        self.delivering = Delivering(
            db,
            {"system": self._system, "subscription": self._subscription},
            clocks=clocks,
            stopped=self._wants_nothing_more,
        )

    async def start(self) -> None:
        """Connect the systems of the settings, and deliver."""
        now_us = self._clocks.machine_us()
        await self._db.write(systems.connect, self._providers, now_us=now_us)
        if self._db.dialect == "sqlite":  # nobody else works on it: what was begun was left behind
            begun_for_us = BEGUN_FOR_S * SECOND_US
            await self._db.write(deliveries.take_back, now_us=now_us, begun_for_us=begun_for_us)
        self.delivering.start()

    async def stop(self) -> None:
        """Deliver no more; what waits is told after the next start."""
        await self.delivering.stop()
        await self._http.aclose()

    # -- subscriptions -----------------------------------------------------------------------------

    async def subscribe(self, request: Subscribe, *, by: str) -> dict[str, Any]:
        """A new subscription, with its secret, which nothing shows again."""
        key = secrets.token_bytes(_KEY_BYTES)
        subscription_id, topics = new_id("sub"), list(dict.fromkeys(request.topics))
        now_us = self._clocks.machine_us()
        await self._db.write(
            systems.subscribe,
            self._db.vault,
            subscription_id=subscription_id,
            url=request.url,
            topics=topics,
            key=key,
            by=by,
            now_us=now_us,
        )
        return {
            "id": subscription_id,
            "url": request.url,
            "topics": topics,
            "secret": standard_webhooks.secret_of(key),
        }

    async def subscriptions(self) -> list[dict[str, Any]]:
        """All in force, with how each stands; no secret."""
        return await self._db.read(_subscriptions, self._clocks.machine_us())

    async def unsubscribe(self, subscription_id: str, *, by: str) -> None:
        """End a subscription; what it was not told is told no more. Raises `NotFound`."""
        done = await self._db.write(
            systems.remove,
            subscription_id,
            by=by,
            reason="the subscription was removed",
            now_us=self._clocks.machine_us(),
        )
        if not done:
            raise NotFound(f"there is no subscription {subscription_id}")
        await asyncio.to_thread(self._db.vault.destroy, [subscription_id])

    async def test(self, subscription_id: str) -> dict[str, Any]:
        """Send a signed test now, once; what the receiver answered. Raises `NotFound`."""
        receiver = await self._subscription(subscription_id)
        if receiver is None:
            raise NotFound(f"there is no subscription {subscription_id}")
        now_us = self._clocks.machine_us()
        body = {"type": TEST, "at": now_us, "data": {"subscription_id": subscription_id}}
        target = systems.target_of_subscription(subscription_id)
        delivery = Delivery(new_id("dlv"), target, "subscription", TEST, None, 1, now_us, body)
        answer = await receiver.deliver(delivery)
        if isinstance(answer, Acknowledged):
            return {"webhook_id": delivery.id, "acknowledged": True, "why_not": None}
        return {"webhook_id": delivery.id, "acknowledged": False, "why_not": answer.why}

    # -- looking -----------------------------------------------------------------------------------

    async def systems(self) -> list[dict[str, Any]]:
        """Every connected system and how it stands (`GET /v1/systems`)."""
        return await self._db.read(_systems, self._clocks.machine_us())

    async def deliveries(
        self, *, state: Literal["waiting", "dead", "done", "void"] | None, limit: int
    ) -> list[dict[str, Any]]:
        """Newest first, without what they hold."""
        rows = await self._db.read(deliveries.listing, state=state, limit=limit)
        return [shown(row) for row in rows]

    async def told_of(self, reference: str) -> list[dict[str, Any]]:
        """What systems were told of a person, erased or not, and who has not acknowledged.

        `reference`: our id, or any identifier of somebody who is not erased. Raises `NotFound`.
        """
        customer_id = await self._db.read(_ours, self._db.vault, reference)
        if customer_id is None:
            raise NotFound("nobody is known by this reference")
        return await self._db.read(told_of, customer_id)

    async def again(self, delivery_id: str) -> None:
        """Tell a dead one again, at once. Raises `NotFound` and `Conflict`."""
        row = await self._db.read(deliveries.get, delivery_id)
        if row is None:
            raise NotFound(f"there is no delivery {delivery_id}")
        if not await self.delivering.again(delivery_id):
            raise Conflict("only a dead delivery is told again; look at how it stands")

    # -- inside ------------------------------------------------------------------------------------

    async def _system(self, name: str) -> Receiver | None:
        return self._made.get(name)

    async def _subscription(self, subscription_id: str) -> Receiver | None:
        found = await self._db.read(systems.subscription, self._db.vault, subscription_id)
        if found is None:
            return None
        return SignedWebhook(self._http, found.url, found.key, payload=_payload)

    async def _wants_nothing_more(self, target: str, why: str) -> None:
        """A subscriber that answers 410 has ended its subscription; a system is the settings'."""
        kind, _, name = target.partition(":")
        if kind == "subscription":
            now_us = self._clocks.machine_us()
            await self._db.write(systems.remove, name, by="the receiver", reason=why, now_us=now_us)
            await asyncio.to_thread(self._db.vault.destroy, [name])


def _ours(conn: Connection, vault: Vault, reference: str) -> str | None:
    ours = conn.execute(select(customers.c.id).where(customers.c.id == reference)).scalar()
    return find(conn, vault, reference) if ours is None else str(ours)


def _payload(delivery: Delivery) -> dict[str, Any]:
    body = delivery.body
    at = instant(body["at"]).isoformat()
    return {"type": body["type"], "timestamp": at, "data": body["data"]}


def _systems(conn: Connection, now_us: int) -> list[dict[str, Any]]:
    tallies = deliveries.tallies(conn)
    listed = []
    for row in systems.listing(conn):
        target = systems.target_of_system(row.name)
        connected = row.disconnected_at is None
        standing = _standing(tallies.get(target), now_us)
        dead = deliveries.listing(conn, target=target, state="dead", limit=MOST)
        listed.append(
            {
                "name": row.name,
                "provider": row.provider,
                "connected_at": row.connected_at,
                "disconnected_at": row.disconnected_at,
                **standing,
                "state": standing["state"] if connected else "disconnected",
                "dead_ones": [shown(each) for each in dead],
            }
        )
    return listed


def _subscriptions(conn: Connection, now_us: int) -> list[dict[str, Any]]:
    tallies = deliveries.tallies(conn)
    listed = []
    for row in systems.subscriptions_listed(conn):
        target = systems.target_of_subscription(row.id)
        dead = deliveries.listing(conn, target=target, state="dead", limit=MOST)
        listed.append(
            {
                "id": row.id,
                "url": row.url,
                "topics": systems.topics_of(row),
                "by": row.by,
                "at": row.at,
                **_standing(tallies.get(target), now_us),
                "dead_ones": [shown(each) for each in dead],
            }
        )
    return listed


def _standing(tally: Tally | None, now_us: int) -> dict[str, Any]:
    """`state`: up to date, on its way, behind (something was tried and not taken) or stuck (dead).

    `lag_seconds`: the age of the oldest thing that it has not been told.
    """
    if tally is None:
        tally = Tally("", 0, 0, 0, 0, None, None)
    state = "up to date"
    if tally.dead:
        state = "stuck"
    elif tally.trying_again:
        state = "behind"
    elif tally.waiting:
        state = "on its way"
    lag = None if tally.oldest_untold_at is None else max(0, now_us - tally.oldest_untold_at)
    return {
        "state": state,
        "waiting": tally.waiting,
        "dead": tally.dead,
        "acknowledged": tally.done,
        "lag_seconds": None if lag is None else lag // 1_000_000,
        "last_acknowledged_at": tally.last_acknowledged_at,
    }
