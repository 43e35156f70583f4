"""`quiet_hours:` of a pack: one window or a list of them, and over how long the rush is spread."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node, SequenceNode

from policies.facts import Fact, FactType
from policies.limits import NOW, USEFUL, ZONES
from policies.local_days import EVERY_DAY, WEEKDAYS
from policies.obligations import clock
from policies.quiet import Hours
from policies.scope import CONTACT, Scope, check_known, read_scope
from policies.source import Source

QUIET_ID: Final = "quiet_hours"
#: Over so many minutes after the quiet hours messages leave, where a pack does not say.
SPREAD_MINUTES: Final = 15
MOST_SPREAD_MINUTES: Final = 120
DAY_MINUTES: Final = 1440
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No contact that `obeys` while a clock of the customer shows one of these hours."""

    id: str
    hours: Hours
    obeys: Scope
    because: str
    line: int


def read_quiet_hours(
    source: Source, node: Node, facts: Mapping[str, Fact]
) -> tuple[tuple[QuietHours, ...], int]:
    """Read `quiet_hours:`: every window, and the minutes over which messages leave afterwards."""
    require_clock_facts(source, node, facts, QUIET_ID)
    members = list(node.value) if isinstance(node, SequenceNode) else [node]
    if not members:
        source.say(node, f"{QUIET_ID}: is empty")
    found: list[QuietHours] = []
    spread: int | None = None
    unnamed = False
    for member in members:
        keys = source.mapping(
            member, QUIET_ID, needs=("from", "to", "obeys", "because"),
            may=("id", "days", "spread_minutes"),
        )  # fmt: skip
        if keys is None:
            continue
        if "spread_minutes" in keys:
            said = _spread(source, keys["spread_minutes"])
            if spread is not None:
                source.say(keys["spread_minutes"], "spread_minutes: is said once, for all windows")
            spread = said if spread is None else spread
        window = _window(source, keys, facts)
        if "id" not in keys and unnamed:
            source.say(member, "another of the quiet_hours has no id: either; give this one an id:")
        unnamed = unnamed or "id" not in keys
        found += [window] if window else []
    return tuple(found), SPREAD_MINUTES if spread is None else spread


def _window(source: Source, keys: Mapping[str, Node], facts: Mapping[str, Fact]) -> (
    QuietHours | None
):  # fmt: skip
    name = source.identifier(keys["id"], within=QUIET_ID) if "id" in keys else ""
    hours = read_hours(source, keys)
    obeys = read_scope(source, keys["obeys"], "obeys:", facts)
    check_known(source, keys["obeys"], (NOW, ZONES), facts, on=(CONTACT,), obeys=obeys)
    because = source.string(keys["because"], "because:")
    if name is None or hours is None or because is None:
        return None
    full = f"{QUIET_ID}.{name}" if name else QUIET_ID
    return QuietHours(full, hours, obeys, because, source.line(keys["from"]))


def read_hours(
    source: Source,
    keys: Mapping[str, Node],
    *,
    holidays: tuple[str, ...] = (),
    since: int | None = None,
) -> Hours | None:
    """Read `from:`, `to:` and `days:`. With `holidays` these are days too, beside any `days:`."""
    start, end = read_clock(source, keys["from"], "from:"), _end(source, keys["to"])
    days = EVERY_DAY
    if "days" in keys:
        days = sum(
            1 << WEEKDAYS.index(day) for day in source.words(keys["days"], "days:", WEEKDAYS)
        )
    elif holidays:
        days = 0
    if start is None or end is None:
        return None
    if start == end:
        source.say(keys["to"], "from: and to: are the same time: that would be no hour or all")
        return None
    if since is None:
        return Hours(start, end, days, holidays)
    return Hours(start, end, days, holidays, since)


def read_clock(source: Source, node: Node, what: str) -> int | None:
    """A local time such as 08:00 as a minute of the day."""
    text = source.string(node, what)
    if text is None:
        return None
    match = _CLOCK.match(text)
    if match is None:
        source.say(node, f"'{text}' is not a local time such as \"08:00\"")
        return None
    return int(match[1]) * 60 + int(match[2])


def require_clock_facts(source: Source, node: Node, facts: Mapping[str, Fact], what: str) -> None:
    """Note a problem for each fact that deferring a message needs and the pack lacks."""
    for name, kind in ((NOW, FactType.INSTANT), (ZONES, FactType.ZONES), (USEFUL, FactType.INT)):
        fact = facts.get(name)
        if fact is None or fact.type is not kind or CONTACT not in fact.kinds:
            source.say(node, f"{what} needs the fact '{name}' ({kind}) declared for {CONTACT}")
        elif name != ZONES and fact.when:
            source.say(node, f"{what} needs the fact '{name}' of every contact, without when:")


def said_hours(hours: Hours) -> str:
    """The window in words: `local time in [21:00, 08:00) on sat, sun`."""
    days = [name for bit, name in enumerate(WEEKDAYS) if hours.days >> bit & 1]
    if hours.holidays:
        days = [*(days if len(days) < len(WEEKDAYS) else ["every day"]), "holidays"]
    on = f" on {', '.join(days)}" if hours.holidays or len(days) < len(WEEKDAYS) else ""
    return f"local time in [{clock(hours.start)}, {clock(hours.end)}){on}"


def _end(source: Source, node: Node) -> int | None:
    """As `read_clock`, and 24:00 for the end of the day."""
    if str(node.value) == "24:00" and source.string(node, "to:"):
        return DAY_MINUTES
    return read_clock(source, node, "to:")


def _spread(source: Source, node: Node) -> int | None:
    minutes = source.integer(node, "spread_minutes:")
    if minutes is not None and not 0 <= minutes <= MOST_SPREAD_MINUTES:
        source.say(node, f"spread_minutes: is 0 to {MOST_SPREAD_MINUTES}")
        return None
    return minutes
