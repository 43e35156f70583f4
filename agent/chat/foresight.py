"""Which rules would speak, were each of these people written to now: asked of the gate itself.

An outlook, not an answer: what is really proposed is decided when it is proposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from agent.chat.carts import Target, context_of
from agent.environment import Environment
from agent.perceive import setting_of
from agent.run import Opening
from customers.barrier import barrier
from policies.verdict import FiredKind, Outcome, Verdict
from prompts.agents import AgentFile
from store.sealing import Erased
from tools.gate import Proposed, decide
from tools.instants import DAY_US, instant
from tools.picture import CHANNELS, Picture, load_picture
from tools.tool import Setting

#: So many people are looked at; the rules of the others are told when they are decided on.
AT_MOST = 50
_WITHHELD = ("withheld", "contact with this person has been stopped, or they were erased")
_SURE = 10_000


def outlook(
    conn: Connection, env: Environment, agent: AgentFile, goal: str, targets: Sequence[Target]
) -> list[dict[str, Any]]:
    """`{rule, because, people}`, the rule that concerns most people first."""
    said: dict[tuple[str, str], int] = {}
    for target in targets[:AT_MOST]:
        try:
            speaks = _speaks(conn, env, agent, goal, target)
        except Erased:
            speaks = {_WITHHELD[0]: _WITHHELD[1]}
        for rule, because in speaks.items():
            said[rule, because] = said.get((rule, because), 0) + 1
    rows = sorted(said.items(), key=lambda item: (-item[1], item[0]))
    return [{"rule": r, "because": b, "people": n} for (r, b), n in rows]


def _speaks(
    conn: Connection, env: Environment, agent: AgentFile, goal: str, target: Target
) -> dict[str, str]:
    vault, now_us = env.db.vault, env.clock.now_us()
    if barrier(conn, vault, target.customer_id, purpose=agent.purpose, now_us=now_us):
        return {_WITHHELD[0]: _WITHHELD[1]}
    context = context_of(conn, vault, target)
    pack = env.shelf.live(conn, env.pack_name, goal)
    picture = load_picture(
        conn,
        vault,
        customer_id=target.customer_id,
        context=context,
        pack=pack,
        now_us=now_us,
        agent=agent.name,
    )
    opening = Opening(
        decision_id="dec_outlook",
        journey_id=target.journey_id or "jrn_outlook",
        customer_id=target.customer_id,
        goal=goal,
        agent=agent,
        agent_version=0,
        arm="agent",
        mode="sandbox",
        context=context,
        wakes=(),
        journey_opened_at=now_us,
        decisions_before=0,
    )
    verdicts = _verdicts(picture, setting_of(env, env.ground, opening, pack))
    if not verdicts:
        return {}
    best = min(verdicts, key=lambda verdict: verdict.outcome.rank)
    return {
        fired.rule: fired.because
        for fired in best.fired
        if fired.outcome is not Outcome.ALLOW or fired.kind is FiredKind.QUIET
    }


def _verdicts(picture: Picture, setting: Setting) -> list[Verdict]:
    """What the gate says of the agent's first message of each channel that holds no discount."""
    found = []
    for channel in CHANNELS:
        name = _plain_message(channel, picture, setting)
        if name is None or f"send_{channel}" not in setting.agent.tools:
            continue
        call = Proposed(
            id="outlook",
            tool=f"send_{channel}",
            args={
                "message": name,
                "slots": {},
                "offer_id": None,
                "useful_until": instant(picture.now_us + 2 * DAY_US).isoformat(),
            },
            reasoning="",
            confidence_bp=_SURE,
        )
        found.append(decide(picture, call, setting).verdict)
    return found


def _plain_message(channel: str, picture: Picture, setting: Setting) -> str | None:
    person = picture.profile
    for name in setting.agent.messages:
        file = setting.library.pick_message(name, locale=person.locale, language=person.language)
        if file is not None and file.channel == channel and not file.names_discount:
            return name
    return None
