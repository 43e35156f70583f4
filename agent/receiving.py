"""Receipts come in: verified by their provider's signature, durable before they are answered.

Each becomes a message of Segment's names (`Email Delivered`, `Email Bounced`, `Message Replied`, …)
in the same inbox as every other, under a source that only this module writes; what a provider sends
again is known by its own id and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.accepting import Accepted, Incoming, accept
from agent.errors import BadRequest, NotFound, Unauthorised
from agent.plain import unplain
from customers import receipts
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from tools.channels.receipts.receipt import BadSignature, Malformed, Posted, Reader, Receipt

Arrived = Callable[[Sequence[Accepted]], None]


def machine_us() -> int:
    """The machine's time: providers live by it, whatever the clock of business says."""
    return time.time_ns() // 1_000


class Receiving:
    """Takes receipts. `arrived` is called once they are durable."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        readers: Mapping[str, Reader],
        *,
        arrived: Arrived,
        machine: Callable[[], int] = machine_us,
    ) -> None:
        self._db = db
        self._clock = clock
        self._readers = readers
        self._arrived = arrived
        self._machine = machine

    async def take(self, name: str, posted: Posted) -> int:
        """Accept what a provider posts, all or none. Returns how many receipts it held.

        Raises `NotFound`, `Unauthorised` where the signature is not theirs, `BadRequest` where it
        is and the body cannot be read.
        """
        reader = self._reader(name)
        try:
            found = reader.read(posted, now_us=self._machine())
            now_us = self._clock.now_us()
            incoming = [_message(name, receipt, now_us) for receipt in found]
        except BadSignature as bad:
            raise Unauthorised(f"receipts of {name}: {bad}") from None
        except Malformed as bad:
            raise BadRequest(f"receipts of {name}: {bad}") from None
        if incoming:
            source = f"{receipts.SOURCE}{name}"
            self._arrived(
                await self._db.write(accept, self._db.vault, source, incoming, now_us=now_us)
            )
        return len(incoming)

    def challenge(self, name: str, query: Mapping[str, str]) -> str:
        """What a provider wants to hear back. Raises `NotFound` and `Unauthorised`."""
        try:
            said = self._reader(name).challenge(query)
        except BadSignature as bad:
            raise Unauthorised(f"receipts of {name}: {bad}") from None
        if said is None:
            raise NotFound("this address takes receipts by POST, and answers Meta's hub.challenge")
        return said

    def _reader(self, name: str) -> Reader:
        reader = self._readers.get(name)
        if reader is None:
            raise NotFound(
                "no such provider of receipts is set up here: usher.toml names them, "
                "[receipts.NAME]"
            )
        return reader


def _message(name: str, receipt: Receipt, now_us: int) -> Incoming:
    body = message_of(name, receipt, now_us=now_us)
    problem = unplain(body, where="receipt")
    if problem is not None:
        raise Malformed(problem)
    return Incoming(
        event_id=new_id("evt"),
        kind="track",
        message_id=receipt.provider_event_id,
        body=body,
    )


def message_of(name: str, receipt: Receipt, *, now_us: int) -> dict[str, Any]:
    """A receipt as the resolver reads it. Nothing has happened in the future."""
    stated: dict[str, Any] = {"channel": receipt.channel}
    if receipt.address is not None:
        stated[receipts.KIND_OF[receipt.channel]] = receipt.address
    if receipt.kind == "bounced":
        stated["type"] = "hard" if receipt.permanent else "soft"
    if receipt.kind == "replied":
        stated |= {"text": receipt.text or "", "from": receipt.address}
        stated["opt_out"] = receipt.opt_out
    if receipt.machine:
        stated["is_bot"] = True
    return {
        "type": "track",
        "event": receipts.event_name(receipt.channel, receipt.kind),
        "properties": stated,
        "occurred_at_us": min(receipt.at_us, now_us),
        "receipt": {
            "provider": name,
            "id": receipt.provider_event_id,
            "message_id": receipt.provider_message_id,
            "effect_id": receipt.effect_id,
            "channel": receipt.channel,
            "kind": receipt.kind,
            "address": receipt.address,
            "machine": receipt.machine,
            "permanent": receipt.permanent,
            "opt_out": receipt.opt_out,
            "reason": receipt.reason,
        },
    }
