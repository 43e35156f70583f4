"""Experiments: which share of customers each treatment of a goal has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent.errors import NotFound
from api.access import Service, Viewer
from api.route import Route

router = APIRouter(tags=["experiments"], prefix="/v1/experiments", route_class=Route)


@router.get("/{goal}")
async def experiment(runs: Service, principal: Viewer, goal: str) -> dict[str, Any]:
    """The split of a goal, as its agent file has it; shares in basis points."""
    agent = runs.env.ground.agents.get(goal)
    if agent is None:
        known = ", ".join(sorted(runs.env.ground.agents))
        raise NotFound(f"no agent pursues this goal; there are: {known}")
    arms = {arm.value: share for arm, share in agent.arms.items()}
    return {"goal": goal, "agent": agent.name, "arms_bp": arms, "running": len(arms) > 1}
