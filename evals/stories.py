"""Eight stories that the demo shows: each one person of the sample shop, and what happens to them.

A story is told over HTTP, like everything: events in, a decision out. Who plays a part is chosen
from the world by what the part needs: another seed tells the same stories of other people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from evals.worlds.catalogue import CURRENCY
from evals.worlds.people import Person
from evals.worlds.shop import Shop

GOAL = "recover_cart"
#: Names of articles in the carts that the stories need; margins decide what is possible.
RICH = ("Desk lamp Alba", "Cushion Feld")
THIN = ("Record player Aria", "Kettle Onda", "Cast-iron pan")
GRAND = ("Floor lamp Vega", "Wool blanket Moor", "Pendant lamp Luna")


@dataclass(frozen=True, slots=True)
class Story:
    """One story. `name` is what the demo prints behind `story:`."""

    name: str
    title: str
    person: Person
    articles: tuple[str, ...]


def cart(shop: Shop, story: Story, n: int = 1) -> dict[str, Any]:
    """The context of the story's cart; `n` numbers the carts of one person."""
    by_name = {product.name: product for product in shop.products}
    chosen = [by_name[name] for name in story.articles]
    return {
        "cart": {
            "id": f"story-{story.name}-{n}",
            "value_minor": sum(product.price_minor for product in chosen),
            "currency": CURRENCY,
            "items": [
                {"sku": product.sku, "quantity": 1, "price_minor": product.price_minor}
                for product in chosen
            ],
        }
    }


def cast(shop: Shop) -> dict[str, Story]:
    """The eight stories with their people. Raises LookupError where nobody fits a part."""
    left = _Cast(shop)
    parts = (
        ("discount_capped_by_margin", "a discount as large as the margin allows", left.best, THIN),
        ("waiting_for_approval", "a generous offer waits for a person", left.code_user, GRAND),
        ("recovered_without_discount", "a cart recovered without a discount", left.plain, RICH),
        ("deferred_by_quiet_hours", "night where the customer is", left.in_tokyo, RICH),
        ("changed_by_purchase", "bought before the message went out", left.in_tokyo, RICH),
        ("unprogrammed_event", "something happened that no file names", left.in_tokyo, RICH),
        ("refused_by_weekly_cap", "a fourth message in a week", left.plain, RICH),
        ("withheld_for_suppression", "a person who asked us to stop", left.plain, RICH),
    )
    return {name: Story(name, title, find(), articles) for name, title, find, articles in parts}


class _Cast:
    """Hands out people by what a part needs, each once."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._taken: set[str] = set()
        self._revenue = {
            person.user_id: sum(o.total_minor for o in shop.orders_of(person.user_id))
            for person in shop.people
        }

    def best(self) -> Person:
        """The customer who spent most, awake and reachable."""
        ranked = sorted(self._awake(), key=lambda p: -self._revenue[p.user_id])
        return self._take(iter(ranked), lambda p: not self._codes(p))

    def code_user(self) -> Person:
        """Somebody worth a lot who buys with codes, none of them lately."""
        ranked = sorted(self._awake(), key=lambda p: -self._revenue[p.user_id])
        return self._take(iter(ranked), lambda p: self._codes(p) and self._rested(p, 90))

    def plain(self) -> Person:
        """Somebody who has bought, never with a code."""
        bought = (p for p in self._awake() if self._revenue[p.user_id])
        return self._take(bought, lambda p: not self._codes(p))

    def in_tokyo(self) -> Person:
        """Somebody for whom it is night when the shop's day begins."""
        there = (p for p in self._reachable() if p.zone == "Asia/Tokyo")
        return self._take(there, lambda p: self._rested(p, 2) and not self._codes(p))

    def _take(self, people: Iterator[Person], fits: Callable[[Person], bool]) -> Person:
        for person in people:
            if person.user_id not in self._taken and fits(person):
                self._taken.add(person.user_id)
                return person
        raise LookupError("the sample world has nobody for one of the stories; try another seed")

    def _reachable(self) -> Iterator[Person]:
        return (p for p in self._shop.people if p.consents["email"] == "granted")

    def _awake(self) -> Iterator[Person]:
        return (p for p in self._reachable() if p.zone == "Europe/Berlin" and self._rested(p, 2))

    def _codes(self, person: Person) -> bool:
        return any(order.coupon for order in self._shop.orders_of(person.user_id))

    def _rested(self, person: Person, days: int) -> bool:
        bought = self._shop.orders_of(person.user_id)
        return not bought or (self._shop.start - bought[-1].at).days >= days
