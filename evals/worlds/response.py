"""People who respond by rules that no planner knows: the hidden half of a sample shop.

Each person has traits of their own: how likely they buy anyway, what a contact and a discount add,
how many messages a week they bear, which channel and hour they like. Whether somebody buys is one
draw a cart, made from the seed and the cart's name: the same for every planner, so that what
differs between two planners is what they did (common random numbers).

All of it is invented. It stands for no market; it only tells planners apart.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from evals.worlds.people import Person
from evals.worlds.shop import Cart, Line, Shop

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
_SPREAD_DAYS = (0, 1, 2)
_SECOND_AFTER_DAYS = (5, 6)


@dataclass(frozen=True, slots=True)
class Hidden:
    """One person's hidden traits. Chances in basis points; `discount_bp`: for each 10 % off.

    `patience`: messages in seven days that are borne; each one beyond irritates by `temper_bp`.
    """

    kind: str
    anyway_bp: int
    contact_bp: int
    discount_bp: int
    patience: int
    temper_bp: int
    channel: str
    hour: int


_KINDS = (
    # kind, share in percent, anyway, contact, discount, patience, temper
    ("sure", 20, 7_000, 500, 500, 3, 1_500),
    ("persuadable", 40, 1_000, 4_500, 400, 2, 3_000),
    ("bargain", 15, 800, 800, 2_500, 3, 1_500),
    ("touchy", 25, 3_000, 800, 300, 1, 7_500),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A cart that is left behind, so long after the world's start."""

    after_us: int
    cart: Cart


@dataclass(frozen=True, slots=True)
class Contact:
    """What a person got: a letter, and the discount in it (0: none)."""

    at: int
    channel: str
    discount_bp: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a person does about a letter. `what`: `buys`, `unsubscribes`, `complains`, `nothing`."""

    what: str
    at: int


class World:
    """The shop with its hidden half. Equal seeds give equal worlds."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self.shop = shop
        self.seed = seed
        self.people = {person.user_id: person for person in shop.people}
        self.hidden = {person.user_id: _hidden(person, seed) for person in shop.people}
        self.visits = tuple(sorted(self._visits(), key=lambda v: (v.after_us, v.cart.id)))

    def buys_anyway_at(self, cart: Cart, *, left_at: int) -> int | None:
        """When this cart is bought without any contact; None where it is not."""
        if self._draw(cart.id, "buys") >= self.hidden[cart.user_id].anyway_bp:
            return None
        return left_at + 6 * HOUR_US + self._draw(cart.id, "when") * 60 * HOUR_US // 10_000

    def reaction(self, cart: Cart, contact: Contact, *, before: tuple[Contact, ...]) -> Reaction:
        """What a letter about this cart leads to. `before`: what the person got until then."""
        traits = self.hidden[cart.user_id]
        week = [one for one in before if one.at > contact.at - 7 * DAY_US]
        nth = len(before) + 1
        soon = contact.at + HOUR_US + self._draw(cart.id, f"soon-{nth}") * 8 * HOUR_US // 10_000
        if len(week) >= traits.patience and (
            self._draw(cart.user_id, f"temper-{nth}") < traits.temper_bp
        ):
            complains = self._draw(cart.user_id, f"how-{nth}") < 2_500
            return Reaction("complains" if complains else "unsubscribes", soon)
        chance = traits.anyway_bp + self._uplift_bp(cart.user_id, contact)
        if self._draw(cart.id, "buys") < chance:
            return Reaction("buys", soon)
        return Reaction("nothing", soon)

    def _uplift_bp(self, user_id: str, contact: Contact) -> int:
        traits, zone = self.hidden[user_id], self.people[user_id].zone
        fits = 10_000 if contact.channel == traits.channel else 6_000
        away = abs(_hour(contact.at, zone) - traits.hour)
        fits -= 150 * min(away, 24 - away)
        off = traits.discount_bp * min(contact.discount_bp, 2_000) // 1_000
        return traits.contact_bp * fits // 10_000 + off

    def _draw(self, who: str, what: str) -> int:
        """A number from 0 to 9,999 that depends on nothing but the seed and these two names."""
        digest = sha256(f"{self.seed}:{who}:{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % 10_000

    def _visits(self) -> list[Visit]:
        """Everybody leaves a cart in the first days, and most another one a week later."""
        found = []
        for person in self.shop.people:
            rng = random.Random(f"{self.seed}:visits:{person.user_id}")
            days = [rng.choice(_SPREAD_DAYS)]
            if rng.random() < 0.6:
                days.append(days[0] + rng.choice(_SECOND_AFTER_DAYS))
            for n, day in enumerate(days, 1):
                after = day * DAY_US + rng.randrange(0, 9) * HOUR_US
                found.append(Visit(after, self._cart(person, n, rng)))
        return found

    def _cart(self, person: Person, n: int, rng: random.Random) -> Cart:
        chosen = rng.sample(self.shop.products, rng.choice((1, 1, 2)))
        lines = tuple(Line(product, 1) for product in chosen)
        return Cart(f"cart-{person.user_id}-{n}", person.user_id, lines)


def _hidden(person: Person, seed: int) -> Hidden:
    rng = random.Random(f"{seed}:hidden:{person.user_id}")
    row = rng.choices(_KINDS, [row[1] for row in _KINDS])[0]
    kind, _, anyway, contact, discount, patience, temper = row
    return Hidden(
        kind=kind,
        anyway_bp=anyway,
        contact_bp=contact,
        discount_bp=discount,
        patience=patience,
        temper_bp=temper,
        channel="sms" if rng.random() < 0.2 else "email",
        hour=rng.choice((9, 12, 18, 20)),
    )


def _hour(at: int, zone: str) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.astimezone(ZoneInfo(zone)).hour
