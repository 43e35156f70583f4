"""Limits that are data, not conditions: contact caps, quiet hours, budgets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ruamel.yaml.nodes import Node

from policies.facts import LEARNED, MONEY, Fact, FactType
from policies.problems import did_you_mean, words
from policies.scope import CONTACT, Scope, check_known, read_scope
from policies.source import Source

OFFER: Final = "offer"
NOW: Final = "now_us"
ZONES: Final = "customer.zones"
USEFUL: Final = "action.useful_minutes"
MAX_USED: Final = 1_000_000
MAX_WINDOW_DAYS: Final = 3660
_DURATION = re.compile(
    r"P(?:([0-9]{1,4})W)?(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?)?\Z"
)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_UNITS: Final = ("day", "week", "month", "year")
_OVER: Final = ("deny", "approval")


@dataclass(frozen=True, slots=True)
class Window:
    """`rolling`: the last `duration_us`; `calendar`: the customer's `unit` that is now."""

    kind: Literal["rolling", "calendar"]
    duration_us: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `max` contacts within `window`, counted `per` person or per channel.

    `obeys` says which contacts are held to the cap, `counts` which are counted: the same ones if
    the pack does not say. How many there are, reservations included, is the fact `cap.ID.used`.
    """

    id: str
    max: int
    window: Window
    per: Literal["person", "channel"]
    counts: Scope
    obeys: Scope
    because: str
    line: int

    @property
    def fact(self) -> str:
        """The fact that holds how much of the cap is used."""
        return f"cap.{self.id}.used"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No contact that `obeys` while a clock of the customer shows [start, end) minutes."""

    start: int
    end: int
    obeys: Scope
    because: str
    line: int


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit_minor` a calendar month in UTC, the same month for everybody.

    `charges` is the fact that says what a call costs. `signed`: a call over the budget is not
    denied but put before an approver, whose signature raises the month's budget by what is missing.
    """

    id: str
    limit_minor: int
    window: Window
    charges: str
    because: str
    line: int
    signed: bool = False

    @property
    def fact(self) -> str:
        """The fact that holds what is left of the budget."""
        return f"budget.{self.id}.left_minor"


def read_cap(source: Source, node: Node, facts: dict[str, Fact]) -> Cap | None:
    """Read one member of `caps:` and declare its fact."""
    keys = source.mapping(
        node, "a cap", needs=("id", "max", "window", "per", "obeys", "because"), may=("counts",)
    )
    if keys is None:
        return None
    name = source.identifier(keys["id"])
    obeys = read_scope(source, keys["obeys"], "obeys:", facts)
    counts = read_scope(source, keys["counts"], "counts:", facts) if "counts" in keys else obeys
    if name is not None:
        fact = Fact(f"cap.{name}.used", FactType.INT, (CONTACT,), 0, MAX_USED, when=obeys)
        facts[fact.name] = fact
    most = source.integer(keys["max"], "max:")
    if most is not None and not 0 <= most < MAX_USED:
        source.say(keys["max"], f"max: is 0 to {MAX_USED - 1}")
        most = None
    window = _window(source, keys["window"])
    per = source.string(keys["per"], "per:")
    if per not in ("person", "channel"):
        if per is not None:
            source.say(keys["per"], f"per: is person or channel, not '{per}'")
        return None
    because = source.string(keys["because"], "because:")
    if name is None or most is None or window is None or because is None:
        return None
    line = source.line(keys["id"])
    return Cap(name, most, window, "person" if per == "person" else "channel",
               counts, obeys, because, line)  # fmt: skip


def read_quiet(source: Source, node: Node, facts: Mapping[str, Fact]) -> QuietHours | None:
    """Read `quiet_hours:`."""
    keys = source.mapping(node, "quiet_hours", needs=("from", "to", "obeys", "because"))
    if keys is None:
        return None
    require_clock_facts(source, node, facts, "quiet_hours")
    start, end = read_clock(source, keys["from"], "from:"), read_clock(source, keys["to"], "to:")
    obeys = read_scope(source, keys["obeys"], "obeys:", facts)
    check_known(source, keys["obeys"], (NOW, ZONES), facts, on=(CONTACT,), obeys=obeys)
    because = source.string(keys["because"], "because:")
    if start is None or end is None or because is None:
        return None
    if start == end:
        source.say(keys["to"], "from: and to: are the same time: that would be no hour or all")
        return None
    return QuietHours(start, end, obeys, because, source.line(keys["from"]))


def read_budget(source: Source, node: Node, facts: dict[str, Fact]) -> Budget | None:
    """Read one member of `budgets:` and declare its fact."""
    keys = source.mapping(
        node, "a budget", needs=("id", "limit_minor", "window", "charges", "because"), may=("over",)
    )
    if keys is None:
        return None
    name = source.identifier(keys["id"])
    if name is not None:
        fact = Fact(f"budget.{name}.left_minor", FactType.INT, (OFFER,), -MONEY, MONEY)
        facts[fact.name] = fact
    limit = source.integer(keys["limit_minor"], "limit_minor:")
    if limit is not None and not 0 <= limit <= MONEY:
        source.say(keys["limit_minor"], f"limit_minor: is 0 to {MONEY}")
    window = _window(source, keys["window"])
    if window is not None and (window.kind, window.unit) != ("calendar", "month"):
        source.say(keys["window"], "a budget is counted by {calendar: month}")
    charges = source.string(keys["charges"], "charges:")
    charged = facts.get(charges or "")
    if charges and charged is None:
        source.say(keys["charges"], f"unknown fact '{charges}'{did_you_mean(charges, facts)}")
    elif charged and (charged.type is not FactType.INT or OFFER not in charged.kinds):
        source.say(keys["charges"], f"'{charges}' must be a number declared for {OFFER}")
    elif charged and charged.name.startswith(LEARNED):
        source.say(keys["charges"], f"'{charges}' is learned; only soft rules may read it")
    over = source.string(keys["over"], "over:") if "over" in keys else "deny"
    if over not in (None, *_OVER):
        source.say(keys["over"], f"over: is one of {words(_OVER)}{did_you_mean(str(over), _OVER)}")
    because = source.string(keys["because"], "because:")
    if None in (name, limit, window, charges, because, charged):
        return None
    line = source.line(keys["id"])
    return Budget(str(name), limit or 0, window or Window("calendar"), str(charges),
                  str(because), line, over == "approval")  # fmt: skip


def require_clock_facts(source: Source, node: Node, facts: Mapping[str, Fact], what: str) -> None:
    """Note a problem for each fact that deferring a message needs and the pack lacks."""
    for name, kind in ((NOW, FactType.INSTANT), (ZONES, FactType.ZONES), (USEFUL, FactType.INT)):
        fact = facts.get(name)
        if fact is None or fact.type is not kind or CONTACT not in fact.kinds:
            source.say(node, f"{what} needs the fact '{name}' ({kind}) declared for {CONTACT}")
        elif name != ZONES and fact.when:
            source.say(node, f"{what} needs the fact '{name}' of every contact, without when:")


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


def read_duration(source: Source, node: Node, what: str) -> int | None:
    """A duration such as P7D or PT24H in microseconds."""
    text = source.string(node, what)
    if text is None:
        return None
    match = _DURATION.match(text)
    weeks, days, hours, minutes = (int(part or 0) for part in (match.groups() if match else "0000"))
    total = ((weeks * 7 + days) * 1440 + hours * 60 + minutes) * 60_000_000
    if not total:
        source.say(node, f"'{text}' is not a duration such as P7D or PT24H")
        return None
    return total


def _window(source: Source, node: Node) -> Window | None:
    keys = source.mapping(node, "window:", may=("rolling", "calendar"))
    if keys is None:
        return None
    if len(keys) != 1:
        source.say(node, "window: is {rolling: P7D} or {calendar: day}")
        return None
    if "calendar" in keys:
        unit = source.string(keys["calendar"], "calendar:")
        if unit in _UNITS:
            return Window("calendar", unit=unit)
        if unit is None:
            return None
        hint = did_you_mean(unit, _UNITS)
        source.say(keys["calendar"], f"calendar: is one of {words(_UNITS)}, not '{unit}'{hint}")
        return None
    total = read_duration(source, keys["rolling"], "rolling:")
    if total is None:
        return None
    if total > MAX_WINDOW_DAYS * 86_400_000_000:
        source.say(keys["rolling"], f"a window is at most {MAX_WINDOW_DAYS} days long")
        return None
    return Window("rolling", duration_us=total)
