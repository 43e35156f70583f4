"""What people have stopped: a brake over a part of what we do, a lease over one customer.

Only what reaches a customer, or promises them something, is stopped: contacts and offers. Tickets,
escalations, suppressions and reads never are. A stop speaks before the pack does, and no reason, no
approval and no other pack lifts it; only people do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from customers import leases
from customers.leases import Lease
from policies.verdict import FactValue, Fired, FiredKind, Outcome
from store import brakes
from store.brakes import Brake, Touch
from tools.instants import instant
from tools.tool import ActionKind, Args, Setting, Tool

BRAKE, LEASE = "brake", "lease"
#: Rules that are no pack's: a call they denied was never put to one.
RULES = frozenset({BRAKE, LEASE})
STOPPED = (ActionKind.CONTACT, ActionKind.OFFER)
_SCOPES = {
    "all": "Everything that reaches customers is",
    "offers": "All discounts are",
    "channel:email": "All e-mail is",
    "channel:sms": "All text messages are",
}


def fired_by(
    tool: Tool,
    args: Args,
    setting: Setting,
    *,
    pulled: Iterable[Brake],
    held: Iterable[Lease],
) -> tuple[Fired, ...]:
    """What stops this call; nothing where it may go on to the pack."""
    if tool.kind not in STOPPED:
        return ()
    with_offer = tool.kind is ActionKind.OFFER or getattr(args, "offer_id", None) is not None
    touch = Touch(setting.agent.name, setting.goal, tool.channel, with_offer)
    stops = [_of_brake(brake) for brake in pulled if brake.covers(touch)]
    return tuple([*stops, *(_of_lease(lease) for lease in held)])


def holding(conn: Connection, row: Row[Any], now_us: int) -> str | None:
    """Why a contact in the ledger stays where it is for now; None where it may go out.

    It was claimed before any brake that covers it was pulled, so one that drains lets it go.
    """
    if row.kind not in STOPPED:
        return None
    touch = brakes.of_effect(conn, row)
    for brake in brakes.in_force(conn):
        if touch is not None and brake.in_flight != "drain" and brake.covers(touch):
            return of_brake(brake)
    for lease in leases.in_force(conn, row.customer_id, now_us):
        return of_lease(lease)
    return None


def of_brake(brake: Brake) -> str:
    """A brake in an operator's words."""
    word, _, name = brake.scope.partition(":")
    what = _SCOPES.get(brake.scope, f"Everything of the {word} “{name}” is")
    return f"{what} stopped: {brake.by} pulled the brake on {_moment(brake.at)} ({brake.reason})"


def of_lease(lease: Lease) -> str:
    """A lease in an operator's words."""
    return f"This customer is in the hands of {lease.holder} until {_moment(lease.until)}"


def _of_brake(brake: Brake) -> Fired:
    read: dict[str, FactValue] = {"brake.id": brake.id, "brake.scope": brake.scope}
    return Fired(BRAKE, FiredKind.STOP, of_brake(brake), read, Outcome.DENY)


def _of_lease(lease: Lease) -> Fired:
    read: dict[str, FactValue] = {"lease.holder": lease.holder, "lease.until_us": lease.until}
    return Fired(LEASE, FiredKind.STOP, of_lease(lease), read, Outcome.DENY)


def _moment(at_us: int) -> str:
    at = instant(at_us)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC"
