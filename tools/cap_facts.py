"""How much of each contact cap a person has used, seen from the instant a message would arrive.

Everything that holds its place counts: sent, being handed over, queued. A rolling window is the
time right before the arrival, and whatever is queued after it counts too, so that no window that
holds this message holds too many. A calendar window is the customer's own; where several zones are
possible, the one in which most is used. What reached them exactly one window ago no longer counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from policies.limits import MAX_USED, Cap, Window
from tools.instants import local_date
from tools.picture import PastContact, Picture
from tools.tool import FactValue, Setting


def cap_facts(
    picture: Picture, setting: Setting, *, channel: str, arrives_at: int
) -> dict[str, FactValue]:
    """The facts `cap.ID.used` for a message on this channel that arrives at that instant."""
    return {
        cap.fact: used(
            cap, picture.contacts, channel=channel, arrives_at=arrives_at, zones=picture.zones
        )
        for cap in setting.pack.caps
    }


def used(
    cap: Cap,
    contacts: Iterable[PastContact],
    *,
    channel: str,
    arrives_at: int,
    zones: Iterable[str],
) -> int:
    """How much of one cap these contacts use, for a message that arrives at that instant."""
    counted = [
        contact.at
        for contact in contacts
        if _counts(contact, cap) and (cap.per == "person" or contact.channel == channel)
    ]
    return min(MAX_USED, _used(cap.window, counted, arrives_at, zones))


def _used(window: Window, counted: list[int], arrives_at: int, zones: Iterable[str]) -> int:
    if window.kind == "rolling":
        return sum(at > arrives_at - window.duration_us for at in counted)
    return max(
        sum(_same(window.unit, local_date(at, z), local_date(arrives_at, z)) for at in counted)
        for z in tuple(zones) or ("Etc/UTC",)
    )


def _same(unit: str, one: date, other: date) -> bool:
    """Whether two days are in the same day, ISO week, month or year."""
    if unit == "week":
        return one.isocalendar()[:2] == other.isocalendar()[:2]
    if unit == "month":
        return (one.year, one.month) == (other.year, other.month)
    if unit == "year":
        return one.year == other.year
    return one == other


def _counts(contact: PastContact, cap: Cap) -> bool:
    """Whether a contact counts. What the ledger does not tell of it cannot leave it out."""
    seen = {
        "class": contact.message_class,
        "purpose": contact.purpose,
        "channel": contact.channel,
    }
    return all(seen[key] in values for key, values in cap.counts.items() if key in seen)
