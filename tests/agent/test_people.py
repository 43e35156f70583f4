"""People: looked up by any identifier, stopped at once, forgotten for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import Conflict, Gone, NotFound
from agent.messages import Suppress
from tests.agent.stage import goods, message, person, recover, stage

NIGHT = "2026-03-03T21:30:00Z"


async def test_somebody_is_found_by_every_identifier_and_seen_whole(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", channels=("email", "sms"), orders=2, codes=1)
        await recover(runs, "ada")
        found = await runs.people.get("ada")
        for reference in (found["id"], "ada@example.com", "+4915112345678", "ADA@example.com"):
            assert await runs.people.find(reference) == found["id"]
    assert {i["kind"] for i in found["identifiers"]} == {"user_id", "email", "phone"}
    assert (found["orders"], found["discounts_taken"], found["segment"]) == (2, 1, "silver")
    assert found["traits"]["firstName"] == "Ada" and found["zones"] == ["Europe/Berlin"]
    assert {"channel": "email", "purpose": "marketing", "state": "granted"} in found["consents"]
    assert [j["goal"] for j in found["journeys"]] == ["recover_cart"]


async def test_somebody_unknown_is_not_found(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        for ask in (runs.people.find, runs.people.get):
            with pytest.raises(NotFound):
                await ask("nobody-here")


async def test_a_stop_cancels_what_is_queued_and_the_next_decision_is_withheld(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, clock=NIGHT) as runs:
        await goods(runs)
        await person(runs, "ada")
        queued = await recover(runs, "ada")
        done = await runs.people.suppress("ada", Suppress(scope="all", reason="asked"), by="ann")
        assert (done["known"], done["queued_contacts_cancelled"]) == (True, 1)
        await runs.idle()
        assert (await runs.decisions.get(queued["id"]))["effects"][0]["status"] == "cancelled"
        assert (await recover(runs, "ada", id="c2"))["status"] == "withheld"
        lifted = await runs.people.lift("ada", scope="all", channel=None)
        assert lifted["lifted"] == 1
        assert (await recover(runs, "ada", id="c3"))["status"] == "scheduled"


async def test_a_marketing_stop_of_one_channel_leaves_the_other_open(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", channels=("email", "sms"))
        await runs.caught_up()
        stop = Suppress(scope="address", channel="email", reason="bounced")
        await runs.people.suppress("ada", stop, by="ann")
        decision = await recover(runs, "ada")
    assert [e["channel"] for e in decision["effects"] if e["channel"]] in ([], ["sms"])
    assert "email" not in [e["channel"] for e in decision["effects"]]


async def test_somebody_not_yet_known_is_stopped_before_they_arrive(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        stop = Suppress(scope="all", reason="asked by phone")
        done = await runs.people.suppress("ada", stop, by="ann")
        assert (done["known"], done["customer_id"]) == (False, None)
        await person(runs, "ada")
        assert (await recover(runs, "ada"))["status"] == "withheld"


async def test_p10_somebody_erased_is_gone_from_every_view(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        decision = await recover(runs, "ada")
        our_id = await runs.people.find("ada")
        await runs.people.erase("ada", by="ann")
        for reference in ("ada", "ada@example.com", our_id):
            with pytest.raises((Gone, NotFound)):
                await runs.people.get(reference)
        with pytest.raises((Gone, NotFound)):
            await runs.people.timeline(our_id, after=None, limit=5)
        for ask in (runs.decisions.get, runs.decisions.explain, runs.decisions.replay):
            with pytest.raises(Gone):
                await ask(decision["id"])
        (listed,) = (await runs.decisions.listing(after=None, limit=5, filters={})).items
        assert "erased" in listed["summary"] and "Ada" not in str(listed)


async def test_p10_a_legal_hold_refuses_and_stops_contact_instead(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        await runs.idle()
        await runs.people.hold("ada", on=True)
        with pytest.raises(Conflict):
            await runs.people.erase("ada", by="ann")
        assert (await recover(runs, "ada"))["status"] == "withheld"
        await runs.people.hold("ada", on=False)
        await runs.people.erase("ada", by="ann")


async def test_the_person_behind_two_identifiers_has_one_timeline(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await person(runs, "ada")
        await runs.accept(
            "test", [message("ada", type="identify", anonymousId="cookie", traits={"plan": "x"})]
        )
        await runs.idle()
        one = (await runs.people.timeline("ada", after=None, limit=9)).items
        two = (await runs.people.timeline("cookie", after=None, limit=9)).items
    assert one == two and len(one) == 3


async def test_a_stop_under_an_identifier_of_nobody_is_lifted_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        stop = Suppress(scope="all", reason="asked")
        assert not (await runs.people.suppress("zoe", stop, by="ann"))["known"]
        lifted = await runs.people.lift("zoe", scope="all", channel=None)
        assert lifted["customer_id"] is None and lifted["lifted"] > 0
        again = await runs.people.lift("zoe", scope="all", channel=None)
        assert again == {"customer_id": None, "lifted": 0}
        with pytest.raises(NotFound):
            await runs.people.lift("nobody-here", scope="all", channel=None)
        await person(runs, "zoe")
        assert (await recover(runs, "zoe"))["status"] == "completed"
