"""Limits that are data, not conditions: quiet hours and budgets. Caps have a file of their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from policies.facts import LEARNED, MONEY, Fact, FactType
from policies.problems import did_you_mean
from policies.scope import CONTACT, OFFER, Scope, check_known, read_scope
from policies.source import Source
from policies.windows import Window, read_window

NOW: Final = "now_us"
ZONES: Final = "customer.zones"
USEFUL: Final = "action.useful_minutes"
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")


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

    `charges` is the fact that says what a call costs.
    """

    id: str
    limit_minor: int
    window: Window
    charges: str
    because: str
    line: int

    @property
    def fact(self) -> str:
        """The fact that holds what is left of the budget."""
        return f"budget.{self.id}.left_minor"


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
        node, "a budget", needs=("id", "limit_minor", "window", "charges", "because")
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
    window = read_window(source, keys["window"])
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
    because = source.string(keys["because"], "because:")
    if None in (name, limit, window, charges, because, charged):
        return None
    line = source.line(keys["id"])
    return Budget(str(name), limit or 0, window or Window("calendar"), str(charges),
                  str(because), line)  # fmt: skip


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
