"""Act: each proposed call through the gate; reads answered, one effect at a time, pauses alone.

The first call that is not a plain allowed read ends the batch: the planner sees the result before
it goes on. A marketing contact that the gate allows is not made here but becomes the decision's
contender, until the lane has settled and arbitration has spoken (DESIGN §3.7).
"""

from __future__ import annotations

from typing import Any

from agent.arbitration import fit, terms_of
from agent.claiming import claim_effect
from agent.environment import Environment
from agent.planning import ProposedCall
from agent.run import Closing, Contender, Run
from agent.steps import add_step, denied_result, has_acted
from policies.verdict import Outcome
from store.ids import new_id
from tools.gate import Decided, Proposed, decide, largest_allowed
from tools.next_slot import possible_from
from tools.tool import ActionKind, ToolRefused

#: Turns from one piece of news to the next; a planner that has come to no end by then is stopped.
MOST_TURNS = 8


async def act(env: Environment, run: Run, calls: tuple[ProposedCall, ...]) -> None:
    """Carry out one proposal, as far as it goes. Sets what the run does next."""
    for call in calls:
        proposed = Proposed(
            id=call.id,
            tool=call.tool,
            args=call.args,
            reasoning=call.reasoning,
            confidence_bp=call.confidence_bp,
            overrides=dict(call.overrides),
        )
        if _said_before(run, proposed):
            run.closing = Closing(
                "no_action", "the planner proposed the same call again", {"kind": "stopped"}
            )
            return
        if not await _one(env, run, proposed):
            return


async def propose(env: Environment, run: Run, proposed: Proposed) -> str:
    """One call outside a planner's turn: an approved or an edited one. Returns where to go on."""
    await _one(env, run, proposed)
    if run.contender is not None and run.contender.decided.allowed:
        return "claim"
    return go_on(run)


async def _one(env: Environment, run: Run, proposed: Proposed) -> bool:
    """One call. True where the batch may go on."""
    assert run.picture is not None and run.setting is not None
    decided = decide(run.picture, proposed, run.setting)
    outcome = decided.verdict.outcome
    if outcome in (Outcome.DENY, Outcome.NEEDS_REASON):
        limit = largest_allowed(run.picture, decided, run.setting)
        later = possible_from(run.picture, decided, run.setting)
        add_step(run, decided, denied_result(decided, limit, later))
        return False
    assert decided.tool is not None and decided.args is not None
    if not decided.tool.is_effect:
        return await _read_or_control(env, run, decided)
    try:
        await _effect(env, run, decided)
    except ToolRefused as refused:
        add_step(run, decided, {"invalid": str(refused)})
    return False


async def _read_or_control(env: Environment, run: Run, decided: Decided) -> bool:
    assert run.picture is not None and run.setting is not None and decided.tool is not None
    if decided.tool.recalls:
        found = await env.recall.recall(
            run.opening.customer_id,
            purpose=run.opening.agent.purpose,
            query=str(decided.proposed.args["query"]),
            now_us=run.picture.now_us,
        )
        add_step(run, decided, {"memories": [m.as_json() for m in found.used]})
        return True
    assert decided.tool.answer is not None
    result = decided.tool.answer(run.picture, decided.args, run.setting)
    add_step(run, decided, result)
    if decided.kind is ActionKind.READ:
        return True
    run.closing = _ending(run, decided, result)
    return False


def _ending(run: Run, decided: Decided, result: dict[str, Any]) -> Closing:
    if decided.proposed.tool == "check_back":
        return Closing(
            "no_action", result["because"], {"kind": "check_back"}, look_again_at=result["at_us"]
        )
    status = "completed" if has_acted(run) else "no_action"
    return Closing(status, result["because"], {"kind": result["outcome"]})


async def _effect(env: Environment, run: Run, decided: Decided) -> None:
    assert run.picture is not None and run.setting is not None
    assert decided.tool is not None and decided.tool.prepare is not None
    effect_id = new_id("eff")
    prepared = decided.tool.prepare(run.picture, decided.args, run.setting, effect_id)
    contact = decided.kind is ActionKind.CONTACT
    last = max((c.at for c in run.picture.contacts), default=None)
    terms = terms_of(
        confidence_bp=decided.proposed.confidence_bp,
        value_minor=run.picture.cart_value_minor,
        last_contact_at=last,
        now_us=run.picture.now_us,
        channel_fit=fit(prepared.channel, stated=run.picture.profile.preferred_channel),
        goal=run.opening.goal,
        contest=run.setting.pack.arbitration,
    )
    if run.opening.mode == "shadow":
        add_step(run, decided, {"shadow": True, **prepared.result})
        if contact:
            run.closing = Closing(
                "no_action", "decided in shadow: nothing is done", {"kind": "shadow"}
            )
        return
    run.contender = Contender(decided, prepared, effect_id, terms)
    if decided.verdict.outcome is not Outcome.ALLOW:
        run.approval_id = new_id("apr")
        return
    if contact and prepared.message_class == "marketing":
        return
    await claim_effect(env, run)


def go_on(run: Run) -> str:
    """Where the state machine goes from here: `plan`, `hand_over`, `park`, `pause` or `close`."""
    if run.closing is not None:
        return "close"
    if run.approval_id is not None:
        return "pause"
    if run.handing_over is not None:
        return "hand_over"
    if run.contender is not None:
        return "park"
    if run.turn - run.news_at >= MOST_TURNS:
        run.closing = Closing("no_action", "no end was found in time", {"kind": "stopped"})
        return "close"
    return "plan"


def withdraw(run: Run, reason: str) -> None:
    """Something happened before the contact was made: put the contender aside and look again."""
    if run.contender is None:
        return
    contender = run.contender
    add_step(run, contender.decided, {"withdrawn": reason})
    run.contender, run.approval_id = None, None
    run.picture = None


def _said_before(run: Run, proposed: Proposed) -> bool:
    """An identical call that was denied since something new was last heard of."""
    return any(
        step["n"] > run.news_at
        and step["call"]["tool"] == proposed.tool
        and step["call"]["args"] == proposed.args
        and step["overrides"] == proposed.overrides
        and step["verdict"]["outcome"] == "deny"
        for step in run.steps
    )
