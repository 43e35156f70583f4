"""A customer in somebody's hands: every agent is silent, what waits waits, and then goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.errors import Conflict, NotFound
from agent.leasing import TakeLease
from store.principals import Principal
from store.schema import leases, wakeups
from tests.agent.deployment import Deployment, deployment

NIGHT = "2026-03-03T22:00:00Z"
ANN = Principal("prn_ann", "ann", "operator")
BOB = Principal("prn_bob", "bob", "operator")
CHEF = Principal("prn_chef", "chef", "approver")


async def take(
    d: Deployment, who: str = "ada", *, by: Principal = ANN, long: str = "PT4H"
) -> dict[str, Any]:
    request = TakeLease.model_validate({"for": long, "reason": "on the phone with her"})
    return await d.runs.leasing.take(who, request, by=by)


def rules_of(decision: dict[str, Any]) -> set[str]:
    return {f["rule"] for s in decision["steps"] for f in s["verdict"]["fired"]}


async def test_every_agent_is_silent_for_a_customer_that_somebody_holds(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.person("eva")
        await take(d)
        decision = await d.decide()
        assert "lease" in rules_of(decision)
        told = await d.runs.decisions.explain(decision["id"])
        assert "in the hands of ann until Tue 3 Mar 2026, 16:00 UTC" in told["text"]
        assert (await d.runs.decisions.replay(decision["id"]))["same"]
        assert (await d.decide("eva"))["status"] == "completed"
        assert len(d.contacts()) == 1


async def test_who_holds_a_customer_is_seen_where_the_customer_is(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        assert (await d.runs.people.get("ada"))["lease"] is None
        lease = await take(d)
        shown = (await d.runs.people.get("ada"))["lease"]
        assert shown == {
            "holder": "ann",
            "at": lease["at"],
            "until": lease["until"],
            "reason": "on the phone with her",
        }
        [row] = d.rows(leases)
        assert b"phone" not in row["reason_sealed"]


async def test_a_lease_runs_out_by_itself_and_what_waited_goes_on(tmp_path: Path) -> None:
    async with deployment(tmp_path, clock=NIGHT) as d:
        await d.person()
        queued = await d.decide()
        await take(d, long="PT12H")
        await d.advance(hours=11)
        assert d.letters() == []
        await d.advance(hours=1)
        assert len(d.letters()) == 1
        assert (await d.decision(queued["id"]))["status"] == "completed"
        assert (await d.runs.people.get("ada"))["lease"] is None


async def test_who_was_refused_meanwhile_is_looked_at_again(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await take(d)
        await d.decide()
        await d.advance(hours=4)
        assert (await d.latest())["status"] == "completed"
        assert len(d.letters()) == 1


async def test_whoever_holds_lets_go_early_and_what_waited_goes_on_at_once(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await take(d)
        await d.decide()
        assert (await d.runs.leasing.end("ada", by=ANN))["ended"] == 1
        await d.runs.idle()
        assert len(d.letters()) == 1
        with pytest.raises(NotFound, match="nobody holds this customer"):
            await d.runs.leasing.end("ada", by=ANN)
        assert d.rows(wakeups, kind="lease_expiry")[0]["state"] == "cancelled"


async def test_nobody_takes_or_frees_what_another_holds_but_an_approver(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await take(d)
        with pytest.raises(Conflict, match="ann holds this customer until 2026-03-03 16:00 UTC"):
            await take(d, by=BOB)
        with pytest.raises(Conflict, match="ann holds"):
            await d.runs.leasing.end("ada", by=BOB)
        await take(d, by=CHEF, long="PT1H")
        assert (await d.runs.people.get("ada"))["lease"]["holder"] == "chef"
        with pytest.raises(Conflict, match="chef holds"):
            await take(d)
        await d.advance(hours=1)
        await take(d)
        assert (await d.runs.people.get("ada"))["lease"]["holder"] == "ann"


async def test_ones_own_lease_is_prolonged_and_shortened(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await take(d)
        lease = await take(d, long="PT8H")
        assert (await d.runs.people.get("ada"))["lease"]["until"] == lease["until"]
        await d.advance(hours=5)
        assert (await d.runs.people.get("ada"))["lease"] is not None
        shorter = await take(d, long="PT1H")
        assert (await d.runs.people.get("ada"))["lease"]["until"] == shorter["until"]


async def test_joined_profiles_are_held_where_either_was(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.say({"type": "identify", "anonymousId": "anon-1", "traits": {"firstName": "A"}})
        await d.runs.idle()
        await take(d, "anon-1")
        await d.person()
        await d.say({"type": "identify", "userId": "ada", "anonymousId": "anon-1"})
        await d.runs.idle()
        shown = (await d.runs.people.get("ada"))["lease"]
        assert shown["holder"] == "ann" and shown["reason"] == "on the phone with her"
        assert "lease" in rules_of(await d.decide())
        await d.advance(hours=4)
        assert len(d.letters()) == 1


async def test_p10_a_lease_goes_with_the_person(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await take(d)
        receipt = await d.runs.people.erase("ada", by="admin")
        assert receipt["rows_deleted"]["leases"] == 1
        assert d.rows(leases) == []


@pytest.mark.parametrize("long", ["", "4h", "P31D", "PT0H", "P1M", "-PT1H"])
def test_a_lease_is_for_a_while_of_known_length(long: str) -> None:
    with pytest.raises(ValidationError):
        TakeLease.model_validate({"for": long, "reason": "why"})
