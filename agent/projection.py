"""A decision as people and programs see it: the projection of its journal entries (DESIGN §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from store.journal import Entry
from store.sealing import Erased

_NO_USAGE = {"llm_calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": 0}


def project(row: Mapping[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
    """The decision of a `decisions` row and its entries, oldest first. Erased: `Erased`."""
    bodies: list[tuple[str, dict[str, Any]]] = []
    for entry in entries:
        if entry.body is None:
            raise Erased("this person was erased; the decision can no longer be read")
        bodies.append((entry.kind, entry.body))
    opened = _newest(bodies, "opened") or {}
    perceived = _newest(bodies, "perceived") or {}
    planned = [body for kind, body in bodies if kind == "planned"]
    steps = [body for kind, body in bodies if kind == "step"]
    closed = _newest(bodies, "closed")
    events = [e for kind, b in bodies if kind in ("opened", "joined") for e in b["events"]]
    effects: dict[str, dict[str, Any]] = {}
    for kind, body in bodies:
        if kind == "effect":
            effects[body["effect_id"]] = _effect(body, effects.get(body["effect_id"]))
    usage = dict(_NO_USAGE)
    for body in planned:
        for name in usage:
            usage[name] += body["usage"].get(name, 0)
    return {
        "id": row["id"],
        "journey_id": row["journey_id"],
        "customer_id": row["customer_id"],
        "goal": row["goal"],
        "agent": row["agent"],
        "agent_version": row["agent_version"],
        "arm": row["arm"],
        "mode": row["mode"],
        "status": row["status"],
        "opened_at": row["opened_at"],
        "closed_at": row["closed_at"],
        "event_ids": [e["id"] for e in events],
        "events": events,
        "woken_by": opened.get("woken_by", []),
        "facts": perceived.get("facts", {}),
        "zone": perceived.get("zone"),
        "memories": perceived.get("memories", []),
        "withheld_memories": perceived.get("withheld_memories", []),
        "planner": planned[-1]["planner"]
        if planned
        else {"kind": "none", "model": None, "prompt_digest": None},
        "policy": _policy(steps),
        "plan": [body["plan"] for body in planned],
        "mishaps": [said for body in planned for said in body.get("mishaps", ())],
        "steps": [_step(body) for body in steps],
        "effects": list(effects.values()),
        "losers": [x for kind, b in bodies if kind == "arbitrated" for x in b["losers"]],
        "approvals": [body for kind, body in bodies if kind == "approval"],
        "usage": usage,
        "outcome": None
        if closed is None
        else {"reason": closed["reason"], **(closed.get("outcome") or {})},
        "prev_hash": entries[-1].prev_hash if entries else None,
        "hash": entries[-1].hash if entries else None,
    }


def _newest(bodies: list[tuple[str, dict[str, Any]]], kind: str) -> dict[str, Any] | None:
    return next((body for k, body in reversed(bodies) if k == kind), None)


def _effect(body: dict[str, Any], older: dict[str, Any] | None) -> dict[str, Any]:
    """An effect in its newest state; when it was due stays known after it is done."""
    return {
        "id": body["effect_id"],
        "kind": body["kind"],
        "channel": None if body["channel"] == "none" else body["channel"],
        "status": body["status"],
        "not_before": body["not_before"] or (older or {}).get("not_before"),
        "amount": None
        if body["amount_minor"] is None
        else {"minor": body["amount_minor"], "currency": body["currency"]},
        "reason": body["reason"],
        "provider_id": body["provider_id"],
    }


def _policy(steps: list[dict[str, Any]]) -> dict[str, Any]:
    if not steps:
        return {"pack": None, "version": None, "sha256": None}
    verdict = steps[-1]["verdict"]
    return {key: verdict[key] for key in ("pack", "version", "sha256")}


def _step(body: dict[str, Any]) -> dict[str, Any]:
    confidence = body["confidence_bp"]
    return {
        "n": body["n"],
        "call": body["call"],
        "kind": body["action_kind"],
        "reasoning": body["reasoning"],
        "confidence": None if confidence is None else confidence / 10_000,
        "overrides": body["overrides"],
        "facts": body["facts"],
        "verdict": body["verdict"],
        "result": body["result"],
        "effect_id": body["effect_id"],
        "call_digest": body["call_digest"],
    }
