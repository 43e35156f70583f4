"""What a check of a pack found: findings, the invariants that hold, and what can be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from policies.proofs.cases import Case
from policies.verdict import Outcome

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, where it stands, and a case that shows it where there is one.

    Only an `error` stops a pack: an invariant that does not hold, or that could not be proved.
    """

    file: str
    line: int
    col: int
    severity: Severity
    about: str
    text: str
    case: Case | None = None

    def __str__(self) -> str:
        """Give the finding as `FILE:LINE:COL: text`."""
        return f"{self.file}:{self.line}:{self.col}: {self.text}"


@dataclass(frozen=True, slots=True)
class Held:
    """An invariant that was proved for every case there could be."""

    id: str
    because: str
    on: tuple[str, ...]
    at_least: Outcome


@dataclass(frozen=True, slots=True)
class Reach:
    """The answers that calls of one kind can get, by autonomy and class where they have these.

    `told` is False where some answer could not be settled in time.
    """

    kind: str
    autonomy: str | None
    message_class: str | None
    outcomes: tuple[Outcome, ...]
    told: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one check found. Only where it `finished` is silence a proof."""

    findings: tuple[Finding, ...]
    held: tuple[Held, ...]
    reach: tuple[Reach, ...]
    questions: int
    finished: bool

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What must not be published."""
        return tuple(one for one in self.findings if one.severity == "error")
