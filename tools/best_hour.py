"""The hour that suits: a marketing contact may wait for the hour in which its person answers.

Never earlier than the gate lets it leave, never out of the hours that the gate allows, never after
the message is of use or its offer has ended, and never by more than the agent's file says
(`best_hour`). An hour that the person stated counts before one that was learned from their answers.
The same facts give the same moment, so that the plan, the claim and a look in between agree; once
its hour has come, a contact is not held for another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from customers import engagement
from customers.suppression import MARKETING
from policies.obligations import NOT_BEFORE_US
from policies.quiet import next_local
from policies.verdict import FactValue, Outcome, Verdict
from tools.instants import MINUTE_US, local_hour
from tools.messages import Send, offer_of, useful_until
from tools.picture import Picture
from tools.tool import Args, Setting, Tool

#: Within so much of the hour's beginning everybody has a moment of their own.
_SPREAD_US = 15 * MINUTE_US
_SECOND_US = 1_000_000
_BITS = 32
_SAID = {"email": "e-mails", "sms": "text messages", "whatsapp": "WhatsApp messages"}


@dataclass(frozen=True, slots=True)
class Hold:
    """Until when (microseconds) and why; the facts as they are then counted, and their verdict."""

    at: int
    because: str
    facts: dict[str, FactValue]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Hour:
    hour: int
    because: str


def hold_for_the_hour(
    picture: Picture,
    tool: Tool,
    args: Args,
    setting: Setting,
    *,
    facts: dict[str, FactValue],
    verdict: Verdict,
    overrides: dict[str, str],
    leaves_at: int | None,
) -> Hold | None:
    """The later moment of a contact that the gate has let through, or None: as it is.

    `leaves_at`: when it would leave; None: at once.
    """
    best = setting.agent.best_hour
    if best is None or not setting.waits_for_hour or not isinstance(args, Send):
        return None
    if verdict.outcome in (Outcome.DENY, Outcome.NEEDS_REASON):
        return None
    if facts.get("action.purpose") != MARKETING:
        return None
    zone = picture.profile.stated_zone
    suits = _hour_of(picture, tool.channel, best.at_least)
    first = picture.now_us if leaves_at is None else leaves_at
    if zone is None or zone not in picture.zones or suits is None:
        return None
    if local_hour(first, zone) == suits.hour:
        return None
    opens = next_local(first, (zone,), suits.hour * 60)
    at = opens + _moment(picture.customer_id, opens)
    offer = offer_of(picture, args)
    ends = useful_until(picture, args)
    if offer is not None:
        ends = min(ends, offer.expires_at)
    if at > first + best.within_us or at >= ends or local_hour(at, zone) != suits.hour:
        return None
    arriving = tool.facts_at(picture, args, setting, at)
    then = {
        **facts,
        **arriving,
        "now_us": at,
        "action.useful_minutes": (ends - at) // MINUTE_US,
    }
    kind, digest = tool.kind.value, verdict.call_digest
    there = setting.pack.decide(kind, then, call_digest=digest, overrides=overrides)
    if there.outcome.rank > verdict.outcome.rank or NOT_BEFORE_US in there.obligations:
        return None
    counted = {**facts, **arriving}
    here = setting.pack.decide(kind, counted, call_digest=digest, overrides=overrides)
    same = here.outcome is verdict.outcome and here.obligations == verdict.obligations
    return Hold(at, suits.because, counted, here) if same else None


def _hour_of(picture: Picture, channel: str, at_least: int) -> _Hour | None:
    stated = picture.profile.preferred_hour
    if stated is not None:
        return _Hour(stated, f"they said that {stated:02d}:00 is a good hour for them")
    learned = engagement.best_hour(picture.profile.engaged, channel, least=at_least)
    if learned is None:
        return None
    until = (learned.hour + 1) % 24
    because = (
        f"they answer {_SAID.get(channel, channel)} most often between {learned.hour:02d}:00 and "
        f"{until:02d}:00 ({learned.here} of {learned.all} answers)"
    )
    return _Hour(learned.hour, because)


def _moment(customer_id: str, opens: int) -> int:
    """This person's share of the first quarter of that hour, in whole seconds."""
    digest = sha256(f"{customer_id}\n{opens}".encode()).digest()
    share = int.from_bytes(digest[: _BITS // 8], "big")
    return (_SPREAD_US // _SECOND_US * share >> _BITS) * _SECOND_US
