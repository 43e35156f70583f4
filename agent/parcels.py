"""Parcels: a claimed letter with what its way depends on, and what is true when it sets out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store import agent_modes, lanes, ledger
from store.schema import decisions
from store.sealing import Vault
from tools import stops
from tools.channels.channel import Letter
from tools.channels.routing import NoRoute, Route, Router
from tools.claim import waiting_letter

NO_LONGER_LIVE = "the agent is no longer live"
STOPPED = "it was stopped before it was handed over"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter, the mode it was decided in, and the channel it set out by before, if it did."""

    letter: Letter
    agent: str
    mode: str
    message_class: str
    via: str | None


def parcel_of(
    conn: Connection, vault: Vault, sender: Mapping[str, str], effect_id: str
) -> Parcel | None:
    """The parcel of a claim; None where it is none any more."""
    row = ledger.get(conn, effect_id)
    body = waiting_letter(conn, vault, effect_id)
    if row is None or body is None:
        return None
    agent = conn.execute(
        select(decisions.c.agent).where(decisions.c.id == row.decision_id)
    ).scalar_one()
    letter = Letter(
        effect_id=effect_id,
        idempotency_key=row.idempotency_key,
        customer_id=row.customer_id,
        channel=row.channel,
        to=body["to"],
        raw=body["raw"].encode("utf-8"),
        sha256=row.sha256,
        sender=sender.get(row.channel, ""),
    )
    return Parcel(letter, str(agent), row.mode, row._mapping["class"], row.via)


def way_of(router: Router, parcel: Parcel) -> Route | NoRoute:
    """The way a parcel takes: the one it set out by, whatever settings say now, else theirs."""
    kind = parcel.letter.channel
    if parcel.via is None:
        return router.route(
            kind=kind,
            mode=parcel.mode,
            to=parcel.letter.to,
            message_class=parcel.message_class,
        )
    channel = router.named(parcel.via, kind=kind)
    if channel is None:
        return NoRoute(f"it set out by the channel {parcel.via}, which is not there any more")
    return Route(channel, reaches_people=True)


def set_out(conn: Connection, parcel: Parcel, *, epoch: int, via: str) -> str | None:
    """Write down the channel before anything is handed to it; why it stays, where it stays.

    Under the lane's epoch: `StaleEpoch` where somebody has taken the lane.
    """
    letter = parcel.letter
    lanes.hold(conn, letter.customer_id, epoch)
    if _pulled_back(conn, parcel):
        return NO_LONGER_LIVE
    begun = ledger.hand_over_by(conn, letter.effect_id, epoch=epoch, via=via)
    return None if begun else STOPPED


def still_stands(
    conn: Connection, parcel: Parcel, *, epoch: int, monotonic_us: int, now_us: int
) -> bool:
    """Asked just before hand-over: the claim is good and still of use, and nobody has taken the
    agent back, pulled the brake or taken the customer into their hands."""
    effect_id = parcel.letter.effect_id
    if not ledger.still_claimed(conn, effect_id, epoch=epoch, monotonic_us=monotonic_us):
        return False
    row = ledger.get(conn, effect_id)
    if row is None or row.expires_at <= now_us:
        return False
    stopped = stops.holding(conn, row, now_us) is not None
    return not stopped and not _pulled_back(conn, parcel)


def _pulled_back(conn: Connection, parcel: Parcel) -> bool:
    """Whether this was decided live, and its agent is not live now."""
    return parcel.mode == "live" and not agent_modes.is_live(conn, parcel.agent)
