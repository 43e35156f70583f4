"""What a pack says, read and checked: what the compiler works from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.approvals import Approvals
from policies.arbitration import Arbitration
from policies.caps import Cap
from policies.facts import Fact
from policies.invariants import Invariant
from policies.jurisdictions import Jurisdiction
from policies.limits import Budget
from policies.params import ParamValue
from policies.quiet_hours import QuietHours
from policies.rules import Rule
from policies.source import RESERVED
from policies.tables import Table
from policies.zones import RELEASE

ENGINE: Final = f"gate/2 tzdata/{RELEASE}"
CANNOT_BE_MET: Final = "cannot_be_met"
OVERRIDE_OF_HARD: Final = "override_of_hard"


@dataclass(frozen=True, slots=True)
class Text:
    """One of the texts that a pack is made of."""

    name: str
    version: int
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """Every part of one pack, of all its layers. Ids are unique throughout.

    `sha256` is the digest of every text it was read from, `texts`, the lowest first. `files` says
    in which each rule stands. `goals`: those this pack decides, where it is not the one for all.
    `spread_minutes`: how long after it may leave a message that was put off leaves at the latest.
    """

    name: str
    version: int
    sha256: str
    currency: str
    facts: Mapping[str, Fact]
    params: Mapping[str, ParamValue]
    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]
    caps: tuple[Cap, ...]
    quiet: tuple[QuietHours, ...]
    spread_minutes: int
    laws: tuple[Jurisdiction, ...]
    budgets: tuple[Budget, ...]
    goals: tuple[str, ...]
    four_eyes: bool
    texts: tuple[Text, ...]
    files: Mapping[str, str]
    approvals: Approvals = field(default_factory=Approvals)
    arbitration: Arbitration = field(default_factory=Arbitration)
    invariants: tuple[Invariant, ...] = ()

    def facts_for(self, kind: str) -> dict[str, Fact]:
        """The facts declared for a kind of action, by name in alphabetical order."""
        return {name: self.facts[name] for name in sorted(self.facts)
                if kind in self.facts[name].kinds}  # fmt: skip

    def not_liftable(self) -> frozenset[str]:
        """Ids of everything that an override must not name."""
        ids = {rule.id for rule in self.rules if rule.strength != "soft"}
        ids |= {cap.id for cap in self.caps} | {budget.id for budget in self.budgets}
        ids |= {quiet.id for quiet in self.quiet} | {law.rule for law in self.laws}
        ids |= RESERVED | {"autonomy.unmatched"}
        for table in self.tables:
            ids |= {table.id, f"{table.id}.unmatched"}
            ids |= {f"{table.id}.{row.id}" for row in table.rows}
        return frozenset(ids)
