"""Reading a situation back: what has been asked, what was answered, what was refused."""

from __future__ import annotations

from typing import Any

from agent.planning import ProposedCall, Situation, StepView

HOUR_US = 3_600 * 1_000_000


def answered(s: Situation, tool: str) -> dict[str, Any] | None:
    """The newest answer of a tool that was allowed; None where it was not asked or not allowed."""
    for step in reversed(s.steps):
        if step.tool == tool and step.outcome == "allow" and step.result is not None:
            return step.result
    return None


def offered(s: Situation, tool: str) -> bool:
    """Whether the agent may use this tool at all."""
    return any(offer.name == tool for offer in s.tools)


def refusals(s: Situation, *tools: str) -> list[StepView]:
    """Calls of these tools that came back: denied, wanting a reason, or impossible as they stood."""
    return [
        step
        for step in s.steps
        if step.tool in tools
        and (
            step.outcome in ("deny", "needs_reason")
            or any(key in (step.result or {}) for key in ("invalid", "changed"))
        )
    ]


def because(step: StepView) -> str:
    """Why a call came back, in the rules' own words."""
    said = [fired["because"] for fired in step.fired]
    return "; ".join(said) or str((step.result or {}).get("invalid", "it was not possible"))


def call(
    s: Situation,
    tool: str,
    args: dict[str, Any],
    reasoning: str,
    *,
    confidence_bp: int,
    k: int = 1,
    overrides: dict[str, str] | None = None,
) -> ProposedCall:
    """A call with an id that is unique in its decision."""
    return ProposedCall(
        id=f"call_{len(s.steps) + k}",
        tool=tool,
        args=args,
        reasoning=reasoning,
        confidence_bp=confidence_bp,
        overrides=overrides or {},
    )


def percent(bp: int) -> str:
    """Basis points as people write percent: 850 → `8.5 %`."""
    return f"{bp / 100:g} %"
