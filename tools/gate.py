"""The gate: every call of every tool, reads too, is decided here before anything happens (P1).

`decide` is pure: picture, call and setting in, verdict out. It runs when the planner proposes and again,
on what the transaction sees, when an effect is claimed (`tools.claim`). Arguments that do not fit the
tool's schema and tools that nobody declared are denied like anything else, with the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from policies.compiler import ENGINE
from policies.pack import Pack
from policies.verdict import Fired, FiredKind, Outcome, Verdict
from tools.picture import Picture
from tools.registry import TOOLS
from tools.tool import ActionKind, Args, FactValue, Setting, Tool


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call as a planner proposes it. `overrides`: a reason for each soft rule to be set aside."""

    id: str
    tool: str
    args: dict[str, Any]
    reasoning: str = ""
    confidence_bp: int | None = None
    overrides: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided:
    """The call, the facts the gate read, and its verdict, bound together by `digest`."""

    proposed: Proposed
    tool: Tool | None
    args: Args | None
    kind: ActionKind
    facts: dict[str, FactValue]
    verdict: Verdict
    digest: str

    @property
    def allowed(self) -> bool:
        """Whether nobody needs to be asked."""
        return self.verdict.outcome is Outcome.ALLOW


def call_digest(*, tool: str, args: Mapping[str, Any], customer_id: str, pack_sha256: str) -> str:
    """What an allow or an approval is bound to: tool, arguments, person, pack version."""
    text = json.dumps(
        [tool, args, customer_id, pack_sha256], sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def decide(picture: Picture, proposed: Proposed, setting: Setting) -> Decided:
    """Decide one call. Never raises for what a planner may have written."""
    tool = TOOLS.get(proposed.tool)
    kind = tool.kind if tool is not None else ActionKind.CONTROL
    digest = call_digest(
        tool=proposed.tool,
        args=proposed.args,
        customer_id=picture.customer_id,
        pack_sha256=setting.pack.sha256,
    )
    facts: dict[str, FactValue] = {
        "action.tool_listed": tool is not None and proposed.tool in setting.agent.tools,
        "agent.autonomy": setting.agent.autonomy.value,
        "action.confidence_bp": proposed.confidence_bp or 0,
    }
    args: Args | None = None
    problem: str | None = None
    if tool is not None:
        try:
            args = tool.args.model_validate(proposed.args)
        except ValidationError as error:
            problem = _what_is_wrong(error)
    if tool is not None and args is not None:
        facts |= tool.facts(picture, args, setting)
    if problem is not None:
        verdict = _malformed(setting.pack, digest, problem)
    else:
        verdict = setting.pack.decide(
            kind.value, facts, call_digest=digest, overrides=proposed.overrides
        )
    needed = setting.pack.needs(kind.value)
    read = {name: value for name, value in facts.items() if name in needed}
    return Decided(proposed, tool, args, kind, read, verdict, digest)


def largest_allowed(picture: Picture, decided: Decided, setting: Setting) -> int | None:
    """The largest discount, in basis points, that the gate would not deny in place of this one.

    An offer to the planner, not an authority: what it then proposes is decided like any call.
    """
    asked = decided.proposed.args.get("discount_bp")
    if decided.kind is not ActionKind.OFFER or not isinstance(asked, int):
        return None

    def denied(discount_bp: int) -> bool:
        other = replace(
            decided.proposed, args={**decided.proposed.args, "discount_bp": discount_bp}
        )
        return decide(picture, other, setting).verdict.outcome is Outcome.DENY

    low, high = 0, asked
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if denied(middle) else (middle, high)
    return low or None


def _malformed(pack: Pack, digest: str, problem: str) -> Verdict:
    """Arguments that do not fit are denied before any rule is asked."""
    fired = Fired("malformed_call", FiredKind.MISSING, problem, {}, Outcome.DENY)
    return Verdict(
        outcome=Outcome.DENY,
        fired=(fired,),
        obligations={},
        pack=pack.name,
        version=pack.version,
        sha256=pack.sha256,
        engine=ENGINE,
        call_digest=digest,
        facts_digest=hashlib.sha256(b"").hexdigest(),
    )


def _what_is_wrong(error: ValidationError) -> str:
    """Where and what, without the values: a planner's words may be a customer's."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'arguments'}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)
    )
