"""`create_ticket` and `escalate`: people get what they need to know, sealed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from policies.verdict import Outcome
from store.schema import tickets
from tests.tools.pictures import a_picture, decided
from tests.tools.world import World

TICKET = {"queue": "fulfilment", "priority": "normal", "summary": "The lamp arrived broken."}


def test_a_ticket_is_a_row_of_its_own_with_the_words_sealed(any_world: World) -> None:
    person = any_world.person()
    claimed = any_world.do(person, "create_ticket", TICKET)
    row: Any = any_world.db.read_now(lambda conn: conn.execute(select(tickets)).one())
    assert row.id == claimed.prepared.result["ticket_id"]
    assert (row.queue, row.priority, row.status) == ("fulfilment", "normal", "open")
    assert (row.effect_id, row.customer_id) == (claimed.effect_id, person.id)
    assert b"broken" not in row.body_sealed
    opened = any_world.db.vault.open_json("tickets.body", row.body_sealed)
    assert opened == {"summary": TICKET["summary"]}
    assert any_world.picture(person).open_tickets == 1


def test_an_escalation_is_urgent_and_for_the_service_team(world: World) -> None:
    claimed = world.do(world.person(), "escalate", {"reason": "They mention a lawyer."})
    row: Any = world.db.read_now(lambda conn: conn.execute(select(tickets)).one())
    assert (row.queue, row.priority) == ("service", "high")
    assert world.effect(claimed.effect_id).kind == "escalation"


def test_a_fourth_ticket_needs_a_reason() -> None:
    answer = decided("create_ticket", TICKET, a_picture(open_tickets=3))
    assert answer.verdict.outcome is Outcome.NEEDS_REASON
    assert decided("create_ticket", TICKET, a_picture(open_tickets=2)).allowed
