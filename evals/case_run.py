"""Running cases: all of them side by side in one house, each with its own people and things.

A seed changes what must not matter: names, prices by a few percent, minutes, and who comes first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.errors import Conflict
from evals.case_files import Case, Somebody, Step
from evals.house import Contestant, House, open_house
from evals.record import Record
from evals.worlds.catalogue import CURRENCY, TAX_BP

START = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
#: Long enough for whatever comes back every day to have come to the weekly cap.
OVER_AFTER = timedelta(days=5)
_MINUTE_US = 60_000_000
_NAMES = {
    "en": ("Ada", "Carl", "Dora", "Hugh", "Iris", "Nora", "Oscar", "Ruth", "Simon", "Vera"),
    "de": ("Anke", "Bernd", "Clara", "Elke", "Georg", "Hanna", "Jörg", "Maike", "Till", "Ulrike"),
}


@dataclass(frozen=True, slots=True)
class Played:
    """What cases have come to: the record, when each began, and what the steps themselves met."""

    record: Record
    began: dict[str, int]
    answers: dict[str, tuple[str, ...]]


async def play(
    folder: Path,
    cases: Sequence[Case],
    contestant: Contestant,
    *,
    seed: int,
    pack: str | None = None,
    told: Callable[[], None] = lambda: None,
) -> Played:
    """Run these cases with one planner."""
    async with open_house(folder, contestant, start=START, pack=pack) as house:
        stage = _Stage(house, cases, seed)
        await stage.set_up()
        for at, case, step in stage.plot():
            await house.to(at)
            await stage.do(case, step)
            await house.rest()
        await house.to(stage.start_us + int(OVER_AFTER.total_seconds()) * 1_000_000)
        told()
        answers = {name: tuple(said) for name, said in stage.answers.items()}
        return Played(house.record(), dict(stage.began), answers)


class _Stage:
    def __init__(self, house: House, cases: Sequence[Case], seed: int) -> None:
        self.house, self.cases = house, cases
        self.rng = random.Random(f"cases:{seed}")
        self.start_us = house.now_us
        self.began: dict[str, int] = {}
        self.answers: dict[str, list[str]] = {case.name: [] for case in cases}
        self._prices: dict[str, int] = {}

    async def set_up(self) -> None:
        """Everybody's things and past."""
        said: list[dict[str, Any]] = []
        serial = 0
        for case in self.cases:
            rows = [self._row(case, key) for key in case.articles]
            await self.house.stock(rows)
            for key, somebody in case.people.items():
                serial += 1
                said += self._past(case, key, somebody, serial)
            self.began[case.name] = self.start_us + self.rng.randrange(0, 25) * _MINUTE_US
        await self.house.say(said)
        await self.house.rest()

    def plot(self) -> list[tuple[int, Case, Step]]:
        """Everything that happens, in order; no two things at one instant."""
        all_steps = [
            (self.began[case.name] + step.after_us, self.rng.random(), n, case, step)
            for case in self.cases
            for n, step in enumerate(case.steps)
        ]
        all_steps.sort(key=lambda one: (one[0], one[3].name, one[2]))
        return [
            (at + (n + 1) * 1_000_000, case, step)
            for n, (at, _, _, case, step) in enumerate(all_steps)
        ]

    async def do(self, case: Case, step: Step) -> None:
        """One thing happens."""
        if step.abandon is not None:
            context = self._context(case, step.abandon)
            user = case.user(case.carts[step.abandon].person)
            await self.house.event(user, "Cart Abandoned", context)
        elif step.trigger is not None:
            user = case.user(case.carts[step.trigger].person)
            await self.house.trigger(user, self._context(case, step.trigger))
        elif step.event is not None:
            told = _filled(step.event.properties, case)
            await self.house.event(case.user(step.event.person), step.event.name, told)
        elif step.stop is not None:
            await self.house.stop(case.user(step.stop))
        elif step.stock is not None:
            rows = [self._row(case, key) | {"stock": n} for key, n in step.stock.items()]
            await self.house.stock(rows)
        elif step.answer is not None:
            await self._answer(case, step)

    async def _answer(self, case: Case, step: Step) -> None:
        assert step.answer is not None
        user = case.user(case.carts[step.answer.cart].person)
        customer_id = await self.house.runs.people.find(user)
        asked = await self.house.questions_of(customer_id)
        if not asked:
            self.answers[case.name].append("nobody asked")
            return
        for again in range(1 + step.answer.again):
            try:
                await self.house.answer(asked[-1], step.answer.decision)
            except Conflict:
                self.answers[case.name].append("refused")
            else:
                self.answers[case.name].append("taken twice" if again else "taken")

    def _row(self, case: Case, key: str) -> dict[str, Any]:
        thing, sku = case.articles[key], f"{case.name}-{key}"
        if sku not in self._prices:
            self._prices[sku] = thing.price_minor * self.rng.randrange(97, 104) // 100
        price = self._prices[sku]
        return {
            "sku": sku,
            "name": thing.name,
            "price_minor": price,
            "cost_minor": price * (10_000 - thing.margin_bp) // (10_000 + TAX_BP),
            "currency": CURRENCY,
            "stock": thing.stock,
            "tax_bp": TAX_BP,
        }

    def _context(self, case: Case, key: str) -> dict[str, Any]:
        cart = case.carts[key]
        wanted = {f"{case.name}-{thing}": n for thing, n in cart.items.items()}
        items = [
            {"sku": sku, "quantity": n, "price_minor": self._prices[sku]}
            for sku, n in wanted.items()
        ]
        value = sum(self._prices[sku] * n for sku, n in wanted.items())
        told = {"id": case.cart_id(key), "value_minor": value, "currency": CURRENCY, "items": items}
        return {"cart": told, **_filled(cart.extra, case)}

    def _past(self, case: Case, key: str, who: Somebody, serial: int) -> list[dict[str, Any]]:
        user, joined = case.user(key), START - timedelta(days=400)
        traits: dict[str, Any] = {
            "email": address(case, key),
            "firstName": self.rng.choice(_NAMES[who.language]),
            "locale": {"en": "en-GB", "de": "de-DE"}[who.language],
            "timezone": who.zone,
        }
        if who.phone or who.sms != "absent":
            traits["phone"] = f"+4917139200{serial:02d}"
        said = [_message(user, "identify", joined, "profile", traits=traits)]
        for channel, state in (("email", who.email), ("sms", who.sms)):
            told = {"channel": channel, "purpose": "marketing", "source": "a case"}
            if state != "absent":
                said.append(_track(user, "Consent Granted", joined, channel, told))
            if state == "revoked":
                later = START - timedelta(days=20)
                said.append(_track(user, "Consent Revoked", later, channel, told))
        for n, order in enumerate(who.orders):
            past: dict[str, Any] = {
                "order_id": f"{user}-{n}",
                "total_minor": order.total_minor,
                "currency": CURRENCY,
                **({"coupon": f"OLD-{n}"} if order.code else {}),
            }
            at = START - timedelta(days=order.days_ago)
            said.append(_track(user, "Order Completed", at, f"order-{n}", past))
        return said


def address(case: Case, person: str) -> str:
    """The e-mail address of one of a case's people."""
    return f"{case.name}.{person}@example.com".replace("_", "-")


def _filled(told: Any, case: Case) -> Any:
    """`{ada.email}` in a case's texts becomes that person's address."""
    if isinstance(told, str):
        for person in case.people:
            told = told.replace(f"{{{person}.email}}", address(case, person))
        return told
    if isinstance(told, dict):
        return {key: _filled(value, case) for key, value in told.items()}
    return [_filled(value, case) for value in told] if isinstance(told, list) else told


def _track(
    user: str, event: str, at: datetime, key: str, properties: dict[str, Any]
) -> dict[str, Any]:
    key = f"{event}-{key}"
    return _message(user, "track", at, key, event=event, properties=properties)


def _message(user: str, kind: str, at: datetime, key: str, **rest: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "messageId": f"past-{user}-{key}",
        "userId": user,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "context": {"historical": True},
        **rest,
    }
