"""The state machine of one decision: perceive, plan, act, and claim once arbitration has spoken.

LangGraph runs it with the decision's id as thread; its state is that id and the next step, nothing
that grows. There is no saver: a pause is data (the question, the contender's call in the journal),
and after a crash the decision goes on from its entries, because the ledger and not a checkpoint
makes effects happen once (docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agent import journal_bodies as bodies
from agent.act import MOST_TURNS, act, go_on
from agent.claiming import claim_effect
from agent.closing import close, pause
from agent.environment import Environment
from agent.handover import became, hand_over
from agent.perceive import look_no_more, perceive
from agent.planning import Author
from agent.run import Closing, Run
from agent.situation import perceived_facts, situation_of
from agent.steps import has_acted, tell_result

#: A step for every turn, and those that end it. More is a fault of ours, not of a planner.
MOST_STEPS = MOST_TURNS + 4


class State(TypedDict):
    """What LangGraph carries: ids and the step to take."""

    decision_id: str
    step: str


@dataclass(frozen=True, slots=True)
class Deps:
    """What the nodes work with and on."""

    env: Environment
    run: Run


Machine = CompiledStateGraph[State, Deps, State, State]


async def _plan(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    env, run = runtime.context.env, runtime.context.run
    if run.picture is None:
        await perceive(env, run)
    elif run.turn > 0:
        await look_no_more(env, run)
    if run.closing is not None:
        return {"step": "close"}
    run.turn += 1
    if run.picture is not run.noted:
        _note_perceived(run)
    planner = env.planners["rules" if run.opening.arm == "rules" else "agent"]
    proposal = await planner.propose(situation_of(run))
    run.usage = run.usage + proposal.usage
    run.look_again_at = proposal.look_again_at
    author = proposal.author or Author(planner.kind, planner.model, run.opening.agent.sha256)
    run.unflushed.append(
        (
            "planned",
            bodies.planned(
                n=run.turn,
                plan=proposal.plan,
                planner=author.as_json(),
                usage=proposal.usage.as_json(),
                mishaps=proposal.mishaps,
            ),
        )
    )
    if not proposal.calls:
        run.closing = Closing(
            "completed" if has_acted(run) else "no_action", proposal.plan, {"kind": "done"}
        )
        return {"step": "close"}
    await act(env, run, proposal.calls)
    return {"step": go_on(run)}


async def _claim(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    """Claim the contender, and hand it over in the same step where it goes out at once."""
    env, run = runtime.context.env, runtime.context.run
    await claim_effect(env, run, approval_id=run.approval_id)
    run.approval_id = None
    if run.handing_over is not None:
        return await _hand_over(state, runtime)
    if run.left is not None:
        return {"step": "done"}
    return {"step": go_on(run)}


async def _hand_over(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    env, run = runtime.context.env, runtime.context.run
    assert run.handing_over is not None
    effect_id, run.handing_over = run.handing_over, None
    left = await hand_over(
        env, customer_id=run.opening.customer_id, effect_id=effect_id, epoch=run.epoch
    )
    if not run.goes_on:
        run.left = left
        return {"step": "done"}
    run.goes_on = False
    tell_result(run, effect_id, await env.db.read(became, effect_id))
    return {"step": go_on(run)}


async def _close(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    await close(runtime.context.env, runtime.context.run)
    return {"step": "done"}


async def _pause(state: State, runtime: Runtime[Deps]) -> dict[str, Any]:
    await pause(runtime.context.env, runtime.context.run)
    return {"step": "done"}


def _next(state: State) -> str:
    return state["step"]


_START: dict[Hashable, str] = {
    "plan": "plan",
    "claim": "claim",
    "hand_over": "hand_over",
    "pause": "pause",
    "close": "close",
}
_AFTER: dict[Hashable, str] = {
    "plan": "plan",
    "hand_over": "hand_over",
    "park": END,
    "pause": "pause",
    "close": "close",
    "done": END,
}


def build() -> Machine:
    """Compile the machine. One serves every decision of a process."""
    graph = StateGraph(State, context_schema=Deps)
    graph.add_node("plan", _plan)
    graph.add_node("claim", _claim)
    graph.add_node("hand_over", _hand_over)
    graph.add_node("close", _close)
    graph.add_node("pause", _pause)
    graph.add_conditional_edges(START, _next, _START)
    graph.add_conditional_edges("plan", _next, _AFTER)
    graph.add_conditional_edges("claim", _next, _AFTER)
    graph.add_conditional_edges("hand_over", _next, _AFTER)
    graph.add_edge("close", END)
    graph.add_edge("pause", END)
    return graph.compile()


async def step(machine: Machine, env: Environment, run: Run, *, start: str) -> str:
    """Run one decision from `start` until it parks, pauses or is done. Returns which."""
    result = await machine.ainvoke(
        {"decision_id": run.id, "step": start},
        {"configurable": {"thread_id": run.id}, "recursion_limit": MOST_STEPS},
        context=Deps(env, run),
    )
    return str(result["step"])


def _note_perceived(run: Run) -> None:
    assert run.picture is not None
    picture = run.noted = run.picture
    run.unflushed.append(
        (
            "perceived",
            bodies.perceived(
                facts=perceived_facts(run),
                memories=run.memories,
                withheld_memories=run.withheld_memories,
                zone=picture.zone if picture.zone_is_known else None,
                now_us=picture.now_us,
            ),
        )
    )
