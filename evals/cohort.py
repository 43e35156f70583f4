"""A cohort: the people of a responding world, days of their lives, and one planner for all of them.

Every two hours the world looks: what is due happens, what lies in the outbox since is reacted to,
and whoever signs offers signs those up to 15 %. Reactions depend on the world's seed and on what
was sent, so that planners are compared on the same people with the same luck.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from evals.final_store import words_of
from evals.house import Contestant, House, open_house
from evals.record import Record
from evals.worlds.catalogue import CURRENCY
from evals.worlds.response import DAY_US, HOUR_US, Contact, World
from evals.worlds.shop import Cart, history
from store.schema import effects, journeys, offers
from tools.channels.outbox import Outbox

TICK_US = 2 * HOUR_US
DAYS = 10
SIGNED_UP_TO_BP = 1_500
EVENING = "Leave me alone, this is the third message."


async def live(
    folder: Path,
    world: World,
    contestant: Contestant,
    *,
    days: int = DAYS,
    told: Callable[[], None] = lambda: None,
) -> Record:
    """So many days of this world with this planner. `told` is called once a day."""
    async with open_house(folder, contestant, start=world.shop.start) as house:
        days_of = _Days(world, house)
        await days_of.begin()
        for tick in range(1, days * DAY_US // TICK_US + 1):
            await days_of.tick(tick)
            if tick * TICK_US % DAY_US == 0:
                told()
        return house.record()


class _Days:
    def __init__(self, world: World, house: House) -> None:
        self.world, self.house = world, house
        self.start_us = house.now_us
        self.carts = {visit.cart.id: visit.cart for visit in world.visits}
        self.bought: set[str] = set()
        self.gone: set[str] = set()
        self.codes: dict[str, tuple[str, int]] = {}
        self.got: dict[str, list[Contact]] = {}
        self.read: set[str] = set()
        self._box = Outbox(house.runs.settings.outbox, house.runs.db.vault)
        self._due: list[tuple[int, int, str, Cart]] = []
        self._order = count()

    async def begin(self) -> None:
        """The catalogue, the past, and who will come when."""
        await self.house.stock(self.world.shop.product_rows())
        await self.house.say(history(self.world.shop))
        await self.house.rest()
        for visit in self.world.visits:
            self._will(self.start_us + visit.after_us, "leaves", visit.cart)

    async def tick(self, n: int) -> None:
        """Two hours: time passes, then what the world does, then what it reads and signs."""
        # Each tick a second later in its hour: no tick falls on what an earlier one set going.
        now = self.start_us + n * TICK_US + n * 1_000_000
        await self.house.to(now)
        said = []
        while self._due and self._due[0][0] <= now:
            _, _, what, cart = heapq.heappop(self._due)
            said += self._happens(what, cart, now)
        await self.house.say(said)
        await self.house.rest()
        self._read_letters()
        await self._sign()

    def _will(self, at: int, what: str, cart: Cart) -> None:
        heapq.heappush(self._due, (at, next(self._order), what, cart))

    def _happens(self, what: str, cart: Cart, now: int) -> list[dict[str, Any]]:
        message = self.house.message
        if what == "leaves":
            anyway = self.world.buys_anyway_at(cart, left_at=now)
            if anyway is not None:
                self._will(anyway, "buys", cart)
            return [message(cart.user_id, "Cart Abandoned", cart.context())]
        if what == "buys":
            return [] if cart.id in self.bought else [self._order_of(cart, now)]
        if cart.user_id in self.gone:
            return []
        self.gone.add(cart.user_id)
        if what == "unsubscribes":
            return [message(cart.user_id, "Unsubscribed", {})]
        return [message(cart.user_id, "Complaint Received", {"text": EVENING})]

    def _order_of(self, cart: Cart, now: int) -> dict[str, Any]:
        self.bought.add(cart.id)
        code, discount_bp = self.codes.get(cart.id, ("", 0))
        told: dict[str, Any] = {
            "order_id": f"order-{cart.id}",
            "cart_id": cart.id,
            "total_minor": cart.value_minor - cart.value_minor * discount_bp // 10_000,
            "currency": CURRENCY,
            "products": [
                {"sku": line.product.sku, "quantity": line.quantity} for line in cart.lines
            ],
        }
        if code:
            told["coupon"] = code
        return self.house.message(cart.user_id, "Order Completed", told)

    def _read_letters(self) -> None:
        new = [effect_id for effect_id in self._box.ids() if effect_id not in self.read]
        if not new:
            return
        about = self.house.runs.db.read_now(_about, self.house.runs.db.vault)
        found = []
        for effect_id in new:
            self.read.add(effect_id)
            letter = self._box.open(effect_id)
            at, cart_id, codes = about[effect_id]
            text = words_of(letter.channel, letter.raw)
            shown = [(code, bp) for code, bp in codes if code in text]
            if shown:
                self.codes[cart_id] = shown[-1]
            found.append(
                (at, effect_id, cart_id, letter.channel, max([bp for _, bp in shown] or [0]))
            )
        for at, _, cart_id, channel, discount_bp in sorted(found):
            self._react(self.carts[cart_id], Contact(at, channel, discount_bp))

    def _react(self, cart: Cart, contact: Contact) -> None:
        before = self.got.setdefault(cart.user_id, [])
        reaction = self.world.reaction(cart, contact, before=tuple(before))
        before.append(contact)
        if reaction.what != "nothing":
            self._will(reaction.at, reaction.what, cart)

    async def _sign(self) -> None:
        asked = await self.house.questions()
        for question in asked:
            asks = int(question["call"]["args"].get("discount_bp", 0))
            await self.house.answer(
                question["id"], "approve" if asks <= SIGNED_UP_TO_BP else "reject"
            )
        if asked:
            await self.house.rest()


def _about(conn: Connection, vault: Any) -> dict[str, tuple[int, str, list[tuple[str, int]]]]:
    """Of every contact: when it went out, about which cart, and the codes of that journey."""
    codes: dict[str, list[tuple[str, int]]] = {}
    for row in conn.execute(select(offers)):
        code = vault.open("offers.code", row.code_sealed).decode()
        codes.setdefault(row.journey_id, []).append((code, row.discount_bp))
    found = {}
    query = select(effects.c.id, effects.c.settled_at, effects.c.journey_id).where(
        effects.c.kind == "contact", effects.c.status == "sent"
    )
    carts = {
        row.id: str(vault.open_json("journeys.context", row.context_sealed)["cart"]["id"])
        for row in conn.execute(select(journeys))
    }
    for row in conn.execute(query):
        found[row.id] = (row.settled_at, carts[row.journey_id], codes.get(row.journey_id, []))
    return found
