"""Replay: every recorded call decided again, from its recorded facts, without a model (P8).

Under the pack it names the verdict must come out the same, byte for byte. Under another pack it
tells what that pack would have said. Nothing is touched and nothing is written. A verdict of
another engine (an older gate, another release of the zones) cannot be replayed by this one: that is
said, and never passed over as the same or as different.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.compiler import ENGINE
from policies.pack import Pack
from policies.verdict import FactValue, Verdict, canonical
from tools import stops

#: What these denied was never put to a pack: arguments did not fit, or people had stopped it.
BEFORE_ANY_PACK = frozenset({"malformed_call", *stops.RULES})


def replay(
    decision: dict[str, Any], packs: Callable[[str], Pack], other: Pack | None = None
) -> dict[str, Any]:
    """`packs(sha256)` gives the pack of a recorded verdict; `other`: a what-if.

    `same`: every step came out as recorded. `comparable`: every step is one this engine can replay.
    """
    steps = [_again(step, packs, other) for step in decision["steps"]]
    return {
        "id": decision["id"],
        "what_if": other is not None,
        "engine": ENGINE,
        "same": all(step["same"] for step in steps),
        "comparable": all(step["comparable"] for step in steps),
        "steps": steps,
    }


def _again(
    step: dict[str, Any], packs: Callable[[str], Pack], other: Pack | None
) -> dict[str, Any]:
    recorded = step["verdict"]
    told = {
        "n": step["n"],
        "tool": step["call"]["tool"],
        "recorded": recorded["outcome"],
        "recorded_rules": [f["rule"] for f in recorded["fired"]],
        "engine": recorded["engine"],
        "comparable": True,
    }
    if other is None and recorded["engine"] != ENGINE:
        note = (
            f"decided by {recorded['engine']}, and this is {ENGINE}: "
            "what it says now is shown, but not compared"
        )
        told |= {"comparable": False, "note": note}
    if any(fired["rule"] in BEFORE_ANY_PACK for fired in recorded["fired"]):
        return {
            **told,
            "replayed": recorded["outcome"],
            "replayed_rules": told["recorded_rules"],
            "because": [fired["because"] for fired in recorded["fired"]],
            "obligations": recorded["obligations"],
            "same": bool(told["comparable"]) and recorded["outcome"] == "deny",
        }
    pack = other if other is not None else packs(recorded["sha256"])
    verdict = pack.decide(
        step["kind"],
        {name: _fact(value) for name, value in step["facts"].items()},
        call_digest=step["call_digest"],
        overrides=step["overrides"],
    )
    same = _answers_alike(verdict, recorded) if other is not None else _is(verdict, recorded)
    return {
        **told,
        "replayed": verdict.outcome.value,
        "replayed_rules": [fired.rule for fired in verdict.fired],
        "because": [fired.because for fired in verdict.fired],
        "obligations": dict(verdict.obligations),
        "same": bool(told["comparable"]) and same,
    }


def _is(verdict: Verdict, recorded: dict[str, Any]) -> bool:
    return verdict.canonical() == canonical(recorded)


def _answers_alike(verdict: Verdict, recorded: dict[str, Any]) -> bool:
    """Whether another pack answers the same by the same rules, and asks the same of it."""
    now = verdict.as_json()
    rules = [[f["rule"] for f in side["fired"]] for side in (now, recorded)]
    return rules[0] == rules[1] and all(
        now[part] == recorded[part] for part in ("outcome", "obligations")
    )


def _fact(value: Any) -> FactValue:
    fact: FactValue = tuple(value) if isinstance(value, list) else value
    return fact
