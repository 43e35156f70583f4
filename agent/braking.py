"""What a brake meets: queued contacts, open questions, running decisions, and who would be next.

Pulling is one unit. What is cancelled is cancelled in it; its decisions end in the customers'
lanes, which alone may write to the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from agent.errors import Conflict
from agent.fact_words import counted
from agent.names import names_of
from store import approvals, brakes, held, ledger, wakeups
from store.brakes import Brake, Touch
from store.ledger import EffectStatus
from store.schema import approvals as questions_table
from store.schema import decisions
from store.sealing import Erased, Vault
from tools.registry import TOOLS
from tools.stops import STOPPED
from tools.tool import ActionKind

_SHOWN = 10
WHAT = {
    "all": "everything that reaches customers",
    "offers": "all discounts",
    "channel:email": "all e-mail",
    "channel:sms": "all text messages",
}


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did, and whose lanes are to be woken."""

    brake: Brake
    cancelled: int
    withdrawn: int
    wake: tuple[str, ...]


def what(scope: str) -> str:
    """A scope in words."""
    word, _, name = scope.partition(":")
    return WHAT.get(scope, f"everything of the {word} “{name}”")


def pull(conn: Connection, vault: Vault, brake: Brake) -> Pulled:
    """Pull a brake. Raises `Conflict` where the same one is pulled already."""
    brakes.stand_alone(conn)
    for other in brakes.in_force(conn):
        if (other.scope, other.in_flight) == (brake.scope, brake.in_flight):
            raise Conflict(f"this brake is pulled already: {other.id}, by {other.by}")
    brakes.pull(conn, brake)
    if brake.in_flight != "cancel":
        return Pulled(brake, 0, 0, ())
    reason = f"{brake.by} pulled the brake: {brake.reason}"
    contacts = [
        row
        for row in brakes.queued(conn, brake.scope)
        if ledger.move(conn, row.id, to=EffectStatus.CANCELLED, at=brake.at, reason=reason)
    ]
    asked = [row for row in _questions(conn, vault, brake) if _withdraw(conn, row, brake.at)]
    woken = {str(row.customer_id) for row in (*contacts, *asked)}
    return Pulled(brake, len(contacts), len(asked), tuple(sorted(woken)))


def lift(conn: Connection, brake_id: str, *, by: str, now_us: int) -> list[str] | None:
    """Let go. Returns whose lanes are to be woken; None where no such brake is in force."""
    brakes.stand_alone(conn)
    if not brakes.lift(conn, brake_id, by=by, at=now_us):
        return None
    return held.take_up(conn, now_us=now_us)


def preview(conn: Connection, vault: Vault, *, scope: str, in_flight: str) -> dict[str, Any]:
    """What pulling would do now: how much it meets, and the next people it concerns."""
    brake = Brake("", scope, in_flight, "", "", 0)
    queued = brakes.queued(conn, scope)
    asked = _questions(conn, vault, brake)
    running = _running(conn, scope)
    return {
        "scope": scope,
        "in_flight": in_flight,
        "queued_contacts": len(queued),
        "open_questions": len(asked),
        "running_decisions": running,
        "next": _next(conn, vault, queued, asked),
        "says": _says(scope, in_flight, len(queued), len(asked), running),
    }


def _next(
    conn: Connection, vault: Vault, queued: list[Row[Any]], asked: list[Row[Any]]
) -> list[dict[str, Any]]:
    """The first ten people, those with something queued before those about whom is asked."""
    people: dict[str, dict[str, Any]] = {}
    for row in (*queued, *asked):
        if len(people) == _SHOWN:
            break
        about = row._mapping
        people.setdefault(
            row.customer_id,
            {
                "customer_id": row.customer_id,
                "goal": row.goal,
                "channel": about.get("channel"),
                "at": about.get("not_before"),
            },
        )
    names = names_of(conn, vault, list(people))
    return [{**person, "name": names[key]} for key, person in people.items()]


def _questions(conn: Connection, vault: Vault, brake: Brake) -> list[Row[Any]]:
    """Open questions about what this brake stops, oldest first."""
    query = (
        select(
            questions_table.c.id,
            questions_table.c.customer_id,
            questions_table.c.body_sealed,
            decisions.c.agent,
            decisions.c.goal,
        )
        .join(decisions, decisions.c.id == questions_table.c.decision_id)
        .where(questions_table.c.status == "pending")
        .order_by(questions_table.c.id)
    )
    rows: list[Row[Any]] = list(conn.execute(query))
    return [row for row in rows if _touches(vault, row, brake)]


def _touches(vault: Vault, row: Row[Any], brake: Brake) -> bool:
    try:
        call = vault.open_json("approvals.body", row.body_sealed)["call"]
    except Erased:
        return False
    tool = TOOLS[call["tool"]]
    with_offer = tool.kind is ActionKind.OFFER or call["args"].get("offer_id") is not None
    touch = Touch(row.agent, row.goal, tool.channel, with_offer)
    return tool.kind in STOPPED and brake.covers(touch)


def _withdraw(conn: Connection, row: Row[Any], at: int) -> bool:
    if not approvals.settle(conn, row.id, status="superseded", by=None, at=at):
        return False
    wakeups.cancel(conn, "approval_lapse", row.id)
    wakeups.schedule_due(
        conn, kind="question_stopped", ref=row.id, at=at, customer_id=row.customer_id
    )
    return True


def _running(conn: Connection, scope: str) -> int:
    """Decisions that are being made and might meet the brake."""
    word, _, name = scope.partition(":")
    query = select(func.count()).select_from(decisions).where(decisions.c.status == "running")
    if word in ("agent", "goal"):
        query = query.where(decisions.c[word] == name)
    return int(conn.execute(query).scalar_one())


def _says(scope: str, in_flight: str, queued: int, asked: int, running: int) -> str:
    contacts, questions = counted(queued, "queued contact"), counted(asked, "open question")
    fate = {
        "hold": f"{contacts} and {questions} wait until the brake is lifted",
        "drain": f"{contacts} still go out, nothing new follows",
        "cancel": f"{contacts} and {questions} are cancelled for good",
    }[in_flight]
    meets = f"; {counted(running, 'decision')} being made will be refused" if running else ""
    return f"Stops {what(scope)}: {fate}{meets}."
