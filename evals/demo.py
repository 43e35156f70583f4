"""The demo: a sample shop through the real HTTP API, each decision out again with its why.

First the past (purchases, consents), then eight stories, then everybody else's carts, then days.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from agent.settings import Settings
from evals.shop_floor import BATCH, ShopFloor
from evals.stories import GOAL, Story, cart, cast
from evals.telling import Teller
from evals.worlds.shop import build, history

#: Between two carts while the demo goes on, in seconds; and how much business time passes.
PAUSE_S = 6
PASSES = "PT20M"


class Demo:
    """The show, against a server with simulated time and an empty database."""

    def __init__(
        self, client: httpx.AsyncClient, out: Console, *, folder: str, model: bool
    ) -> None:
        self.shop = build()
        self.floor = ShopFloor(client)
        self.teller = Teller(out)
        self.out = out
        self.folder = folder
        self.model = model
        self.names = {p.user_id: f"{p.first_name} {p.last_name}" for p in self.shop.people}
        self.cast = cast(self.shop)

    async def run(self) -> None:
        """The past, the stories, the crowd, some days, the summary."""
        started = time.monotonic()
        messages = await self.load()
        await self.stories()
        messages += await self.crowd()
        await self.days()
        self.teller.summary(
            seconds=time.monotonic() - started,
            messages=messages,
            folder=self.folder,
            model=self.model,
        )

    async def go_on(self) -> None:
        """One more cart every few seconds, for whoever watches the console; without an end."""
        playing = {story.person.user_id for story in self.cast.values()}
        carts = [c for c in self.shop.carts if c.user_id not in playing]
        for n, left in enumerate(itertools.cycle(carts)):
            await asyncio.sleep(PAUSE_S)
            await self.floor.advance(PASSES)
            context = left.context()
            context["cart"]["id"] = f"{left.id}-{n}"
            before = await self.floor.decisions_of(left.user_id)
            await self.floor.track(left.user_id, "Cart Abandoned", context)
            newest = before[0]["id"] if before else None
            await self._say(left.user_id, await self.floor.newest_of(left.user_id, after=newest))

    # -- the past ---------------------------------------------------------------------------------

    async def load(self) -> int:
        """The catalogue and the past, with a progress bar. Returns how many messages."""
        await self.floor.products(self.shop.product_rows())
        past = history(self.shop)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.out) as bar:
            sending = bar.add_task("sample data", total=len(past))
            for start in range(0, len(past), BATCH):
                await self.floor.batch(past[start : start + BATCH])
                bar.advance(sending, len(past[start : start + BATCH]))
            becoming = bar.add_task("becoming profiles", total=len(past))
            while waiting := await self.floor.resolved():
                bar.update(becoming, completed=len(past) - waiting)
                await asyncio.sleep(0.1)
            bar.update(becoming, completed=len(past))
        return len(past)

    # -- the stories ------------------------------------------------------------------------------

    async def stories(self) -> None:
        """All that can be told on the first day; the weekly cap needs four."""
        self.teller.heading("Eight stories")
        for name in (
            "recovered_without_discount",
            "discount_capped_by_margin",
            "deferred_by_quiet_hours",
            "withheld_for_suppression",
            "waiting_for_approval",
            "changed_by_purchase",
            "unprogrammed_event",
        ):
            await getattr(self, f"_{name}")(self.cast[name])
        await self._trigger(self.cast["refused_by_weekly_cap"])

    async def _recovered_without_discount(self, story: Story) -> None:
        decision = await self._trigger(story)
        await self._tell(story, decision)
        context = cart(self.shop, story)["cart"]
        await self._buys(story, context["value_minor"])
        self.teller.note("… and the cart was bought: the journey has reached its goal")

    async def _discount_capped_by_margin(self, story: Story) -> None:
        decision = await self._trigger(story)
        await self._tell(story, decision)
        person = await self.floor.get(f"/v1/customers/{story.person.user_id}")
        offer = person["offers"][0]
        await self._buys(story, cart(self.shop, story)["cart"]["value_minor"], offer["code"])
        person = await self.floor.get(f"/v1/customers/{story.person.user_id}")
        status = person["offers"][0]["status"]
        self.teller.note(f"… the code {offer['code']} came back with the order: {status}")

    async def _deferred_by_quiet_hours(self, story: Story) -> None:
        await self._tell(story, await self._trigger(story))

    async def _withheld_for_suppression(self, story: Story) -> None:
        await self.floor.suppress(story.person.user_id, "asked on the phone")
        await self._tell(story, await self._trigger(story))

    async def _waiting_for_approval(self, story: Story) -> None:
        await self._tell(story, await self._trigger(story))

    async def _changed_by_purchase(self, story: Story) -> None:
        decision = await self._trigger(story)
        self.teller.note("… and while it waits, the cart is bought:")
        await self._buys(story, cart(self.shop, story)["cart"]["value_minor"])
        changed = await self.floor.changed(decision["id"], status=decision["status"])
        await self._show(story, changed)
        await self._tell(story, changed)

    async def _unprogrammed_event(self, story: Story) -> None:
        before = await self._trigger(story)
        self.teller.note("… and while it waits, “Moved Abroad” comes in, a name in no file:")
        text = "I moved abroad, please cancel the delivery"
        await self.floor.track(story.person.user_id, "Moved Abroad", {"text": text})
        decision = await self.floor.newest_of(story.person.user_id, after=before["id"])
        await self._show(story, decision)
        await self._tell(story, decision)

    # -- everybody else ---------------------------------------------------------------------------

    async def crowd(self) -> int:
        """The other carts, as `Cart Abandoned` events; each decision told as it is made."""
        playing = {story.person.user_id for story in self.cast.values()}
        carts = [c for c in self.shop.carts if c.user_id not in playing]
        self.teller.heading(f"{len(carts)} more carts, left behind at the same hour")
        tasks = [asyncio.create_task(self._abandons(c.user_id, c.context())) for c in carts]
        for done in asyncio.as_completed(tasks):
            user_id, decision = await done
            await self._say(user_id, decision)
        return len(carts)

    async def _abandons(self, user_id: str, context: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        await self.floor.track(user_id, "Cart Abandoned", context)
        return user_id, await self.floor.newest_of(user_id, after=None)

    # -- days later -------------------------------------------------------------------------------

    async def days(self) -> None:
        """Three more days: what was deferred goes out, and somebody comes to the weekly cap."""
        capped = self.cast["refused_by_weekly_cap"]
        late = self.cast["deferred_by_quiet_hours"]
        for day in (2, 3, 4):
            now = await self.floor.advance("P1D")
            self.teller.heading(f"A day later ({now['now'][:16].replace('T', ' ')} UTC)")
            if day == 2:
                sent = (await self.floor.decisions_of(late.person.user_id))[-1]
                self.teller.note(f"{self._name(late)}, deferred yesterday: {sent['summary']}")
            decision = await self._trigger(capped, n=day)
        await self._tell(capped, decision)

    # -- inside -----------------------------------------------------------------------------------

    async def _trigger(self, story: Story, n: int = 1) -> dict[str, Any]:
        context = cart(self.shop, story, n)
        decision = await self.floor.trigger(story.person.user_id, GOAL, context)
        await self._show(story, decision)
        return decision

    async def _buys(self, story: Story, value_minor: int, code: str | None = None) -> None:
        order: dict[str, Any] = {
            "order_id": f"order-{story.name}",
            "total": value_minor / 100,
            "currency": "EUR",
        }
        if code is not None:
            order["coupon"] = code
        await self.floor.track(story.person.user_id, "Order Completed", order)

    async def _show(self, story: Story, decision: dict[str, Any]) -> None:
        await self._say(story.person.user_id, decision)

    async def _say(self, user_id: str, decision: dict[str, Any]) -> None:
        explained = await self.floor.get(f"/v1/decisions/{decision['id']}/explain")
        self.teller.decision(self.names[user_id], decision, explained)

    async def _tell(self, story: Story, decision: dict[str, Any]) -> None:
        explained = await self.floor.get(f"/v1/decisions/{decision['id']}/explain")
        self.teller.story(story.name, story.title, decision["id"], explained)

    def _name(self, story: Story) -> str:
        return self.names[story.person.user_id]


async def show(
    url: str, key: Mapping[str, str], out: Console, *, settings: Settings, goes_on: bool
) -> None:
    """The demo against a running server; it goes on until it is stopped, if asked to."""
    async with httpx.AsyncClient(
        base_url=url, headers=dict(key), timeout=300, trust_env=False
    ) as client:
        demo = Demo(client, out, folder=str(settings.data), model=settings.plans_with_model)
        await demo.run()
        if goes_on:
            out.print("A cart is left every few seconds now, until Ctrl-C.", markup=False)
            await demo.go_on()


def who_plans(settings: Settings) -> str:
    """Who plans in this demo, and what to set to let a model plan. Never a key."""
    if not settings.plans_with_model:
        return (
            "Planning offline, without a model. Set OPENAI_API_KEY, or USHER_LLM_BASE_URL (and "
            "USHER_LLM_MODEL), to let one plan."
        )
    host = urlsplit(settings.llm_base_url or "").hostname or "the provider's address"
    return f"Planning with the model {settings.llm_model} at {host}."
