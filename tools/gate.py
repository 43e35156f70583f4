"""The gate: every call of every tool, reads too, is decided here before anything happens (P1).

`decide` is pure: picture, call and setting in, verdict out. It runs when the planner proposes and
again, on what the transaction sees, when an effect is claimed (`tools.claim`). Arguments that do
not fit the tool's schema, tools that nobody declared and tools that the agent's file does not list
are denied, whatever the pack says; so is what people have stopped (`tools.stops`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from policies.compiler import ENGINE
from policies.obligations import NOT_BEFORE_US
from policies.pack import Pack
from policies.verdict import Fired, FiredKind, Outcome, Verdict
from tools.best_hour import hold_for_the_hour
from tools.margin import FULL_BP
from tools.pack_facts import pack_facts
from tools.picture import Picture
from tools.proposed import Proposed, readable
from tools.registry import TOOLS
from tools.spreading import leaves_at
from tools.stops import fired_by
from tools.tool import ActionKind, Args, FactValue, Setting, Tool

__all__ = ["Decided", "Proposed", "call_digest", "call_key", "decide", "largest_allowed"]

_MOST_PROBLEMS = 10
_LONGEST_PLACE = 60


@dataclass(frozen=True, slots=True)
class Decided:
    """The call in plain values, the facts the gate read, and its verdict, bound by `digest`.

    `leaves_at`: when a message that is put off goes out, None where nothing is put off;
    `held_because`: why then, where it is held for an hour that suits its person.
    """

    proposed: Proposed
    tool: Tool | None
    args: Args | None
    kind: ActionKind
    facts: dict[str, FactValue]
    verdict: Verdict
    digest: str
    leaves_at: int | None = None
    held_because: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether nobody needs to be asked."""
        return self.verdict.outcome is Outcome.ALLOW


def call_digest(
    *,
    decision_id: str,
    tool: str,
    args: Mapping[str, Any],
    customer_id: str,
    pack_sha256: str,
    binds: str = "",
) -> str:
    """What an allow or an approval is bound to; anything else needs another one.

    Decision, tool, arguments, person and pack version; `binds` is the reviewed file that the call
    uses, and with it class, purpose and words. The reasons a planner gives for soft rules are not
    in it: every claim weighs them anew, and they lift nothing that a person was not shown.
    """
    return _sha256([decision_id, tool, args, customer_id, pack_sha256, binds])


def call_key(*, decision_id: str, proposed: Proposed, customer_id: str) -> str:
    """The idempotency key: a call is one effect in its decision, under any pack (P3)."""
    plain, _ = readable(proposed)
    return f"{decision_id}:{_sha256([plain.tool, plain.args, customer_id])}"


def decide(picture: Picture, proposed: Proposed, setting: Setting) -> Decided:
    """Decide one call. Never raises for what a planner may have written."""
    call, problem = readable(proposed)
    tool = TOOLS.get(call.tool)
    kind = tool.kind if tool is not None else ActionKind.CONTROL
    listed = tool is not None and call.tool in setting.agent.tools
    args: Args | None = None
    if tool is None:
        problem = problem or "there is no tool of this name"
    elif problem is None:
        try:
            args = tool.args.model_validate(call.args)
        except ValidationError as error:
            problem = _what_is_wrong(error)
    binds = ""
    if tool is not None and args is not None:
        problem = tool.problem(picture, args, setting)
        binds = tool.binds(picture, args, setting)
    digest = call_digest(
        decision_id=setting.decision_id,
        tool=call.tool,
        args=call.args,
        customer_id=picture.customer_id,
        pack_sha256=setting.pack.sha256,
        binds=binds,
    )
    facts: dict[str, FactValue] = {
        "action.tool_listed": listed,
        "agent.autonomy": setting.agent.autonomy.value,
        "action.goal": setting.goal,
        "action.confidence_bp": call.confidence_bp or 0,
    }
    if tool is None or args is None or problem is not None:
        verdict = _denied(setting.pack, digest, problem or "the arguments do not fit")
    elif stops := fired_by(tool, args, setting, pulled=picture.brakes, held=picture.leases):
        verdict = _refused(setting.pack, digest, stops)
    else:
        facts |= pack_facts(picture, kind, call.args)
        facts |= tool.facts(picture, args, setting)
        verdict = setting.pack.decide(
            kind.value, facts, call_digest=digest, overrides=call.overrides
        )
        arrives_at = _not_before(verdict)
        if arrives_at is not None:
            # It is held back, so its caps are counted as they will stand when it leaves.
            facts |= tool.facts_at(picture, args, setting, arrives_at)
            verdict = setting.pack.decide(
                kind.value, facts, call_digest=digest, overrides=call.overrides
            )
            if _not_before(verdict) != arrives_at:
                verdict = _denied(setting.pack, digest, "no time can be found for this message")
        if not listed and verdict.outcome is not Outcome.DENY:
            verdict = _denied(setting.pack, digest, "this agent's file does not list this tool")
    later, because = leaves_at(verdict, picture.customer_id), None
    if tool is not None and args is not None:
        hold = hold_for_the_hour(
            picture,
            tool,
            args,
            setting,
            facts=facts,
            verdict=verdict,
            overrides=call.overrides,
            leaves_at=later,
        )
        if hold is not None:
            facts, verdict, later, because = hold.facts, hold.verdict, hold.at, hold.because
    needed = setting.pack.needs(kind.value)
    read = {name: value for name, value in facts.items() if name in needed}
    return Decided(call, tool, args, kind, read, verdict, digest, later, because)


def largest_allowed(picture: Picture, decided: Decided, setting: Setting) -> int | None:
    """The largest discount, in basis points, that the gate would not deny in place of a denied one.

    None where none would do, or where the discount asked for was not denied. Found by halving, so
    it is the largest where less is never worse; it is always one that was tried. An offer to the
    planner, not an authority: what it then proposes is decided like any call.
    """
    asked = decided.proposed.args.get("discount_bp")
    denied_now = decided.verdict.outcome is Outcome.DENY
    if decided.kind is not ActionKind.OFFER or type(asked) is not int or not denied_now:
        return None

    def denied(discount_bp: int) -> bool:
        other = replace(
            decided.proposed, args={**decided.proposed.args, "discount_bp": discount_bp}
        )
        return decide(picture, other, setting).verdict.outcome is Outcome.DENY

    low, high = 0, min(asked, FULL_BP + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if denied(middle) else (middle, high)
    return low or None


def _sha256(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _not_before(verdict: Verdict) -> int | None:
    value = verdict.obligations.get(NOT_BEFORE_US)
    return value if isinstance(value, int) else None


def _denied(pack: Pack, digest: str, problem: str) -> Verdict:
    """A call that no rule needs to be asked about."""
    fired = Fired("malformed_call", FiredKind.MISSING, problem, {}, Outcome.DENY)
    return _refused(pack, digest, (fired,))


def _refused(pack: Pack, digest: str, fired: tuple[Fired, ...]) -> Verdict:
    """A denial that no pack was asked for."""
    return Verdict(
        outcome=Outcome.DENY,
        fired=fired,
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
    found = error.errors(include_input=False, include_url=False, include_context=False)
    told = [
        f"{'.'.join(str(part) for part in item['loc'])[:_LONGEST_PLACE] or 'arguments'}: "
        f"{item['msg']}"
        for item in found[:_MOST_PROBLEMS]
    ]
    if len(found) > _MOST_PROBLEMS:
        told.append(f"and {len(found) - _MOST_PROBLEMS} more")
    return "; ".join(told)
