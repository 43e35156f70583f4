"""The bodies of journal entries, one builder a kind: what is written is what is read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.run import Wake


def opened(
    *,
    journey_id: str,
    goal: str,
    agent: str,
    agent_version: int,
    agent_sha256: str,
    arm: str,
    mode: str,
    events: Sequence[dict[str, Any]],
    woken_by: Sequence[str],
    trigger_context: dict[str, Any],
) -> dict[str, Any]:
    """A decision begins: by which events or wake-ups, for which goal, in which arm and mode."""
    return {
        "journey_id": journey_id,
        "goal": goal,
        "agent": agent,
        "agent_version": agent_version,
        "agent_sha256": agent_sha256,
        "arm": arm,
        "mode": mode,
        "events": list(events),
        "woken_by": list(woken_by),
        "trigger_context": trigger_context,
    }


def events_of(wakes: Iterable[Wake]) -> list[dict[str, Any]]:
    """The events among these wakes. A wake-up is none."""
    return [
        {"id": w.event_id, "name": w.name, "occurred_at": w.occurred_at}
        for w in wakes
        if w.event_id is not None
    ]


def joined(wakes: Iterable[Wake]) -> dict[str, Any]:
    """More happened while the decision was open."""
    return {"events": events_of(wakes)}


def perceived(
    *,
    facts: dict[str, Any],
    memories: Sequence[dict[str, Any]],
    withheld_memories: Sequence[dict[str, Any]],
    zone: str | None,
    now_us: int,
) -> dict[str, Any]:
    """What the planner was shown."""
    return {
        "facts": facts,
        "memories": list(memories),
        "withheld_memories": list(withheld_memories),
        "zone": zone,
        "now_us": now_us,
    }


def planned(
    *,
    n: int,
    plan: str,
    planner: Mapping[str, Any],
    usage: Mapping[str, int],
    mishaps: Sequence[str],
) -> dict[str, Any]:
    """One answer of a planner, and what went wrong on the way to it."""
    return {
        "n": n,
        "plan": plan,
        "planner": dict(planner),
        "usage": dict(usage),
        "mishaps": list(mishaps),
    }


def step(
    *,
    n: int,
    call: dict[str, Any],
    action_kind: str,
    reasoning: str,
    confidence_bp: int | None,
    overrides: dict[str, str],
    facts: dict[str, Any],
    verdict: dict[str, Any],
    result: dict[str, Any] | None,
    effect_id: str | None,
    call_digest: str,
) -> dict[str, Any]:
    """One call: the facts the gate read, its verdict, what came of it."""
    return {
        "n": n,
        "call": call,
        "action_kind": action_kind,
        "reasoning": reasoning,
        "confidence_bp": confidence_bp,
        "overrides": overrides,
        "facts": {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items()},
        "verdict": verdict,
        "result": result,
        "effect_id": effect_id,
        "call_digest": call_digest,
    }


def effect(
    *,
    effect_id: str,
    kind: str,
    channel: str,
    status: str,
    not_before: int | None,
    amount_minor: int | None,
    currency: str | None,
    reason: str | None,
    provider_id: str | None,
) -> dict[str, Any]:
    """An effect reached a state."""
    return {
        "effect_id": effect_id,
        "kind": kind,
        "channel": channel,
        "status": status,
        "not_before": not_before,
        "amount_minor": amount_minor,
        "currency": currency,
        "reason": reason,
        "provider_id": provider_id,
    }


def arbitrated(
    *, winner: str | None, losers: Sequence[dict[str, Any]], terms: dict[str, int] | None
) -> dict[str, Any]:
    """Who stood against whom; `terms` are the winner's."""
    return {"winner": winner, "losers": list(losers), "terms": terms}


def approval(
    *, approval_id: str, status: str, by: str | None, reason: str | None
) -> dict[str, Any]:
    """A question to people was put, or answered."""
    return {"approval_id": approval_id, "status": status, "by": by, "reason": reason}


def closed(*, status: str, reason: str, outcome: dict[str, Any]) -> dict[str, Any]:
    """A decision ends."""
    return {"status": status, "reason": reason, "outcome": outcome}
