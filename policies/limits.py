"""Limits of money: budgets. Caps and quiet hours have files of their own."""

from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node

from policies.facts import LEARNED, MONEY, Fact, FactType
from policies.problems import did_you_mean, words
from policies.scope import OFFER
from policies.source import Source
from policies.windows import Window, read_window

NOW: Final = "now_us"
ZONES: Final = "customer.zones"
USEFUL: Final = "action.useful_minutes"
_OVER: Final = ("deny", "approval")


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
    over = source.string(keys["over"], "over:") if "over" in keys else "deny"
    if over not in (None, *_OVER):
        source.say(keys["over"], f"over: is one of {words(_OVER)}{did_you_mean(str(over), _OVER)}")
    because = source.string(keys["because"], "because:")
    if None in (name, limit, window, charges, because, charged):
        return None
    line = source.line(keys["id"])
    return Budget(str(name), limit or 0, window or Window("calendar"), str(charges),
                  str(because), line, over == "approval")  # fmt: skip
