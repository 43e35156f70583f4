"""How much of each cap a person has used, seen from the instant a message would arrive.

Everything that holds its place counts: sent, being handed over, queued. A rolling window is the
time right before the arrival, and whatever is queued after it counts too, so that no window that
holds this message holds too many. A calendar window is the customer's own; where several zones are
possible, the one in which most is used. What reached them exactly one window ago no longer counts.
What is not known of a contact or an offer cannot leave it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from policies.caps import MAX_USED, Cap
from policies.scope import CONTACT, OFFER, Scope
from policies.windows import Window
from tools.counted import PastContact, PastOffer
from tools.instants import local_date
from tools.picture import Picture
from tools.tool import FactValue, Setting


def contact_cap_facts(
    picture: Picture, setting: Setting, *, channel: str, purpose: str, arrives_at: int
) -> dict[str, FactValue]:
    """The facts `cap.ID.used` for a message on this channel that arrives at that instant."""
    facts: dict[str, FactValue] = {}
    for cap in setting.pack.caps:
        if cap.on == CONTACT:
            counted = contact_times(cap, picture, setting, channel, purpose)
            facts[cap.fact] = _fact(cap, counted, picture, arrives_at)
    return facts


def offer_cap_facts(picture: Picture, setting: Setting) -> dict[str, FactValue]:
    """The facts `cap.ID.used` for an offer that is made now; none where nobody has counted."""
    facts: dict[str, FactValue] = {}
    for cap in setting.pack.caps:
        counted = offer_times(cap, picture, setting) if cap.on == OFFER else None
        if counted is not None:
            facts[cap.fact] = _fact(cap, counted, picture, picture.now_us)
    return facts


def contact_times(
    cap: Cap, picture: Picture, setting: Setting, channel: str, purpose: str
) -> list[int]:
    """When the contacts arrived, or will, that stand in one count with such a message."""
    call = {"channel": channel, "purpose": purpose, "goal": setting.goal}
    matter = picture.matters.get(setting.journey_id)
    return times(cap, picture.contacts, call, journey_id=setting.journey_id, matter=matter)


def offer_times(cap: Cap, picture: Picture, setting: Setting) -> list[int] | None:
    """When the offers were made that stand in one count with one of now; None: nobody knows."""
    if picture.given is None:
        return None
    call = {"purpose": setting.agent.purpose, "goal": setting.goal}
    matter = picture.matters.get(setting.journey_id)
    return times(cap, picture.given, call, journey_id=setting.journey_id, matter=matter)


def used(window: Window, counted: Iterable[int], at: int, zones: Iterable[str]) -> int:
    """How many of these are in the window of what arrives at that instant."""
    if window.kind == "ever":
        return sum(1 for _ in counted)
    if window.kind == "rolling":
        return sum(one > at - window.duration_us for one in counted)
    listed = list(counted)
    return max(
        sum(same_unit(window.unit, local_date(one, z), local_date(at, z)) for one in listed)
        for z in tuple(zones) or ("Etc/UTC",)
    )


def same_unit(unit: str, one: date, other: date) -> bool:
    """Whether two days are in the same day, ISO week, month or year."""
    if unit == "week":
        return one.isocalendar()[:2] == other.isocalendar()[:2]
    if unit == "month":
        return (one.year, one.month) == (other.year, other.month)
    if unit == "year":
        return one.year == other.year
    return one == other


def _fact(cap: Cap, counted: list[int], picture: Picture, at: int) -> int:
    return min(MAX_USED, used(cap.window, counted, at, picture.zones))


def times(
    cap: Cap,
    past: Iterable[PastContact | PastOffer],
    call: Mapping[str, str],
    *,
    journey_id: str,
    matter: str | None,
) -> list[int]:
    """When those of the past arrived, or will, that stand in one count with a call.

    `call`: its channel, purpose and goal; `matter`: what its journey is about, where it is known.
    """

    def together(one: PastContact | PastOffer) -> bool:
        """Whether it stands in one count with the call; unless it is known not to, it does."""
        if cap.per == "person":
            return True
        if cap.per == "journey":
            same = one.journey_id == journey_id
            return same or matter is None or one.matter in (None, matter)
        return one.traits.get(cap.per) in (None, call.get(cap.per))

    return [one.at for one in past if _in(cap.counts, one.traits) and together(one)]


def _in(scope: Scope, traits: Mapping[str, str | None]) -> bool:
    """Whether a scope takes it in, as far as it is known."""
    return all(traits.get(key) is None or traits[key] in words for key, words in scope.items())
