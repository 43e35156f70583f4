"""The brake in a whole deployment: what it stops, what it lets be, and what goes on after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.assembly import Parts
from agent.brake import Pull
from agent.errors import Conflict, Invalid, NotFound
from store.schema import approvals, brakes, contacts, effects, wakeups
from tests.agent.deployment import (
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    sends,
    write,
)

NIGHT = "2026-03-03T22:00:00Z"


async def pull(d: Deployment, scope: str = "all", in_flight: str = "hold") -> dict[str, Any]:
    request = Pull.model_validate(
        {"scope": scope, "in_flight": in_flight, "reason": "wrong prices"}
    )
    return await d.runs.brake.pull(request, by="ann")


async def lift(d: Deployment, brake: dict[str, Any]) -> None:
    await d.runs.brake.lift(brake["id"], by="bob")
    await d.runs.idle()


def rules_of(decision: dict[str, Any]) -> set[str]:
    return {f["rule"] for s in decision["steps"] for f in s["verdict"]["fired"]}


async def test_a_call_under_a_brake_is_denied_in_an_operators_words(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await pull(d)
        decision = await d.decide()
        assert decision["status"] == "no_action"
        assert d.contacts() == []
        denied = [s for s in decision["steps"] if s["verdict"]["outcome"] == "deny"]
        [fired] = denied[0]["verdict"]["fired"]
        assert fired["rule"] == "brake"
        assert fired["kind"] == "stop"
        assert fired["because"] == (
            "Everything that reaches customers is stopped: ann pulled the brake on "
            "Tue 3 Mar 2026, 12:00 UTC (wrong prices)"
        )
        told = await d.runs.decisions.explain(decision["id"])
        assert "ann pulled the brake" in told["text"]
        assert told["flip"] == [
            "It would have been decided on its merits if people had not stopped it."
        ]


async def test_p8_a_braked_call_replays_the_same_and_under_another_pack_too(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        brake = await pull(d)
        decision = await d.decide()
        await lift(d, brake)
        again = await d.runs.decisions.replay(decision["id"])
        assert again["same"] and again["comparable"]
        pack = await d.runs.publishing.get("commerce")
        other = await d.runs.decisions.replay(decision["id"], policy=pack["text"])
        [stopped] = [s for s in other["steps"] if s["recorded_rules"] == ["brake"]]
        assert stopped["replayed"] == "deny"


async def test_tickets_escalations_and_reads_are_never_braked(tmp_path: Path) -> None:
    planner = ScriptedPlanner(
        does("get_profile"),
        does("create_ticket", queue="service", priority="high", summary="look at this"),
        does("escalate", reason="a person must look"),
        finish("held"),
    )
    prompts = write(tmp_path / "prompts", shop=agent_file("shop", "win"))
    async with deployment(tmp_path / "data", parts=Parts(planner=planner), prompts=prompts) as d:
        await d.person()
        await pull(d)
        decision = await d.decide(goal="win")
        assert "brake" not in rules_of(decision)
        made = {row["kind"] for row in d.rows(effects)}
        assert made == {"ticket", "escalation"}


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        ("all", True),
        ("agent:shopping", True),
        ("agent:shopping2", False),
        ("goal:recover_cart", True),
        ("channel:email", True),
        ("channel:sms", False),
        ("offers", False),
    ],
)
async def test_a_scope_stops_its_own_and_nothing_else(
    tmp_path: Path, scope: str, stopped: bool
) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        if scope == "agent:shopping2":
            with pytest.raises(Invalid, match="there is no agent 'shopping2'; there are: shopping"):
                await pull(d, scope)
        else:
            await pull(d, scope)
        decision = await d.decide()
        assert ("brake" in rules_of(decision)) is stopped
        assert bool(d.contacts()) is not stopped


async def test_stopping_discounts_stops_codes_and_messages_that_carry_one(tmp_path: Path) -> None:
    planner = ScriptedPlanner(
        does("create_offer", discount_bp=500, valid_hours=72),
        sends(message="cart_reminder_offer", offer=True),
        does("create_offer", discount_bp=500, valid_hours=72),
        sends(),
    )
    async with deployment(tmp_path, parts=Parts(planner=planner), clock=NIGHT) as d:
        await d.person()
        await d.person("eva")
        with_code = await d.decide()
        assert with_code["status"] == "scheduled", with_code
        await pull(d, "offers")
        plain = await d.decide("eva")
        assert plain["status"] == "scheduled"
        assert [s["verdict"]["fired"][0]["rule"] for s in plain["steps"]][:1] == ["brake"]
        await d.advance(hours=11)
        [held, sent] = d.contacts()
        assert (held["status"], sent["status"]) == ("scheduled", "sent")


async def test_hold_keeps_what_is_queued_until_the_brake_is_lifted(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        decision = await d.decide()
        assert decision["status"] == "scheduled"
        brake = await pull(d)
        await d.advance(hours=12)
        assert d.letters() == []
        [contact] = d.contacts()
        assert contact["status"] == "scheduled"
        held = await d.decision(decision["id"])
        assert held["status"] == "scheduled"
        assert "ann pulled the brake" in held["effects"][-1]["reason"]
        await lift(d, brake)
        assert len(d.letters()) == 1
        assert (await d.decision(decision["id"]))["status"] == "completed"
        assert [row["state"] for row in d.rows(contacts)] == ["committed"]


async def test_what_is_held_too_long_is_of_no_use_and_expires(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        decision = await d.decide()
        brake = await pull(d)
        await d.advance(days=3)
        assert (await d.decision(decision["id"]))["effects"][-1]["status"] == "expired"
        await lift(d, brake)
        assert d.letters() == []


async def test_what_was_held_is_decided_again_before_it_goes_out(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        decision = await d.decide()
        brake = await pull(d)
        await d.advance(hours=12)
        await d.track("Complaint Received", text="late again")
        await d.runs.idle()
        await lift(d, brake)
        assert d.letters() == []
        assert (await d.decision(decision["id"]))["effects"][-1]["status"] == "cancelled"


async def test_drain_lets_out_what_was_queued_and_nothing_new(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        await d.person("eva")
        await d.decide()
        await pull(d, in_flight="drain")
        assert (await d.decide("eva"))["status"] == "no_action"
        await d.advance(hours=12)
        assert len(d.letters()) == 1


async def test_cancel_ends_what_is_queued_and_its_decisions(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        decision = await d.decide()
        done = await pull(d, in_flight="cancel")
        assert (done["queued_contacts_cancelled"], done["questions_withdrawn"]) == (1, 0)
        await d.runs.idle()
        ended = await d.decision(decision["id"])
        assert ended["status"] == "no_action"
        assert ended["effects"][-1]["reason"] == "ann pulled the brake: wrong prices"
        assert [row["state"] for row in d.rows(contacts)] == ["released"]
        await lift(d, done)
        await d.advance(hours=12)
        assert d.letters() == []


async def test_cancel_takes_open_questions_off_the_queue(tmp_path: Path) -> None:
    prompts = write(tmp_path / "prompts", shop=agent_file("shop", "win", autonomy="assisted"))
    planner = ScriptedPlanner(sends())
    async with deployment(tmp_path / "data", parts=Parts(planner=planner), prompts=prompts) as d:
        await d.person()
        decision = await d.decide(goal="win")
        assert decision["status"] == "awaiting_approval"
        shown = await d.runs.brake.preview(scope="channel:email", in_flight="cancel")
        assert shown["open_questions"] == 1
        assert (await d.runs.brake.preview(scope="channel:sms", in_flight="cancel"))[
            "open_questions"
        ] == 0
        done = await pull(d, "channel:email", "cancel")
        assert done["questions_withdrawn"] == 1
        await d.runs.idle()
        ended = await d.decision(decision["id"])
        assert ended["status"] == "no_action"
        assert ended["outcome"]["reason"] == "the brake was pulled before anybody had answered"
        assert [row["status"] for row in d.rows(approvals)] == ["superseded"]


async def test_a_yes_under_a_brake_sends_nothing(tmp_path: Path) -> None:
    prompts = write(tmp_path / "prompts", shop=agent_file("shop", "win", autonomy="assisted"))
    async with deployment(
        tmp_path / "data", parts=Parts(planner=ScriptedPlanner(sends())), prompts=prompts
    ) as d:
        await d.person()
        await d.decide(goal="win")
        await pull(d)
        await d.answer("approve")
        await d.runs.idle()
        assert d.contacts() == []
        assert "brake" in rules_of(await d.latest())


async def test_who_was_refused_is_looked_at_again_once_the_brake_is_lifted(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        brake = await pull(d)
        refused = await d.decide()
        assert [row["kind"] for row in d.rows(wakeups, kind="held_back")] == ["held_back"]
        await lift(d, brake)
        newest = await d.latest()
        assert newest["id"] != refused["id"]
        assert newest["status"] == "completed"
        assert len(d.letters()) == 1


async def test_two_brakes_each_hold_what_they_cover(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        await d.decide()
        first, second = await pull(d), await pull(d, "channel:email")
        await d.advance(hours=12)
        await lift(d, first)
        assert d.letters() == []
        await lift(d, second)
        assert len(d.letters()) == 1


async def test_a_preview_counts_and_changes_nothing(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        people = [await d.person(f"p{n:02}", lastName="Quill") for n in range(12)]
        for n in range(12):
            await d.decide(f"p{n:02}")
        shown = await d.runs.brake.preview(scope="all", in_flight="cancel")
        assert shown["queued_contacts"] == 12
        assert shown["open_questions"] == shown["running_decisions"] == 0
        due = {row["customer_id"]: row["not_before"] for row in d.contacts()}
        first = sorted(people, key=lambda customer_id: due[customer_id])[:10]
        assert [one["customer_id"] for one in shown["next"]] == first
        assert shown["next"][0]["name"] == f"P{people.index(first[0]):02} Q."
        assert shown["says"] == (
            "Stops everything that reaches customers: 12 queued contacts and no open questions "
            "are cancelled for good."
        )
        assert d.rows(brakes) == []
        assert {row["status"] for row in d.contacts()} == {"scheduled"}


async def test_the_same_brake_is_pulled_once_and_lifted_once(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        brake = await pull(d)
        with pytest.raises(Conflict, match="pulled already"):
            await pull(d)
        await pull(d, in_flight="cancel")
        await lift(d, brake)
        with pytest.raises(Conflict, match="lifted already by bob"):
            await lift(d, brake)
        with pytest.raises(NotFound):
            await d.runs.brake.lift("brk_none", by="bob")
        listed = (await d.runs.brake.listing(after=None, limit=10)).items
        assert [row["lifted_by"] for row in listed] == [None, "bob"]
        assert [row["in_flight"] for row in await d.runs.brake.in_force()] == ["cancel"]


async def test_a_brake_outlives_the_process(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        await d.decide()
        brake = await pull(d)
        await d.advance(hours=12)
    async with deployment(tmp_path, stocked=False) as d:
        await d.runs.idle()
        assert d.letters() == []
        await lift(d, brake)
        assert len(d.letters()) == 1


@pytest.mark.parametrize(
    "reason",
    ["", "  ", "call ada@example.com", "for +49 30 1234567", "two\nlines", "x" * 201],
)
def test_a_reason_is_one_line_about_nobody(reason: str) -> None:
    with pytest.raises(ValidationError):
        Pull.model_validate({"scope": "all", "reason": reason})


@pytest.mark.parametrize("scope", ["", "ALL", "agent:", "agent:a b", "email", "all\n", "goal:é"])
def test_a_scope_is_one_of_the_known_words(scope: str) -> None:
    with pytest.raises(ValidationError):
        Pull.model_validate({"scope": scope, "reason": "why"})
