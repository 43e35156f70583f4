"""The profile: traits with their time, and figures derived from orders, bounded and order-proof.

An event that arrives late never undoes a newer one: each trait keeps the instant it was stated at. A
bomb of traits is cut off and counted. The figures are kept here, so that a decision costs the same for
ten orders as for a hundred thousand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select, update

from customers.zones import known_zone, zones_of_phone
from store.schema import customers, identifiers
from store.sealing import Vault

LABEL = "customers.profile"
MOST_TRAITS = 200
LONGEST_VALUE = 2_048
#: Lifetime revenue in minor units from which a segment begins. Cut points of the shipped shop, to be
#: replaced by a fitted lifetime value; a person without an order is `new`.
SEGMENTS = (("platinum", 80_000), ("gold", 30_000), ("silver", 10_000), ("bronze", 0))
_CHANNEL_OF = {"email": "email", "phone": "sms"}


@dataclass(frozen=True, slots=True)
class Trait:
    """One stated trait. `at` in microseconds; `source` says which kind of message stated it."""

    value: Any
    at: int
    source: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One person. Amounts in minor units, instants in microseconds."""

    traits: Mapping[str, Trait] = field(default_factory=dict)
    dropped: int = 0
    orders: int = 0
    revenue_minor: int = 0
    first_order_at: int | None = None
    last_order_at: int | None = None
    discounts_taken: int = 0
    last_code_at: int | None = None
    malformed: Mapping[str, str] = field(default_factory=dict)

    @property
    def segment(self) -> str:
        """Loyalty by lifetime revenue: platinum, gold, silver, bronze; new without an order."""
        if self.orders == 0:
            return "new"
        return next(name for name, least in SEGMENTS if self.revenue_minor >= least)

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
    def preferred_channel(self) -> str | None:
        """A channel they said they prefer."""
        value = self._text("preferredChannel") or self._text("preferred_channel")
        return value if value in ("email", "sms") else None

    def _text(self, name: str) -> str | None:
        trait = self.traits.get(name)
        return trait.value if trait is not None and isinstance(trait.value, str) else None


def with_traits(profile: Profile, traits: Mapping[str, Any], *, at: int, source: str) -> Profile:
    """The profile after these traits were stated at an instant. Order of arrival does not matter."""
    kept, dropped = dict(profile.traits), profile.dropped
    for name, value in sorted(traits.items()):
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        if len(text.encode()) > LONGEST_VALUE or len(name) > 200:
            dropped += 1
            continue
        old = kept.get(name)
        if old is None and len(kept) >= MOST_TRAITS:
            dropped += 1
            continue
        if old is None or (at, text) >= (
            old.at,
            json.dumps(old.value, sort_keys=True, ensure_ascii=False),
        ):
            kept[name] = Trait(value, at, source)
    malformed = dict(profile.malformed)
    stated = traits.get("timezone")
    if stated is not None:
        malformed.pop("timezone", None)
        if known_zone(stated) is None:
            malformed["timezone"] = "not the name of an IANA time zone"
    return replace(profile, traits=kept, dropped=dropped, malformed=malformed)


def with_order(profile: Profile, *, at: int, revenue_minor: int, coupon: bool) -> Profile:
    """The profile after one more order."""
    return replace(
        profile,
        orders=profile.orders + 1,
        revenue_minor=profile.revenue_minor + max(0, revenue_minor),
        first_order_at=min(at, profile.first_order_at or at),
        last_order_at=max(at, profile.last_order_at or at),
        discounts_taken=profile.discounts_taken + coupon,
        last_code_at=max(at, profile.last_code_at or at) if coupon else profile.last_code_at,
    )


def joined(one: Profile, other: Profile) -> Profile:
    """Two profiles that turned out to be one person: newer traits, figures added."""
    both = one
    for name, trait in other.traits.items():
        both = with_traits(both, {name: trait.value}, at=trait.at, source=trait.source)
    return replace(
        both,
        dropped=one.dropped + other.dropped,
        orders=one.orders + other.orders,
        revenue_minor=one.revenue_minor + other.revenue_minor,
        first_order_at=_least(one.first_order_at, other.first_order_at),
        last_order_at=_most(one.last_order_at, other.last_order_at),
        discounts_taken=one.discounts_taken + other.discounts_taken,
        last_code_at=_most(one.last_code_at, other.last_code_at),
        malformed={**other.malformed, **one.malformed},
    )


def load(conn: Connection, vault: Vault, customer_id: str) -> Profile:
    """A person's profile; an empty one where nothing has been stated."""
    sealed = conn.execute(
        select(customers.c.profile_sealed).where(customers.c.id == customer_id)
    ).scalar()
    if sealed is None:
        return Profile()
    body = vault.open_json(LABEL, sealed)
    body["traits"] = {name: Trait(**trait) for name, trait in body["traits"].items()}
    return Profile(**body)


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
    """Where this person can be reached, by channel; of several addresses the newest."""
    rows = conn.execute(
        select(identifiers)
        .where(
            identifiers.c.customer_id == customer_id,
            identifiers.c.kind.in_(sorted(_CHANNEL_OF)),
        )
        .order_by(identifiers.c.first_seen_at, identifiers.c.value_hash)
    )
    return {
        _CHANNEL_OF[row.kind]: vault.open("identifiers.value", row.value_sealed).decode()
        for row in rows
    }


def candidate_zones(profile: Profile, phone: str | None) -> tuple[str, ...]:
    """Every zone this person could be in: the stated one, and all of their number's. () if none."""
    found = [profile.stated_zone] if profile.stated_zone else []
    return tuple(dict.fromkeys([*found, *zones_of_phone(phone)]))


def _least(a: int | None, b: int | None) -> int | None:
    known = [x for x in (a, b) if x is not None]
    return min(known) if known else None


def _most(a: int | None, b: int | None) -> int | None:
    known = [x for x in (a, b) if x is not None]
    return max(known) if known else None
