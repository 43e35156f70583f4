"""`create_ticket` and `escalate`: hand the matter to people.

A ticket lies here for the team; where a channel carries tickets, their own system gets it besides.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection

from store.ids import new_id
from store.schema import tickets
from store.sealing import Vault
from tools.instants import DAY_US
from tools.picture import Picture
from tools.requests import asked
from tools.tool import ActionKind, Args, FactValue, Prepared, Reversibility, Risk, Setting, Tool

_LONGEST_SUBJECT = 120


class CreateTicket(Args):
    """A ticket for a team, with what it should know."""

    queue: Literal["service", "sales", "fulfilment"]
    priority: Literal["low", "normal", "high"]
    summary: Annotated[str, Field(min_length=1, max_length=500)]


class Escalate(Args):
    """A person must look at this customer before anything else happens in this journey."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


def _facts(picture: Picture, args: Args, setting: Setting) -> dict[str, FactValue]:
    return {"customer.open_tickets": picture.open_tickets}


def _ticket(
    picture: Picture, setting: Setting, *, queue: str, priority: str, summary: str, kind: str
) -> Prepared:
    ticket_id = new_id("tic")
    row = {
        "id": ticket_id,
        "decision_id": setting.decision_id,
        "customer_id": picture.customer_id,
        "queue": queue,
        "priority": priority,
        "at": picture.now_us,
        "status": "open",
    }
    return Prepared(
        kind=kind,
        channel="none",
        expires_at=picture.now_us + 30 * DAY_US,
        body={"ticket_id": ticket_id, "summary": summary},
        result={"ticket_id": ticket_id, "queue": queue},
        write=partial(_write, row=row, summary=summary),
    )


def _write(
    conn: Connection, vault: Vault, effect_id: str, *, row: dict[str, Any], summary: str
) -> None:
    sealed = vault.seal_json(row["customer_id"], "tickets.body", {"summary": summary})
    conn.execute(tickets.insert().values(**row, effect_id=effect_id, body_sealed=sealed))


def _prepare_ticket(p: Picture, args: CreateTicket, setting: Setting, effect_id: str) -> Prepared:
    here = _ticket(
        p,
        setting,
        queue=args.queue,
        priority=args.priority,
        summary=args.summary,
        kind=ActionKind.TICKET.value,
    )
    return _there_too(here, p, args, setting) if "ticket" in setting.carried else here


def _there_too(here: Prepared, p: Picture, args: CreateTicket, setting: Setting) -> Prepared:
    """The ticket as the team's own system is asked for it, beside the row that is here."""
    line = " ".join(args.summary.split())
    there = asked(
        kind=here.kind,
        channel="ticket",
        to=p.customer_id,
        what={
            "subject": line
            if len(line) <= _LONGEST_SUBJECT
            else f"{line[: _LONGEST_SUBJECT - 1]}…",
            "body": args.summary,
            "priority": args.priority,
            "queue": args.queue,
        },
        setting=setting,
        expires_at=here.expires_at,
        result=here.result,
        write=here.write,
    )
    return replace(there, purpose=here.purpose, body={**here.body, **there.body})


def _prepare_escalate(p: Picture, args: Escalate, setting: Setting, effect_id: str) -> Prepared:
    return _ticket(
        p, setting, queue="service", priority="high", summary=args.reason, kind="escalation"
    )


TOOLS = (
    Tool(
        name="create_ticket",
        kind=ActionKind.TICKET,
        description="Open a ticket for a team.",
        args=CreateTicket,
        facts=_facts,
        prepare=_prepare_ticket,
        reversibility=Reversibility.COMPENSABLE,
        risk=Risk.LOW,
    ),
    Tool(
        name="escalate",
        kind=ActionKind.TICKET,
        description="Hand this customer to a person; what is queued in this journey is held back.",
        args=Escalate,
        facts=_facts,
        prepare=_prepare_escalate,
        reversibility=Reversibility.COMPENSABLE,
        risk=Risk.LOW,
    ),
)
