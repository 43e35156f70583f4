"""One test letter through a channel, told step by step, before a customer depends on it.

It goes where an operator says, says that it is a test, and holds nothing of anybody. An address
whose owner wants no letters gets none of these either.
"""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

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
from tools.channels.addresses import mailbox
from tools.channels.channel import Letter, SendStatus
from tools.channels.routing import NO_WAY_OUT
from tools.channels.smtp import Smtp
from tools.channels.smtp_session import Step
from tools.instants import instant

log = structlog.get_logger("usher.channels")

_STEPS: Final = {
    Step.CONNECT: "the mail server answers",
    Step.HELLO: "it greets us",
    Step.TLS: "the connection is encrypted",
    Step.LOGIN: "it knows the account",
    Step.SENDER: "it takes the sender",
    Step.RECIPIENT: "it takes the recipient",
    Step.DATA: "it is ready for the letter",
    Step.LETTER: "the letter is written",
    Step.ANSWER: "it has taken the letter",
}


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
    address = mailbox(to)
    if address is None:
        raise Invalid("this is not one e-mail address such as ada@shop.example")
    only = env.router.send_only_to
    if only is not None and not only.holds(address):
        raise Conflict("USHER_SEND_ONLY_TO does not name this address")
    if await env.db.read(_unwanted, env.db.vault, address, env.clock.now_us()):
        raise Conflict("whoever has this address wants no letters; take one of your own")
    smtp = env.router.named(name, kind=channel.kinds[0])
    if not isinstance(smtp, Smtp):
        raise Conflict("other channels were put in this one's place when the service was started")
    told: list[Step] = []
    letter = _letter(env, address, name)
    result = await smtp.send(letter, still_ours=_ours, told=told.append)
    log.info("channel_checked", channel=name, by=by, status=result.status.value)
    ok = result.status is SendStatus.SENT
    detail = (
        result.detail or f"look for it in the mailbox; the server calls it {result.provider_id}"
    )
    return _report(name, told, ok=ok, status=result.status.value, detail=detail)


async def _ours() -> bool:
    return True


def _report(name: str, told: list[Step], *, ok: bool, status: str, detail: str) -> dict[str, Any]:
    steps = [{"step": step.value, "said": _STEPS[step]} for step in dict.fromkeys(told)]
    return {"channel": name, "ok": ok, "status": status, "detail": detail, "steps": steps}


def _letter(env: Environment, to: str, name: str) -> Letter:
    sender = env.sender["email"]
    effect_id = new_id("chk")
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(display_name=env.library.brand.name, addr_spec=sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = f"Usher: a test of the channel {name}"
    mail["Date"] = format_datetime(instant(env.clock.now_us()).replace(microsecond=0))
    mail["Message-ID"] = f"<{effect_id}@{sender.rpartition('@')[2]}>"
    mail.set_content(
        f"This letter was sent by Usher to test the channel {name}.\n"
        "It was asked for by an operator, and nobody else got it.\n",
        cte="quoted-printable",
    )
    raw = mail.as_bytes()
    return Letter(
        effect_id=effect_id,
        idempotency_key=effect_id,
        customer_id="",
        channel="email",
        to=to,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        sender=sender,
    )


def _unwanted(conn: Connection, vault: Vault, address: str, now_us: int) -> bool:
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
        row.scope == "all" or (row.scope == "address" and row.channel in (None, "email"))
        for row in rows
    )
