"""Somebody whose provider says that they have stopped us is stopped here too, in the same unit.

A refusal may be the first that we hear of a STOP: the provider had it, and its receipt never came.
It closes the address that the letter was to go to, on its channel, and cancels what is queued for
it; service and other channels go on.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from agent.lane_unit import LaneUnit
from customers import profile, suppressed_once
from customers.identifiers import normalise
from customers.receipts import KIND_OF
from customers.stopping import stop_queued
from store.sealing import Erased
from tools.channels.channel import SendResult, SendStatus

REASON: Final = "the channel said that they have stopped it there"


def heed(unit: LaneUnit, row: Row[Any], result: SendResult) -> None:
    """Close the address of a refused effect, once, where its owner has stopped it.

    `row`: of the effect, as it was before it was settled.
    """
    if result.status is not SendStatus.REFUSED or not result.opted_out:
        return
    try:
        to = unit.vault.open_json("effects.body", row.body_sealed)["to"]
    except Erased:
        return
    address = normalise(KIND_OF[row.channel], to)
    if address is None:
        return
    address_hash = address.hashed(unit.vault)
    suppressed_once.suppress_once(
        unit.conn,
        unit.vault,
        suppression_id=f"sup_{row.id.removeprefix('eff_')}",
        customer_id=unit.customer_id,
        scope="address",
        channel=row.channel,
        address_hash=address_hash,
        reason=REASON,
        now_us=unit.now_us,
    )
    written_to = profile.address_hashes_of(unit.conn, unit.customer_id).get(row.channel)
    if written_to in (None, address_hash):
        stop_queued(
            unit.conn,
            unit.customer_id,
            channel=row.channel,
            purpose=None,
            reason=f"this address is closed: {REASON}",
            now_us=unit.now_us,
        )
