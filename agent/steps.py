"""Steps of a decision: what the planner proposed, what the gate said, what came of it."""

from __future__ import annotations

from typing import Any

from agent import journal_bodies as bodies
from agent.run import Run
from policies.verdict import FiredKind, Outcome
from tools.gate import Decided
from tools.instants import instant
from tools.tool import ActionKind


def step_body(
    run: Run, decided: Decided, result: dict[str, Any] | None, *, effect_id: str | None = None
) -> dict[str, Any]:
    """The `step` entry of one decided call."""
    proposed = decided.proposed
    return bodies.step(
        n=run.turn,
        call={"id": proposed.id, "tool": proposed.tool, "args": proposed.args},
        action_kind=decided.kind.value,
        reasoning=proposed.reasoning,
        confidence_bp=proposed.confidence_bp,
        overrides=dict(proposed.overrides),
        facts=decided.facts,
        verdict=decided.verdict.as_json(),
        result=result,
        effect_id=effect_id,
        call_digest=decided.digest,
    )


def add_step(
    run: Run, decided: Decided, result: dict[str, Any] | None, *, effect_id: str | None = None
) -> None:
    """Remember a step and let it go to the journal with the next commit."""
    body = step_body(run, decided, result, effect_id=effect_id)
    run.steps.append(body)
    run.unflushed.append(("step", body))
    count_missing(run, decided)


def count_missing(run: Run, decided: Decided) -> None:
    """Count each fact whose absence closed the gate, for whoever must see to it (P6)."""
    for fired in decided.verdict.fired:
        if fired.kind is FiredKind.MISSING:
            key = (fired.rule.removeprefix("missing:"), decided.kind.value)
            run.missing[key] = run.missing.get(key, 0) + 1


def tell_result(run: Run, effect_id: str, told: dict[str, Any]) -> None:
    """Add what became of an effect to what the planner reads of its call."""
    for n, step in enumerate(run.steps):
        if step.get("effect_id") == effect_id:
            run.steps[n] = {**step, "result": {**(step["result"] or {}), **told}}


_WORDS = {
    Outcome.DENY: "denied",
    Outcome.NEEDS_REASON: "needs_reason",
    Outcome.REVIEW: "needs_a_person",
    Outcome.APPROVAL: "needs_a_person",
    Outcome.ALLOW: "allowed_now",
}


def denied_result(
    decided: Decided, largest_allowed_bp: int | None, possible_from: int | None = None
) -> dict[str, Any]:
    """What a planner reads instead of an effect: what spoke against it, what would be possible.

    `possible_from`: where only caps spoke against it, the instant from which they would not.
    """
    result: dict[str, Any] = {
        _WORDS[decided.verdict.outcome]: [
            {"rule": f.rule, "because": f.because}
            for f in decided.verdict.fired
            if f.outcome is decided.verdict.outcome
        ]
    }
    if largest_allowed_bp is not None:
        result["largest_allowed_bp"] = largest_allowed_bp
    if possible_from is not None:
        result["possible_from"] = instant(possible_from).isoformat()
    return result


def has_acted(run: Run) -> bool:
    """Whether anything came of this decision; a code that nobody was sent counts as nothing."""
    return any(
        step.get("effect_id") and step["action_kind"] != ActionKind.OFFER.value
        for step in run.steps
    )
