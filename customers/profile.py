"""The profile: traits with their time, and figures derived from orders, bounded and order-proof.

An event that arrives late never undoes a newer one: each trait keeps the instant it was stated at.
A bomb of traits is cut off and counted, and never keeps out the traits that decisions read. The
figures are kept here, so that a decision costs the same for ten orders as for a hundred thousand.
A figure that could not be read is malformed, not nothing (P6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from customers import engagement
from customers.places import country_of_phone, places_of_address, zones_by_country, zones_of_places
from customers.zones import known_zone, zones_of_phone
from store.schema import customers, identifiers
from store.sealing import Vault

LABEL = "customers.profile"
MOST_TRAITS = 200
LONGEST_VALUE = 2_048
_LONGEST_NAME = 200
_MOST_CURRENCIES = 8
MOST_SHARED = 100
#: Lifetime revenue in minor units from which a segment begins. Cut points of the shipped shop, to
#: be replaced by a fitted lifetime value; a person without an order is `new`.
SEGMENTS = (("platinum", 80_000), ("gold", 30_000), ("silver", 10_000), ("bronze", 0))
#: Traits that decisions read; there is always room for them.
READ = frozenset(
    ["timezone", "locale", "language", "firstName", "first_name"]
    + ["preferredChannel", "preferred_channel", "preferredHour", "preferred_hour", "address"]
    + ["sentiment", "compliance_flag", "relationship_manager"]
)
#: Traits that decide who looks at a person. A key that sits in a web page cannot state them.
RESERVED = frozenset(["compliance_flag", "relationship_manager"])
_HOUR = re.compile(r"\d{1,2}(:[0-5]\d)?", re.ASCII)
_CHANNEL_OF = {"email": "email", "phone": "sms"}


@dataclass(frozen=True, slots=True)
class Trait:
    """One stated trait. `at` in microseconds; `source` says which kind of message stated it."""

    value: Any
    at: int
    source: str

    @property
    def rank(self) -> tuple[int, str, str]:
        """Of two statements the higher holds: the newer, or at one instant always the same one."""
        return self.at, json.dumps(self.value, sort_keys=True, ensure_ascii=False), self.source


@dataclass(frozen=True, slots=True)
class Profile:
    """One person. Amounts in minor units, instants in microseconds.

    `revenue` is by currency; `unpriced` counts orders whose amount could not be read; `shared`
    holds hashes of orders whose amount is counted with somebody else. `engaged`: answers by channel
    and hour of their day (`customers.engagement`).
    """

    traits: Mapping[str, Trait] = field(default_factory=dict)
    dropped: int = 0
    orders: int = 0
    revenue: Mapping[str, int] = field(default_factory=dict)
    unpriced: int = 0
    first_order_at: int | None = None
    last_order_at: int | None = None
    discounts_taken: int = 0
    last_code_at: int | None = None
    shared: tuple[str, ...] = ()
    engaged: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def malformed(self) -> dict[str, str]:
        """What could not be read, and why; each is a missing fact to the gate."""
        found = {}
        zone = self.traits.get("timezone")
        if zone is not None and zone.value is not None and known_zone(zone.value) is None:
            found["timezone"] = "not the name of an IANA time zone"
        if self.unpriced:
            found["revenue"] = "orders or refunds without a readable amount"
        elif len(self.revenue) > 1:
            found["revenue"] = "orders in several currencies; nothing is converted"
        return found

    @property
    def revenue_minor(self) -> int | None:
        """Lifetime revenue after refunds; 0 without an order, None where it is malformed."""
        return None if "revenue" in self.malformed else sum(self.revenue.values())

    @property
    def segment(self) -> str | None:
        """Loyalty by lifetime revenue: platinum, gold, silver, bronze; new without an order."""
        revenue = self.revenue_minor
        if revenue is None:
            return None
        if self.orders == 0:
            return "new"
        return next(name for name, least in SEGMENTS if revenue >= least)

    @property
    def locale(self) -> str | None:
        """The stated locale such as `de-DE`."""
        value = self._text("locale") or self._text("language")
        return value.replace("_", "-") if value else None

    @property
    def language(self) -> str | None:
        """The language of the locale, such as `de`."""
        return self.locale.split("-")[0].lower() if self.locale else None

    @property
    def first_name(self) -> str | None:
        """How to address them, if they said."""
        return self._text("firstName") or self._text("first_name")

    @property
    def stated_zone(self) -> str | None:
        """The IANA zone they stated, if it is one."""
        return known_zone(self._text("timezone"))

    @property
    def places(self) -> tuple[str, ...]:
        """The country of their address, and its region where it is known."""
        address = self.traits.get("address")
        return places_of_address(address.value) if address is not None else ()

    @property
    def preferred_channel(self) -> str | None:
        """A channel they said they prefer."""
        value = self._text("preferredChannel") or self._text("preferred_channel")
        return value if value in ("email", "sms") else None

    @property
    def preferred_hour(self) -> int | None:
        """The hour of the day, 0 to 23, they said suits them: a number, or a time such as 18:00."""
        stated = self.traits.get("preferredHour") or self.traits.get("preferred_hour")
        value = None if stated is None else stated.value
        if isinstance(value, str) and _HOUR.fullmatch(value.strip()):
            value = int(value.strip().partition(":")[0])
        return value if type(value) is int and 0 <= value <= 23 else None

    def _text(self, name: str) -> str | None:
        trait = self.traits.get(name)
        return trait.value if trait is not None and isinstance(trait.value, str) else None


def with_traits(profile: Profile, traits: Mapping[str, Any], *, at: int, source: str) -> Profile:
    """The profile after these traits were stated at an instant, in whatever order they arrive."""
    kept, dropped = dict(profile.traits), profile.dropped
    others = len(kept.keys() - READ)
    for name, value in sorted(traits.items()):
        new = Trait(value, at, source)
        if len(new.rank[1].encode()) > LONGEST_VALUE or len(name) > _LONGEST_NAME:
            dropped += 1
            continue
        old = kept.get(name)
        if old is None and name not in READ:
            if others >= MOST_TRAITS:
                dropped += 1
                continue
            others += 1
        if old is None or new.rank >= old.rank:
            kept[name] = new
    return replace(profile, traits=kept, dropped=dropped)


def with_order(
    profile: Profile, *, at: int, revenue_minor: int | None, currency: str | None, coupon: bool
) -> Profile:
    """The profile after one more order. Without amount and currency the revenue is malformed."""
    seen = replace(
        profile,
        orders=profile.orders + 1,
        first_order_at=_least(at, profile.first_order_at),
        last_order_at=_most(at, profile.last_order_at),
        discounts_taken=profile.discounts_taken + coupon,
        last_code_at=_most(at, profile.last_code_at) if coupon else profile.last_code_at,
    )
    return _with_revenue(seen, revenue_minor, currency)


def with_shared_order(profile: Profile, *, at: int, order_hash: str) -> Profile:
    """One more order whose amount is counted with somebody else: a purchase, and no revenue."""
    return replace(
        profile,
        orders=profile.orders + 1,
        first_order_at=_least(at, profile.first_order_at),
        last_order_at=_most(at, profile.last_order_at),
        shared=(*profile.shared, order_hash)[-MOST_SHARED:],
    )


def with_answer(profile: Profile, *, channel: str, at: int) -> Profile:
    """The profile after one more opening, click or reply."""
    engaged = engagement.counted(profile.engaged, channel, at_us=at, zone=profile.stated_zone)
    return replace(profile, engaged=engaged)


def without_answer(profile: Profile, *, channel: str, at: int) -> Profile:
    """The profile without an answer that turned out to be a machine's."""
    engaged = engagement.taken_back(profile.engaged, channel, at_us=at, zone=profile.stated_zone)
    return replace(profile, engaged=engaged)


def without_order(profile: Profile, *, minor: int | None, currency: str | None) -> Profile:
    """The profile after an order was cancelled, `minor` what was left of its amount."""
    fewer = replace(profile, orders=max(0, profile.orders - 1))
    if minor is None:
        return replace(fewer, unpriced=max(0, fewer.unpriced - 1))
    return with_refund(fewer, minor=minor, currency=currency)


def with_refund(profile: Profile, *, minor: int | None, currency: str | None) -> Profile:
    """The profile after money was given back; None: nobody can say how much, or for what."""
    if minor is None or currency is None:
        return replace(profile, unpriced=profile.unpriced + 1)
    left = profile.revenue.get(currency, 0) - minor
    return replace(profile, revenue={**profile.revenue, currency: max(0, left)})


def with_traits_of(one: Profile, other: Profile) -> Profile:
    """The profile with another one's traits where those are newer."""
    both = one
    for name, trait in sorted(other.traits.items()):
        both = with_traits(both, {name: trait.value}, at=trait.at, source=trait.source)
    return both


def joined(one: Profile, other: Profile) -> Profile:
    """Two profiles that turned out to be one person: newer traits, figures added."""
    both = with_traits_of(one, other)
    currencies = sorted(one.revenue.keys() | other.revenue.keys())
    return replace(
        both,
        dropped=both.dropped + other.dropped,
        orders=one.orders + other.orders,
        revenue={c: one.revenue.get(c, 0) + other.revenue.get(c, 0) for c in currencies},
        unpriced=one.unpriced + other.unpriced,
        first_order_at=_least(one.first_order_at, other.first_order_at),
        last_order_at=_most(one.last_order_at, other.last_order_at),
        discounts_taken=one.discounts_taken + other.discounts_taken,
        last_code_at=_most(one.last_code_at, other.last_code_at),
        shared=(*one.shared, *other.shared)[-MOST_SHARED:],
        engaged=engagement.together(one.engaged, other.engaged),
    )


def undoubled(profile: Profile, order_hashes: list[str]) -> Profile:
    """The profile of two people who were one, without counting these orders of both twice."""
    left = tuple(h for h in profile.shared if h not in order_hashes)
    orders = profile.orders - (len(profile.shared) - len(left))
    return replace(profile, orders=max(0, orders), shared=left)


# Built once: building a statement costs several times what running it does.
_PROFILE = select(customers.c.profile_sealed).where(customers.c.id == bindparam("customer"))
_ADDRESSES = (
    select(identifiers)
    .where(
        identifiers.c.customer_id == bindparam("customer"),
        identifiers.c.kind.in_(sorted(_CHANNEL_OF)),
        identifiers.c.quarantined_at.is_(None),
    )
    .order_by(identifiers.c.first_seen_at, identifiers.c.value_hash)
)


def load(conn: Connection, vault: Vault, customer_id: str) -> Profile:
    """A person's profile; an empty one where nothing has been stated."""
    sealed = conn.execute(_PROFILE, {"customer": customer_id}).scalar()
    if sealed is None:
        return Profile()
    return of_json(vault.open_json(LABEL, sealed))


def of_json(body: Mapping[str, Any]) -> Profile:
    """A profile from what `dataclasses.asdict` made of it; one from before has no answers."""
    tuples = {name: tuple(hours) for name, hours in body.get("engaged", {}).items()}
    return Profile(
        **{
            **body,
            "traits": {name: Trait(**trait) for name, trait in body["traits"].items()},
            "shared": tuple(body["shared"]),
            "engaged": tuples,
        }
    )


def save(
    conn: Connection, vault: Vault, customer_id: str, profile: Profile, *, now_us: int
) -> None:
    """Write a person's profile."""
    conn.execute(
        update(customers)
        .where(customers.c.id == customer_id)
        .values(
            profile_sealed=vault.seal_json(customer_id, LABEL, asdict(profile)), updated_at=now_us
        )
    )


def addresses_of(conn: Connection, vault: Vault, customer_id: str) -> dict[str, str]:
    """Where this person can be reached, by channel; of several addresses the newest.

    None that is in quarantine: it may be anybody's.
    """
    return {
        channel: vault.open("identifiers.value", row.value_sealed).decode()
        for channel, row in _newest_addresses(conn, customer_id).items()
    }


def address_hashes_of(conn: Connection, customer_id: str) -> dict[str, str]:
    """The hashes of the addresses that `addresses_of` answers."""
    newest = _newest_addresses(conn, customer_id)
    return {channel: str(row.value_hash) for channel, row in newest.items()}


def candidate_zones(profile: Profile, phone: str | None) -> tuple[str, ...]:
    """Every zone this person could be in: the stated one, their number's, their address's.

    The address adds nothing to a stated zone that lies in its country. () where nothing is known.
    """
    stated = profile.stated_zone
    address = profile.places
    within = stated is not None and stated in zones_by_country().get(
        address[0] if address else "", ()
    )
    found = [stated] if stated else []
    lived_in = () if within else zones_of_places(address)
    return tuple(dict.fromkeys([*found, *zones_of_phone(phone), *lived_in]))


def candidate_places(profile: Profile, phone: str | None) -> tuple[str, ...]:
    """Countries and regions that are known of this person: their address's, their number's."""
    country = country_of_phone(phone)
    return tuple(dict.fromkeys([*profile.places, *([country] if country else [])]))


def _newest_addresses(conn: Connection, customer_id: str) -> dict[str, Row[Any]]:
    rows = conn.execute(_ADDRESSES, {"customer": customer_id})
    return {_CHANNEL_OF[row.kind]: row for row in rows}


def _with_revenue(profile: Profile, minor: int | None, currency: str | None) -> Profile:
    known = currency in profile.revenue or len(profile.revenue) < _MOST_CURRENCIES
    if minor is None or currency is None or not known:
        return replace(profile, unpriced=profile.unpriced + 1)
    revenue = {**profile.revenue, currency: profile.revenue.get(currency, 0) + minor}
    return replace(profile, revenue=revenue)


def _least(a: int | None, b: int | None) -> int | None:
    known = [x for x in (a, b) if x is not None]
    return min(known) if known else None


def _most(a: int | None, b: int | None) -> int | None:
    known = [x for x in (a, b) if x is not None]
    return max(known) if known else None
