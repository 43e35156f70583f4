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
from policies.jurisdictions import counting
from policies.pack import Pack
from policies.zones import known
from store import brakes, effect_counts
from store.brakes import Brake
from store.schema import offers, tickets
from store.sealing import Vault
from tools import budgets, counted, exceptions
from tools.cart import CartLine, cart_currency, cart_lines, cart_value
from tools.counted import PastContact, PastOffer
from tools.instants import instant, local_date

__all__ = [
    "CHANNELS",
    "PURPOSES",
    "CartLine",
    "Offer",
    "PastContact",
    "PastOffer",
    "Picture",
    "instant",
    "load_picture",
]

CHANNELS = consent.CHANNELS
PURPOSES = consent.PURPOSES


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
    people have stopped, and who has taken this person into their hands. `given`: the offers that
    the pack's caps count, None where it has no such cap. `matters`: what open journeys are about.
    `jurisdictions`: those of the pack whose rules count for them. `exceptions`: how often a reason
    may lift each soft rule still. `lately`: how many effects of the agent who asks there were
    within the pack's blast radius, by kind and message; None where nobody counted them.
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
    given: tuple[PastOffer, ...] | None = None
    matters: Mapping[str, str] = field(default_factory=dict)
    jurisdictions: tuple[str, ...] = ()
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
    phone = addresses.get("sms")
    stated = tuple(z for z in profile.candidate_zones(person, phone) if known(z))
    zones = stated or _zones_served(pack)
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
        zones=zones,
        zone_is_known=bool(stated),
        contacts=counted.contacts(conn, customer_id, pack, now_us, without=without),
        complaint_open=complaints.open_complaint(conn, customer_id),
        open_tickets=_open_tickets(conn, customer_id),
        lines=lines,
        cart_value_minor=cart_value(lines, cart),
        cart_currency=cart_currency(lines, cart),
        offers=_offers(conn, vault, customer_id),
        budgets=budgets.left(conn, pack, now_us),
        brakes=brakes.in_force(conn),
        leases=leases.in_force(conn, customer_id, now_us),
        given=counted.given(conn, customer_id, pack, now_us),
        matters=counted.matters(conn, customer_id, pack),
        jurisdictions=counting(
            pack.jurisdictions, profile.candidate_places(person, phone), zones, phone
        ),
        exceptions=exceptions.left(conn, pack, now_us, without=without),
        lately=_lately(conn, pack, now_us, agent, without),
    )


def _lately(
    conn: Connection, pack: Pack, now_us: int, agent: str | None, without: frozenset[str]
) -> dict[tuple[str, str], int] | None:
    radius = pack.approvals.blast_radius
    if radius is None or agent is None:
        return None
    return effect_counts.many_of(conn, agent, now_us - radius.within_us, without=without)


def _zones_served(pack: Pack) -> tuple[str, ...]:
    stated = pack.params.get("zones_served", ())
    listed = stated if isinstance(stated, tuple) else (stated,)
    return tuple(z for z in listed if isinstance(z, str) and known(z))


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
