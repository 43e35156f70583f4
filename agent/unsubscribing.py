"""The link to unsubscribe: what it stands for, and what happens once somebody has pressed it.

Looking changes nothing, however often. Pressing is an `Unsubscribed` event of the letter's own
effect, from a source of ours: durable before it is answered, resolved like every other, so that it
suppresses marketing and cancels what is queued in one unit. Where that holds already nothing is
written, and where it was lifted since, it holds again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from agent.accepting import Incoming, accept
from agent.receiving import Arrived, message_of
from customers import merge, receipts, suppression
from customers.barrier import barrier
from store import ledger
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.schema import customers
from store.sealing import Erased, Vault
from tools.channels.receipts.receipt import Receipt
from tools.codes import effect_of_token

#: The inbox's source of what is pressed on our own page; no table of settings has such a name.
NAME = "_link"
_WAIT_S = 5.0


class Standing(StrEnum):
    """Where whoever holds the link stands."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Link:
    """A link of ours: its letter's effect, channel and locale, and whose it is."""

    effect_id: str
    channel: str
    locale: str
    standing: Standing


class Unsubscribing:
    """The service behind `/u/{token}`. `reached` returns once an arrival is resolved."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        arrived: Arrived,
        reached: Callable[[int], Awaitable[None]],
        wait: float = _WAIT_S,
    ) -> None:
        self._db = db
        self._clock = clock
        self._arrived = arrived
        self._reached = reached
        self._wait = wait

    async def look(self, token: str) -> Link | None:
        """What a token stands for; None where it is none of ours. Changes nothing."""
        effect_id = effect_of_token(self._db.vault, token)
        if effect_id is None:
            return None
        return await self._db.read(_link, self._db.vault, effect_id, self._clock.now_us())

    async def act(self, token: str) -> Link | None:
        """Unsubscribe whoever the letter went to; durable on return, and mostly in force."""
        link = await self.look(token)
        if link is None or link.standing is not Standing.SUBSCRIBED:
            return link
        now_us = self._clock.now_us()
        event_id = new_id("evt")
        pressed = Receipt(
            provider=NAME,
            provider_event_id=event_id,
            effect_id=link.effect_id,
            provider_message_id=None,
            channel=link.channel,
            kind="unsubscribed",
            address=None,
            at_us=now_us,
        )
        body = message_of(NAME, pressed, now_us=now_us)
        incoming = Incoming(event_id=event_id, kind="track", message_id=event_id, body=body)
        accepted = await self._db.write(
            accept, self._db.vault, f"{receipts.SOURCE}{NAME}", [incoming], now_us=now_us
        )
        self._arrived(accepted)
        # In vain: it is durable, and resolved before anything newer of this person is.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reached(accepted[0].seq), self._wait)
        return Link(link.effect_id, link.channel, link.locale, Standing.UNSUBSCRIBED)


def _link(conn: Connection, vault: Vault, effect_id: str, now_us: int) -> Link | None:
    effect = ledger.get(conn, effect_id)
    if effect is None:
        return None
    customer_id = merge.survivor(conn, str(effect.customer_id))
    erased = conn.execute(select(customers.c.erased_at).where(customers.c.id == customer_id))
    if erased.scalar() is not None:
        return Link(effect_id, effect.channel, "", Standing.ERASED)
    try:
        locale = str(vault.open_json("effects.body", effect.body_sealed).get("locale") or "")
    except Erased:
        return Link(effect_id, effect.channel, "", Standing.ERASED)
    barred = barrier(conn, vault, customer_id, purpose=suppression.MARKETING, now_us=now_us)
    standing = Standing.SUBSCRIBED if barred is None else Standing.UNSUBSCRIBED
    return Link(effect_id, effect.channel, locale, standing)
