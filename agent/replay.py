"""Replay: every recorded call decided again, from its recorded facts, without a model (P8).

Under the pack it names the verdict must come out the same, byte for byte. Under another pack it tells
what that pack would have said. Nothing is touched and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.pack import Pack
from policies.verdict import FactValue, canonical


def replay(
    decision: dict[str, Any], packs: Callable[[str, int], Pack], other: Pack | None = None
) -> dict[str, Any]:
    """`packs(name, version)` gives the pack of a recorded verdict; `other`: a what-if."""
    steps = [_again(step, packs, other) for step in decision["steps"]]
    return {
        "id": decision["id"],
        "what_if": other is not None,
        "same": all(step["same"] for step in steps),
        "steps": steps,
    }


def _again(
    step: dict[str, Any], packs: Callable[[str, int], Pack], other: Pack | None
) -> dict[str, Any]:
    recorded = step["verdict"]
    told = {
        "n": step["n"],
        "tool": step["call"]["tool"],
        "recorded": recorded["outcome"],
        "recorded_rules": [f["rule"] for f in recorded["fired"]],
    }
    if _malformed(recorded):
        return {**told, "replayed": "deny", "replayed_rules": told["recorded_rules"], "same": True}
    pack = other if other is not None else packs(recorded["pack"], recorded["version"])
    verdict = pack.decide(
        step["kind"],
        {name: _fact(value) for name, value in step["facts"].items()},
        call_digest=step["call_digest"],
        overrides=step["overrides"],
    )
    rules = [fired.rule for fired in verdict.fired]
    if other is None:
        same = canonical(verdict.as_json()) == canonical(recorded)
    else:
        same = verdict.outcome.value == recorded["outcome"] and rules == told["recorded_rules"]
    return {
        **told,
        "replayed": verdict.outcome.value,
        "replayed_rules": rules,
        "because": [fired.because for fired in verdict.fired],
        "same": same,
    }


def _malformed(verdict: dict[str, Any]) -> bool:
    """A call whose arguments did not fit was denied before any pack was asked."""
    return any(fired["rule"] == "malformed_call" for fired in verdict["fired"])


def _fact(value: Any) -> FactValue:
    fact: FactValue = tuple(value) if isinstance(value, list) else value
    return fact
