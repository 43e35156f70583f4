"""The picture: everything of one customer that a decision may look at, read at one instant.

It is loaded when the planner perceives and loaded again inside the claim, by the same function, so
the gate never decides on anything that the transaction has not seen. What is not known is absent
here and closes the gate there (P6); "no history" is a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from customers import complaints, consent, leases, profile, suppression
from customers.leases import Lease
from policies.pack import Pack
from policies.zones import known
from store import brakes, ledger
from store.brakes import Brake
from store.schema import effects, offers, tickets
from store.sealing import Vault
from tools import budgets, exceptions
from tools.cart import CartLine, cart_currency, cart_lines, cart_value
from tools.instants import DAY_US, instant, local_date

__all__ = [
    "CHANNELS",
    "PURPOSES",
    "CartLine",
    "Offer",
    "PastContact",
    "Picture",
    "instant",
    "load_picture",
]

CHANNELS = consent.CHANNELS
PURPOSES = consent.PURPOSES
#: Contacts are read back so far at least; a cap with a longer window reads back as far as it needs.
_CONTACTS_BACK_US = 31 * DAY_US
_LONGEST_UNIT_DAYS = {"day": 2, "week": 8, "month": 32, "year": 367}


@dataclass(frozen=True, slots=True)
class PastContact:
    """A contact that counts: sent, or queued and holding its place. `at`: when it reaches them."""

    effect_id: str
    channel: str
    message_class: str
    purpose: str
    at: int
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
    """One person at `now_us`. `consents` is keyed (channel, purpose); `suppressed` likewise.

    `zones`: every zone they could be in; where none is known all that the pack says we serve, and
    none where it says none. `budgets`: what is left, by the budget's id. `brakes`, `leases`: what
    people have stopped, and who has taken this person into their hands. `exceptions`: how often a
    reason may lift each soft rule still. `lately`: how many effects of the agent who asks there
    were within the pack's blast radius, by kind and message; None where nobody counted them.
    """

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
    brakes: tuple[Brake, ...] = ()
    leases: tuple[Lease, ...] = ()
    exceptions: Mapping[str, int] = field(default_factory=dict)
    lately: Mapping[tuple[str, str], int] | None = None

    @property
    def zone(self) -> str:
        """The zone in which this person's dates are written."""
        return self.zones[0] if self.zones else "Etc/UTC"

    def local_day(self, at_us: int) -> str:
        """The calendar day of an instant where this person is, as YYYY-MM-DD."""
        return local_date(at_us, self.zone).isoformat()

    def unstopped(self) -> Picture:
        """The same without what people have stopped: for what was claimed before they did."""
        return replace(self, brakes=(), leases=())

    def suppressed_for(self, purpose: str) -> bool:
        """Whether this person can be reached for a purpose on no channel at all."""
        return all(self.suppressed[channel, purpose] for channel in CHANNELS)


def load_picture(
    conn: Connection,
    vault: Vault,
    *,
    customer_id: str,
    context: Mapping[str, Any],
    pack: Pack,
    now_us: int,
    without: frozenset[str] = frozenset(),
    agent: str | None = None,
) -> Picture:
    """Read everything of one customer. `context` is the journey's (its cart). Erased: `Erased`.

    `agent`: who asks.

    `without`: effects whose own place in caps and stock must not stand in their own way.
    """
    person = profile.load(conn, vault, customer_id)
    addresses = profile.addresses_of(conn, vault, customer_id)
    hashes = profile.address_hashes_of(conn, customer_id)
    stopped = suppression.in_force(conn, customer_id, now_us)
    agreed = consent.states(consent.of_customer(conn, customer_id), now_us)
    stated = tuple(z for z in profile.candidate_zones(person, addresses.get("sms")) if known(z))
    cart = context.get("cart")
    cart = cart if isinstance(cart, Mapping) else {}
    lines = cart_lines(conn, cart, without=without)
    return Picture(
        customer_id=customer_id,
        now_us=now_us,
        profile=person,
        addresses=addresses,
        consents=agreed,
        suppressed={
            (c, p): suppression.is_suppressed(
                stopped, purpose=p, channel=c, address_hash=hashes.get(c)
            )
            for c in CHANNELS
            for p in PURPOSES
        },
        zones=stated or _zones_served(pack),
        zone_is_known=bool(stated),
        contacts=_contacts(conn, customer_id, now_us - _reach(pack), without),
        complaint_open=complaints.open_complaint(conn, customer_id),
        open_tickets=_open_tickets(conn, customer_id),
        lines=lines,
        cart_value_minor=cart_value(lines, cart),
        cart_currency=cart_currency(lines, cart),
        offers=_offers(conn, vault, customer_id),
        budgets=budgets.left(conn, pack, now_us),
        brakes=brakes.in_force(conn),
        leases=leases.in_force(conn, customer_id, now_us),
        exceptions=exceptions.left(conn, pack, now_us, without=without),
        lately=_lately(conn, pack, now_us, agent, without),
    )


def _lately(
    conn: Connection, pack: Pack, now_us: int, agent: str | None, without: frozenset[str]
) -> dict[tuple[str, str], int] | None:
    radius = pack.approvals.blast_radius
    if radius is None or agent is None:
        return None
    return ledger.many_of(conn, agent, now_us - radius.within_us, without=without)


def _zones_served(pack: Pack) -> tuple[str, ...]:
    stated = pack.params.get("zones_served", ())
    listed = stated if isinstance(stated, tuple) else (stated,)
    return tuple(z for z in listed if isinstance(z, str) and known(z))


def _reach(pack: Pack) -> int:
    """How far back the pack's caps look."""
    furthest = _CONTACTS_BACK_US
    for cap in pack.caps:
        calendar_us = _LONGEST_UNIT_DAYS.get(cap.window.unit, 0) * DAY_US
        furthest = max(furthest, cap.window.duration_us, calendar_us)
    return furthest


def _contacts(
    conn: Connection, customer_id: str, since_us: int, without: frozenset[str]
) -> tuple[PastContact, ...]:
    counted = [
        row
        for row in ledger.contacts_since(conn, customer_id, since_us)
        if row.effect_id not in without
    ]
    if not counted:
        return ()
    known_effects = {
        row.id: row
        for row in conn.execute(
            select(effects.c.id, effects.c.journey_id, effects.c.status).where(
                effects.c.id.in_([row.effect_id for row in counted])
            )
        )
    }
    made = ((row, known_effects.get(row.effect_id)) for row in counted)
    return tuple(
        PastContact(
            effect_id=row.effect_id,
            channel=row.channel,
            message_class=row._mapping["class"],
            purpose=row.purpose,
            at=row.at,
            journey_id=effect.journey_id if effect is not None else "",
            status=effect.status if effect is not None else "sent",
        )
        for row, effect in made
    )


# Built once: building a statement costs several times what running it does.
_OPEN_TICKETS = (
    select(func.count())
    .select_from(tickets)
    .where(tickets.c.customer_id == bindparam("customer"), tickets.c.status == "open")
)
_OFFERS = (
    select(offers)
    .where(offers.c.customer_id == bindparam("customer"))
    .order_by(offers.c.id.desc())
    .limit(50)
)


def _open_tickets(conn: Connection, customer_id: str) -> int:
    return int(conn.execute(_OPEN_TICKETS, {"customer": customer_id}).scalar_one())


def _offers(conn: Connection, vault: Vault, customer_id: str) -> tuple[Offer, ...]:
    rows = conn.execute(_OFFERS, {"customer": customer_id})
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
