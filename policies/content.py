"""What a pack says, read and checked: what the compiler works from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policies.conditions import ParamValue
from policies.facts import Fact
from policies.invariants import Invariant
from policies.limits import Budget, Cap, QuietHours
from policies.rules import Rule
from policies.source import RESERVED
from policies.tables import Table
from policies.zones import RELEASE

ENGINE: Final = f"gate/1 tzdata/{RELEASE}"
QUIET_ID: Final = "quiet_hours"
CANNOT_BE_MET: Final = "cannot_be_met"
OVERRIDE_OF_HARD: Final = "override_of_hard"


@dataclass(frozen=True, slots=True)
class Content:
    """Every part of one pack. Ids are unique throughout."""

    name: str
    version: int
    sha256: str
    currency: str
    facts: Mapping[str, Fact]
    params: Mapping[str, ParamValue]
    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]
    caps: tuple[Cap, ...]
    quiet: QuietHours | None
    budgets: tuple[Budget, ...]
    invariants: tuple[Invariant, ...] = ()

    def facts_for(self, kind: str) -> dict[str, Fact]:
        """The facts declared for a kind of action, by name in alphabetical order."""
        return {name: self.facts[name] for name in sorted(self.facts)
                if kind in self.facts[name].kinds}  # fmt: skip

    def not_liftable(self) -> frozenset[str]:
        """Ids of everything that an override must not name."""
        ids = {rule.id for rule in self.rules if rule.strength != "soft"}
        ids |= {cap.id for cap in self.caps} | {budget.id for budget in self.budgets}
        ids |= RESERVED | {"autonomy.unmatched"}
        for table in self.tables:
            ids |= {table.id, f"{table.id}.unmatched"}
            ids |= {f"{table.id}.{row.id}" for row in table.rows}
        return frozenset(ids)
