"""Reading a situation back: what has been asked, what was answered, what was refused."""

from __future__ import annotations

from typing import Any

from agent.fact_words import name_of
from agent.planning import ProposedCall, Situation, StepView

HOUR_US = 3_600 * 1_000_000
#: The longest reason that every control tool takes.
LONGEST_REASON = 300


def since_the_news(s: Situation) -> list[StepView]:
    """The steps since the world last moved: what was read before that is stale."""
    moved = [k for k, step in enumerate(s.steps) if _moved(step) or step.n <= s.news_at]
    return s.steps[moved[-1] + 1 :] if moved else s.steps


def _moved(step: StepView) -> bool:
    return any(key in (step.result or {}) for key in ("withdrawn", "changed", "a_person_says"))


def answered(s: Situation, tool: str) -> dict[str, Any] | None:
    """The newest answer of a tool that was allowed; None where it was not asked or not allowed."""
    for step in reversed(s.steps):
        if step.tool == tool and step.outcome == "allow" and step.result and not _moved(step):
            return step.result
    return None


def offered(s: Situation, tool: str) -> bool:
    """Whether the agent may use this tool at all."""
    return any(offer.name == tool for offer in s.tools)


def refusals(s: Situation, *tools: str) -> list[StepView]:
    """Calls of these tools that came back: denied, wanting a reason, or impossible as they stood.

    What came back before the news may be asked anew, unless a person has said what they think of
    it. A call that was only overtaken by events may be made once more.
    """
    mine = [step for step in s.steps if step.tool in tools]
    now = [step for step in mine if step.n > s.news_at]
    overtaken = [step for step in now if "changed" in (step.result or {})]
    return [
        step
        for step in mine
        if "a_person_says" in (step.result or {})
        or (step in now and (_came_back(step) or step in overtaken[1:]))
    ]


def _came_back(step: StepView) -> bool:
    result = step.result or {}
    held = "needs_a_person" in result and "changed" not in result
    return step.outcome in ("deny", "needs_reason") or "invalid" in result or held


def because(step: StepView) -> str:
    """Why a call came back, in the rules' own words."""
    result = step.result or {}
    if "a_person_says" in result:
        return str(result["a_person_says"])[:LONGEST_REASON] or "a person said no"
    said = [_said(fired) for fired in step.fired]
    text = "; ".join(said) or str(
        result.get("invalid") or result.get("changed") or "it was not possible"
    )
    return text[:LONGEST_REASON]


def _said(fired: dict[str, str]) -> str:
    fact = fired["rule"].removeprefix("missing:")
    return fired["because"] if fact == fired["rule"] else f"we do not know {name_of(fact)}"


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
