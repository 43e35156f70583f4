"""What the gate answers: one verdict for one proposed call.

A verdict names every rule that fired, the facts each of them read, and what an allowed
call still owes. The same pack, facts and call give the same bytes, always.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

FactValue: TypeAlias = bool | int | str | tuple[str, ...]


class Outcome(StrEnum):
    """The five answers, from the mildest to the strictest."""

    ALLOW = "allow"
    NEEDS_REASON = "needs_reason"
    REVIEW = "review"
    APPROVAL = "approval"
    DENY = "deny"

    @property
    def rank(self) -> int:
        """0 (allow) to 4 (deny); the highest rank among the fired rules wins."""
        return _RANKS[self]


_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}


class FiredKind(StrEnum):
    """Which part of the pack, or of the engine, a fired rule comes from."""

    HARD = "hard"
    SOFT = "soft"
    ASK = "ask"
    TABLE = "table"
    CAP = "cap"
    QUIET = "quiet"
    BUDGET = "budget"
    AUTONOMY = "autonomy"
    BLAST = "blast"
    MISSING = "missing"
    OBLIGATION = "obligation"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule that had something to say.

    `outcome` is what this rule alone asks for: `deny` for a hard rule, `allow` for a rule
    that only imposes an obligation, for a soft rule lifted with a reason and for a row of
    the autonomy matrix that lets the call pass. `facts` are the values the rule read.
    """

    rule: str
    kind: FiredKind
    because: str
    facts: dict[str, FactValue]
    outcome: Outcome

    def as_json(self) -> dict[str, Any]:
        """The rule as plain JSON values."""
        return {
            "rule": self.rule,
            "kind": self.kind.value,
            "outcome": self.outcome.value,
            "because": self.because,
            "facts": {name: _plain(value) for name, value in self.facts.items()},
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer to one call.

    `fired` is ordered strictest first, then by rule id. `obligations` hold only words of
    the closed vocabulary in `policies.obligations`. `facts_digest` is the SHA-256 of the
    facts the gate read, `call_digest` the caller's digest of tool, arguments and version.
    """

    outcome: Outcome
    fired: tuple[Fired, ...]
    obligations: dict[str, Any]
    pack: str
    version: int
    sha256: str
    engine: str
    call_digest: str
    facts_digest: str

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts that were missing, stale or malformed and closed the gate."""
        return tuple(
            fired.rule.removeprefix("missing:")
            for fired in self.fired
            if fired.kind is FiredKind.MISSING and fired.outcome is Outcome.DENY
        )

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain JSON values, as it stands in the journal."""
        return {
            "outcome": self.outcome.value,
            "fired": [fired.as_json() for fired in self.fired],
            "obligations": dict(self.obligations),
            "pack": self.pack,
            "version": self.version,
            "sha256": self.sha256,
            "engine": self.engine,
            "call_digest": self.call_digest,
            "facts_digest": self.facts_digest,
        }

    def canonical(self) -> bytes:
        """The verdict as bytes; equal for equal input, so a replay can compare them."""
        return canonical(self.as_json())


def canonical(verdict: Mapping[str, Any]) -> bytes:
    """Bytes of a verdict's JSON form, the recorded one or a fresh one, for comparison."""
    text = json.dumps(verdict, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _plain(value: FactValue) -> Any:
    return list(value) if isinstance(value, tuple) else value
