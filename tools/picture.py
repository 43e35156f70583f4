"""The picture: everything of one customer that a decision may look at, read at one instant.

It is loaded when the planner perceives and loaded again inside the claim, by the same function, so the
gate never decides on anything that the transaction has not seen. What is not known is absent here and
closes the gate there (P6); "no history" is a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from customers import complaints, consent, profile, suppression
from policies.pack import Pack
from store import counters, ledger
from store.ledger import EffectStatus
from store.schema import offers, products, tickets
from store.sealing import Vault

CHANNELS = consent.CHANNELS
PURPOSES = consent.PURPOSES
_CONTACT_WINDOW_US = 31 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of the cart as the shop knows it. Unknown price, cost or stock are None."""

    sku: str
    name: str
    quantity: int
    price_minor: int | None
    cost_minor: int | None
    currency: str | None
    tax_bp: int
    free_stock: int | None
    fetched_at: int | None


@dataclass(frozen=True, slots=True)
class PastContact:
    """A contact that counts: sent, or queued and holding its place."""

    effect_id: str
    channel: str
    message_class: str
    purpose: str
    at: int
    local_day: str
    journey_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A discount code this person was given."""

    id: str
    journey_id: str
    discount_bp: int
    cost_minor: int
    currency: str
    code: str
    created_at: int
    expires_at: int
    status: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One person at `now_us`. `consents` is keyed (channel, purpose); `suppressed` likewise."""

    customer_id: str
    now_us: int
    profile: profile.Profile
    addresses: Mapping[str, str]
    consents: Mapping[tuple[str, str], str]
    suppressed: Mapping[tuple[str, str], bool]
    zones: tuple[str, ...]
    zone_is_known: bool
    contacts: tuple[PastContact, ...]
    complaint_open: bool
    open_tickets: int
    lines: tuple[CartLine, ...]
    cart_value_minor: int | None
    cart_currency: str | None
    offers: tuple[Offer, ...]
    budgets: Mapping[str, int]
    budget_keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        """The zone in which this person's days are counted."""
        return self.zones[0] if self.zones else "Etc/UTC"

    def local_day(self, at_us: int) -> str:
        """The calendar day of an instant where this person is, as YYYY-MM-DD."""
        return instant(at_us).astimezone(ZoneInfo(self.zone)).date().isoformat()


def instant(at_us: int) -> datetime:
    """Microseconds since the epoch as an aware UTC datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)


def load_picture(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    context: Mapping[str, Any],
    pack: Pack,
    now_us: int,
    without: frozenset[str] = frozenset(),
) -> Picture:
    """Read everything of one customer. `context` is the journey's (its cart). Erased: `Erased`.

    `without`: effects whose own place in caps and stock must not stand in their own way.
    """
    person = profile.load(conn, vault, customer_id)
    addresses = profile.addresses_of(conn, vault, customer_id)
    stopped = suppression.in_force(conn, customer_id, now_us)
    agreed = consent.states(consent.of_customer(conn, customer_id), now_us)
    stated = profile.candidate_zones(person, addresses.get("sms"))
    zones = stated or tuple(str(z) for z in pack.params.get("zones_served", ()))
    cart = context.get("cart")
    cart = cart if isinstance(cart, Mapping) else {}
    lines = _cart_lines(conn, cart, without)
    budgets, keys = _budgets(conn, pack, now_us)
    return Picture(
        customer_id=customer_id,
        now_us=now_us,
        profile=person,
        addresses=addresses,
        consents=agreed,
        suppressed={
            (c, p): suppression.is_suppressed(stopped, purpose=p, channel=c)
            for c in CHANNELS
            for p in PURPOSES
        },
        zones=zones,
        zone_is_known=bool(stated),
        contacts=_contacts(conn, customer_id, now_us, without),
        complaint_open=complaints.open_complaint(conn, customer_id),
        open_tickets=_open_tickets(conn, customer_id),
        lines=lines,
        cart_value_minor=_value(lines, cart),
        cart_currency=_currency(cart, lines),
        offers=_offers(conn, vault, customer_id),
        budgets=budgets,
        budget_keys=keys,
    )


def _contacts(
    conn: Connection, customer_id: str, now_us: int, without: frozenset[str]
) -> tuple[PastContact, ...]:
    counted = {
        row.effect_id: row
        for row in ledger.contacts_since(conn, customer_id, now_us - _CONTACT_WINDOW_US)
        if row.effect_id not in without
    }
    if not counted:
        return ()
    known = {
        row.id: row
        for row in ledger.open_effects(
            conn,
            customer_id,
            (
                EffectStatus.CLAIMED,
                EffectStatus.SENT,
                EffectStatus.SCHEDULED,
                EffectStatus.UNKNOWN,
            ),
        )
    }
    return tuple(
        PastContact(
            effect_id=row.effect_id,
            channel=row.channel,
            message_class=row._mapping["class"],
            purpose=row.purpose,
            at=row.at,
            local_day=row.local_day,
            journey_id=known[row.effect_id].journey_id if row.effect_id in known else "",
            status=known[row.effect_id].status if row.effect_id in known else "sent",
        )
        for row in counted.values()
    )


def _open_tickets(conn: Connection, customer_id: str) -> int:
    return int(
        conn.execute(
            select(func.count())
            .select_from(tickets)
            .where(tickets.c.customer_id == customer_id, tickets.c.status == "open")
        ).scalar_one()
    )


def _offers(conn: Connection, vault: Vault, customer_id: str) -> tuple[Offer, ...]:
    rows = conn.execute(
        select(offers)
        .where(offers.c.customer_id == customer_id)
        .order_by(offers.c.id.desc())
        .limit(50)
    )
    return tuple(
        Offer(
            id=row.id,
            journey_id=row.journey_id,
            discount_bp=row.discount_bp,
            cost_minor=row.cost_minor,
            currency=row.currency,
            code=vault.open("offers.code", row.code_sealed).decode(),
            created_at=row.created_at,
            expires_at=row.expires_at,
            status=row.status,
        )
        for row in rows
    )


def _cart_lines(
    conn: Connection, cart: Mapping[str, Any], without: frozenset[str]
) -> tuple[CartLine, ...]:
    items = [i for i in cart.get("items") or () if isinstance(i, Mapping) and i.get("sku")]
    if not items:
        return ()
    known = {
        row.sku: row
        for row in conn.execute(
            select(products).where(products.c.sku.in_(sorted({str(i["sku"]) for i in items})))
        )
    }
    own = counters.held_by(conn, without) if without else {}
    return tuple(_line(conn, item, known.get(str(item["sku"])), own) for item in items)


def _line(conn: Connection, item: Mapping[str, Any], row: Any, own: Mapping[str, int]) -> CartLine:
    quantity = item.get("quantity")
    amount = quantity if isinstance(quantity, int) and quantity > 0 else 1
    if row is None:
        return CartLine(str(item["sku"]), str(item["sku"]), amount, None, None, None, 0, None, None)
    stated = item.get("price_minor")
    price = row.price_minor
    if price is not None and isinstance(stated, int) and 0 <= stated < price:
        price = stated
    left = counters.left(conn, f"stock:{row.sku}")
    return CartLine(
        sku=row.sku,
        name=row.name,
        quantity=amount,
        price_minor=price,
        cost_minor=row.cost_minor,
        currency=row.currency,
        tax_bp=row.tax_bp,
        free_stock=row.stock if left is None else left + own.get(f"stock:{row.sku}", 0),
        fetched_at=row.fetched_at,
    )


def _value(lines: tuple[CartLine, ...], cart: Mapping[str, Any]) -> int | None:
    """The cart's worth: the sum of its priced lines, else what the event stated."""
    if lines and all(line.price_minor is not None for line in lines):
        return sum((line.price_minor or 0) * line.quantity for line in lines)
    stated = cart.get("value_minor")
    return stated if isinstance(stated, int) and not isinstance(stated, bool) else None


def _currency(cart: Mapping[str, Any], lines: tuple[CartLine, ...]) -> str | None:
    """The one currency of the cart and its lines; None where they differ or none is known."""
    seen = {line.currency for line in lines if line.currency}
    if isinstance(cart.get("currency"), str):
        seen.add(cart["currency"])
    return seen.pop() if len(seen) == 1 else None


def _budgets(conn: Connection, pack: Pack, now_us: int) -> tuple[dict[str, int], dict[str, str]]:
    left: dict[str, int] = {}
    keys: dict[str, str] = {}
    for budget in pack.budgets:
        key = f"budget:{budget.id}:{instant(now_us):%Y-%m}"
        keys[budget.id] = key
        remaining = counters.left(conn, key)
        left[budget.id] = budget.limit_minor if remaining is None else remaining
    return left, keys
