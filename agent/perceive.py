"""Perceive: one look at the customer, behind the read barrier, before any planner (P5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from agent.environment import Environment
from agent.lane_unit import Ground
from agent.run import Closing, Opening, Run
from customers.barrier import barrier
from customers.suppression import MARKETING
from policies.pack import Pack
from store import ledger
from store.ledger import EffectStatus
from store.sealing import Vault
from tools.codes import fresh_code, unsubscribe_token
from tools.packs import PackShelf
from tools.picture import Picture, load_picture
from tools.tool import Setting


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen; `barred` names why nothing was."""

    barred: str | None
    pack: Pack | None = None
    picture: Picture | None = None
    queued_here: tuple[str, ...] = ()


def look(
    conn: Connection,
    vault: Vault,
    shelf: PackShelf,
    *,
    opening: Opening,
    pack_name: str,
    now_us: int,
) -> Look:
    """Read the picture of the decision's customer, unless they are out of reach for this purpose.

    Marketing that is queued and unsent does not count: a newer contact of the same journey takes
    its place, and one of another journey competes with it. What is not pre-empted counts in the
    claim.
    """
    barred = barrier(conn, vault, opening.customer_id, purpose=opening.agent.purpose, now_us=now_us)
    if barred is not None:
        return Look(barred)
    pack = shelf.live(conn, pack_name, opening.goal)
    queued = ledger.open_effects(conn, opening.customer_id, [EffectStatus.SCHEDULED])
    here = tuple(row.id for row in queued if row.journey_id == opening.journey_id)
    competing = {row.id for row in queued if row._mapping["class"] == MARKETING}
    picture = load_picture(
        conn,
        vault,
        customer_id=opening.customer_id,
        context=opening.context,
        pack=pack,
        now_us=now_us,
        without=frozenset({*here, *competing}),
        agent=opening.agent.name,
    )
    return Look(None, pack, picture, here)


async def perceive(env: Environment, run: Run) -> None:
    """Fill the run's picture and memories, or close it as withheld."""
    opening = run.opening
    seen = await env.db.read(
        look,
        env.db.vault,
        env.shelf,
        opening=opening,
        pack_name=env.pack_name,
        now_us=env.clock.now_us(),
    )
    if seen.barred is not None:
        _withhold(run, seen.barred)
        return
    assert seen.picture is not None and seen.pack is not None
    run.picture = seen.picture
    run.queued_here = seen.queued_here
    run.setting = setting_of(env, env.ground, opening, seen.pack)
    if not run.perceived:
        found = await env.recall.recall(
            opening.customer_id,
            purpose=opening.agent.purpose,
            query=_question(run),
            now_us=seen.picture.now_us,
        )
        run.memories = [m.as_json() for m in found.used]
        run.withheld_memories = [m.as_json() for m in found.withheld]
        run.perceived = True


async def look_no_more(env: Environment, run: Run) -> None:
    """Close a run that has perceived as withheld, where its person is out of reach by now.

    Asked before every further turn: a model takes its time, and who was stopped or erased meanwhile
    is in no prompt that is written after it.
    """
    opening = run.opening
    barred = await env.db.read(
        barrier,
        env.db.vault,
        opening.customer_id,
        purpose=opening.agent.purpose,
        now_us=env.clock.now_us(),
    )
    if barred is not None:
        _withhold(run, barred)


def setting_of(env: Environment, ground: Ground, opening: Opening, pack: Pack) -> Setting:
    """What the decision's calls stand in."""
    vault = env.db.vault
    return Setting(
        agent=opening.agent,
        library=env.library,
        pack=pack,
        goal=opening.goal,
        journey_id=opening.journey_id,
        decision_id=opening.decision_id,
        context=opening.context,
        mode=opening.mode,
        sender=env.sender,
        public_url=env.public_url,
        fresh_code=fresh_code,
        unsubscribe_token=lambda effect_id: unsubscribe_token(vault, effect_id),
        carried=frozenset(env.router.live),
    )


def _withhold(run: Run, barred: str) -> None:
    run.closing = Closing("withheld", f"this person is {barred}", {"kind": "withheld"})


def _question(run: Run) -> str:
    """What to look for in memory: the goal, the cart's articles, the news."""
    assert run.picture is not None
    words: list[Any] = [run.opening.goal.replace("_", " ")]
    words += [line.name for line in run.picture.lines]
    words += [wake.name for wake in run.wakes]
    return ", ".join(str(word) for word in words)
