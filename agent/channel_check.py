"""One test letter through a channel, told step by step, before a customer depends on it.

It goes where an operator says, says that it is a test, and holds nothing of anybody. An address
whose owner wants no letters gets none of these either.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import structlog
from sqlalchemy import Connection, select

from agent.channel_settings import OutboxSettings
from agent.channels import described
from agent.environment import Environment
from agent.errors import Conflict, Invalid, NotFound
from agent.settings import Settings
from customers import suppression
from customers.resolve import find, possible, was_erased
from store.ids import new_id
from store.schema import suppressions
from store.sealing import Vault
from tools.channels.channel import SendStatus
from tools.channels.routing import NO_WAY_OUT
from tools.channels.trial import NotAnAddress, Trial, Tried

log = structlog.get_logger("usher.channels")
Report: TypeAlias = dict[str, Any]


def listing(env: Environment, settings: Settings) -> dict[str, Any]:
    """Every channel that is set up, what is sent where, and what is in the way of going live."""
    channels = described(settings, env.sender)
    lacking = [
        f"live {kind} goes nowhere: no channel carries it"
        for kind in ("email", "sms")
        if kind not in env.router.live
    ]
    if "email" in env.router.live and env.router.public_url is None:
        lacking.append(NO_WAY_OUT)
    only = settings.send_only_to
    return {
        "items": channels,
        "next_cursor": None,
        "send_only_to": None if only is None else list(only),
        "in_the_way": lacking,
    }


async def check(
    env: Environment, settings: Settings, name: str, to: str, *, by: str
) -> dict[str, Any]:
    """Send one test letter; every step that went well, and what the last one came to.

    Raises `NotFound`, `Invalid` for an address that is none, and `Conflict` where it may not go.
    """
    channel = settings.channels.get(name)
    if channel is None:
        known = ", ".join(sorted(settings.channels)) or "none"
        raise NotFound(f"usher.toml has no channel '{name}'; there are: {known}")
    if isinstance(channel, OutboxSettings):
        said = "letters of this channel lie in the outbox, a folder of this server"
        return _report(name, [], ok=True, status="sent", detail=said)
    kind = channel.kinds[0]
    tried = env.router.named(name, kind=kind)
    if not isinstance(tried, Tried):
        raise Conflict("other channels were put in this one's place when the service was started")
    try:
        letter = tried.to_try(_trial(env, name, kind, to))
    except NotAnAddress as wanted:
        raise Invalid(str(wanted)) from None
    only = env.router.send_only_to
    if only is not None and not only.holds(letter.to):
        raise Conflict("USHER_SEND_ONLY_TO does not name this address")
    if await env.db.read(_unwanted, env.db.vault, letter.to, kind, env.clock.now_us()):
        raise Conflict("whoever has this address wants no letters; take one of your own")
    told: list[str] = []
    result = await tried.send(letter, still_ours=_ours, told=told.append)
    log.info("channel_checked", channel=name, by=by, status=result.status.value)
    ok = result.status is SendStatus.SENT
    detail = result.detail or f"look for it there; the other side calls it {result.provider_id}"
    steps = [{"step": str(step), "said": tried.steps[step]} for step in dict.fromkeys(told)]
    return _report(name, steps, ok=ok, status=result.status.value, detail=detail)


def _trial(env: Environment, name: str, kind: str, to: str) -> Trial:
    return Trial(
        channel=name,
        kind=kind,
        effect_id=new_id("chk"),
        to=to,
        sender=env.sender.get(kind, ""),
        sender_name=env.library.brand.name,
        at_us=env.clock.now_us(),
    )


async def _ours() -> bool:
    return True


def _report(
    name: str, steps: list[dict[str, str]], *, ok: bool, status: str, detail: str
) -> Report:
    return {"channel": name, "ok": ok, "status": status, "detail": detail, "steps": steps}


def _unwanted(conn: Connection, vault: Vault, address: str, kind: str, now_us: int) -> bool:
    """Whether somebody with this address was erased, or has had letters to it stopped."""
    if was_erased(conn, vault, address):
        return True
    customer_id = find(conn, vault, address)
    if customer_id is not None:
        rows = suppression.in_force(conn, customer_id, now_us)
    else:
        hashes = [h for identifier in possible(address) for h in identifier.hashes(vault)]
        unknown = select(suppressions).where(suppressions.c.identifier_hash.in_(hashes))
        rows = [row for row in conn.execute(unknown) if suppression.holds(row, now_us)]
    return any(
        row.scope == "all" or (row.scope == "address" and row.channel in (None, kind))
        for row in rows
    )
