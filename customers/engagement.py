"""When and where somebody answers: counts by channel and hour of the day, in their own zone.

Counted are openings, clicks and replies that a channel reports. Bounded: 24 counters a channel. A
count tells a habit, never a consent, and never how much somebody wants to be written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

#: Segment's names for what a channel reports, and the channel.
EVENTS = {
    "Email Opened": "email",
    "Email Link Clicked": "email",
    "SMS Link Clicked": "sms",
    "WhatsApp Opened": "whatsapp",
    "WhatsApp Link Clicked": "whatsapp",
}
_HOURS = 24
#: So many answers are needed before one hour is called somebody's best.
LEAST = 5

Counts = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class BestHour:
    """The hour of the day, from 0, in which they answered most, of so many answers in all."""

    hour: int
    here: int
    all: int


def channel_of(event: str, properties: Mapping[str, Any]) -> str | None:
    """By which channel this event is an answer; None where it is none, or a machine's."""
    if properties.get("is_bot") is True or properties.get("machine_open") is True:
        return None
    if event == "Message Replied":
        stated = properties.get("channel")
        return stated if stated in ("email", "sms", "whatsapp") else None
    return EVENTS.get(event)


def counted(
    counts: Counts, channel: str, *, at_us: int, zone: str | None
) -> dict[str, tuple[int, ...]]:
    """The counts after one more answer; `at_us` in UTC microseconds, hours by `zone` (else UTC)."""
    return _changed(counts, channel, at_us, zone, 1)


def taken_back(
    counts: Counts, channel: str, *, at_us: int, zone: str | None
) -> dict[str, tuple[int, ...]]:
    """The counts without an answer that turned out to be a machine's."""
    return _changed(counts, channel, at_us, zone, -1)


def _changed(
    counts: Counts, channel: str, at_us: int, zone: str | None, by: int
) -> dict[str, tuple[int, ...]]:
    moment = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    hour = moment.astimezone(ZoneInfo(zone)).hour if zone is not None else moment.hour
    before = counts.get(channel, (0,) * _HOURS)
    after = (*before[:hour], max(0, before[hour] + by), *before[hour + 1 :])
    left = {name: hours for name, hours in counts.items() if name != channel}
    return {**left, channel: after} if any(after) else left


def together(one: Counts, other: Counts) -> dict[str, tuple[int, ...]]:
    """Both counts added, as of two records that are one person's."""
    nothing = (0,) * _HOURS
    return {
        channel: tuple(
            a + b
            for a, b in zip(one.get(channel, nothing), other.get(channel, nothing), strict=True)
        )
        for channel in sorted(one.keys() | other.keys())
    }


def told(counts: Counts) -> list[dict[str, Any]]:
    """By channel: how often they answered, and the best hour of their day where there is one."""
    found = []
    for channel, hours in sorted(counts.items()):
        best = best_hour(counts, channel)
        hour = None if best is None else best.hour
        found.append({"channel": channel, "times": sum(hours), "best_hour": hour})
    return found


def best_hour(counts: Counts, channel: str, *, least: int = LEAST) -> BestHour | None:
    """Their best hour on a channel; None under `least` answers, or where two hours are alike."""
    by_hour = counts.get(channel, ())
    total = sum(by_hour)
    if total < least:
        return None
    most = max(by_hour)
    hours = [hour for hour, n in enumerate(by_hour) if n == most]
    return BestHour(hours[0], most, total) if len(hours) == 1 else None
