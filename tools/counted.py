"""What caps count: the contacts that hold their place, and the offers that were not taken back.

Read as far back as the pack's caps look. Each with the goal that it served and the matter that it
was about (one cart, one flight), whichever journey it belonged to: a merged person has two journeys
about one flight, and it is still one flight.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from policies.caps import Cap
from policies.pack import Pack
from policies.scope import OFFER
from store import ledger
from store.schema import effects, journeys, offers
from tools.instants import DAY_US

#: Contacts are read back so far at least; a cap with a longer window reads back as far as it needs.
_CONTACTS_BACK_US = 31 * DAY_US
_LONGEST_UNIT_DAYS = {"day": 2, "week": 8, "month": 32, "year": 367}


@dataclass(frozen=True, slots=True)
class PastContact:
    """A contact that counts: sent, or queued and holding its place. `at`: when it reaches them.

    `goal` and `matter` are None where they are not known.
    """

    effect_id: str
    channel: str
    message_class: str
    purpose: str
    at: int
    journey_id: str
    status: str
    goal: str | None = None
    matter: str | None = None

    @property
    def traits(self) -> dict[str, str | None]:
        """What a cap may tell contacts apart by."""
        return {
            "class": self.message_class,
            "purpose": self.purpose,
            "channel": self.channel,
            "goal": self.goal,
        }


@dataclass(frozen=True, slots=True)
class PastOffer:
    """An offer that was given and not taken back, whether or not it was used."""

    offer_id: str
    at: int
    journey_id: str
    purpose: str | None = None
    goal: str | None = None
    matter: str | None = None

    @property
    def traits(self) -> dict[str, str | None]:
        """What a cap may tell offers apart by."""
        return {"purpose": self.purpose, "goal": self.goal}


# Built once: building a statement costs several times what running it does.
_GIVEN = (
    select(
        offers.c.id,
        offers.c.created_at,
        offers.c.journey_id,
        effects.c.purpose,
        journeys.c.goal,
        journeys.c.subject_hash,
    )
    .outerjoin(effects, effects.c.id == offers.c.effect_id)
    .outerjoin(journeys, journeys.c.id == offers.c.journey_id)
    .where(
        offers.c.customer_id == bindparam("customer"),
        offers.c.created_at > bindparam("since"),
        offers.c.status != "void",
    )
    .order_by(offers.c.id)
)
_MATTERS = select(journeys.c.id, journeys.c.subject_hash).where(
    journeys.c.customer_id == bindparam("customer"), journeys.c.status == "open"
)


def contacts(
    conn: Connection, customer_id: str, pack: Pack, now_us: int, *, without: frozenset[str]
) -> tuple[PastContact, ...]:
    """The person's contacts that caps count, those of the effects `without` left out."""
    mine = [cap for cap in pack.caps if cap.on != OFFER]
    rows = ledger.contacts_since(conn, customer_id, _since(mine, now_us))
    return tuple(
        PastContact(
            effect_id=row.effect_id,
            channel=row.channel,
            message_class=row._mapping["class"],
            purpose=row.purpose,
            at=row.at,
            journey_id=row.journey_id or "",
            status=row.status or "sent",
            goal=row.goal,
            matter=row.subject_hash,
        )
        for row in rows
        if row.effect_id not in without
    )


def given(
    conn: Connection, customer_id: str, pack: Pack, now_us: int
) -> tuple[PastOffer, ...] | None:
    """The person's offers that caps count; None where the pack has no cap on offers."""
    mine = [cap for cap in pack.caps if cap.on == OFFER]
    if not mine:
        return None
    rows = conn.execute(_GIVEN, {"customer": customer_id, "since": _since(mine, now_us)})
    return tuple(
        PastOffer(row.id, row.created_at, row.journey_id, row.purpose, row.goal, row.subject_hash)
        for row in rows
    )


def matters(conn: Connection, customer_id: str, pack: Pack) -> dict[str, str]:
    """What each open journey of the person is about, where the pack has a cap that asks."""
    if not any(cap.per == "journey" for cap in pack.caps):
        return {}
    rows = conn.execute(_MATTERS, {"customer": customer_id})
    return {row.id: row.subject_hash for row in rows}


def contacts_count_for_us(packs: Iterable[Pack]) -> int | None:
    """How far back any of these packs counts contacts, in microseconds; None: without an end."""
    return _back_us(cap for pack in packs for cap in pack.caps if cap.on != OFFER)


def _since(caps: Iterable[Cap], now_us: int) -> int:
    """The instant after which these caps count; a window without an end counts everything."""
    back_us = _back_us(caps)
    return -1 if back_us is None else now_us - back_us


def _back_us(caps: Iterable[Cap]) -> int | None:
    furthest = _CONTACTS_BACK_US
    for cap in caps:
        if cap.window.kind == "ever":
            return None
        calendar_us = _LONGEST_UNIT_DAYS.get(cap.window.unit, 0) * DAY_US
        furthest = max(furthest, cap.window.duration_us, calendar_us)
    return furthest
