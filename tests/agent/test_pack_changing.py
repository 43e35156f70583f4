"""Changing packs: published at once, or by two people; never half, never around what decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from agent.errors import Conflict, Forbidden, Invalid, NotFound
from agent.publishing import Publishing
from agent.runs import Runs
from store.pack_changes import Change
from store.schema import pack_changes
from tests.agent.stage import goods, person, recover, stage
from tests.tools.pack_texts import commerce, on_top, organisation

EYES = ("currency: EUR", "currency: EUR\nfour_eyes: true")


@pytest.fixture
async def runs(tmp_path: Path) -> AsyncIterator[Runs]:
    async with stage(tmp_path) as started:
        yield started


async def put(runs: Runs, text: str, *, by: str = "ann", **more: str) -> dict[str, Any]:
    name = text.split("policy: ", 1)[1].split("\n", 1)[0]
    return await runs.publishing.put(name, text, author=by, **more)


async def live(runs: Runs, name: str = "commerce") -> int:
    return int((await runs.publishing.get(name))["version"])


async def waits(runs: Runs, name: str = "commerce") -> list[dict[str, Any]]:
    return [c for c in await runs.publishing.changes(name) if c["status"] == "waiting"]


# -- at once ---------------------------------------------------------------------------------------


async def test_a_change_is_told_with_who_when_why_and_how_long_it_took(runs: Runs) -> None:
    told = await put(runs, commerce(2, ("max: 3, ", "max: 2, ")), reason="  fewer   letters ")
    assert (told["status"], told["version"], told["author"]) == ("published", 2, "ann")
    assert 0 < told["took_us"] < 60_000_000
    newest, first = (await runs.publishing.get("commerce"))["versions"]
    assert (newest["reason"], newest["approver"], newest["in_force_since"]) == (
        *("fewer letters", None, told["in_force_since"]),
    )
    signs = [(line["sign"], line["text"].strip()) for line in newest["lines"]]
    assert ("+", "version: 2") in signs and ("-", "version: 1") in signs
    assert first["author"] == "shipped" and first["lines"] is None


async def test_the_first_decision_under_a_change_is_noted_once(runs: Runs) -> None:
    await goods(runs)
    await person(runs, "ada")
    await person(runs, "bob")
    await put(runs, commerce(2))
    assert (await runs.publishing.get("commerce"))["in_force"]["first_decision"] is None
    first = await recover(runs, "ada")
    await recover(runs, "bob")
    await runs.idle()
    told = (await runs.publishing.get("commerce"))["in_force"]
    assert told["first_decision"] == first["id"]
    assert told["first_decision_after_us"] >= 0 and told["version"] == 2


async def test_decisions_after_the_answer_never_use_the_old_version(runs: Runs) -> None:
    await goods(runs)
    for n in range(2, 8):
        await person(runs, f"p{n}")
        under_way = asyncio.create_task(recover(runs, f"p{n}"))
        await put(runs, commerce(n))
        answered = (await recover(runs, f"p{n}", id=f"c{n}"))["policy"]["version"]
        assert answered == n
        assert (await under_way)["policy"]["version"] in (n - 1, n)


async def test_a_text_that_would_break_a_pack_on_top_is_refused_with_its_problems(
    runs: Runs,
) -> None:
    await put(runs, organisation(1))
    await put(runs, on_top("shop", goals="recover_cart", most=1_800))
    with pytest.raises(Invalid) as caught:
        await put(runs, organisation(2, ("value: 2000", "value: 1700")))
    said = str(caught.value)
    assert "the pack 'shop' stands on this text" in said and "shop.yaml:6:20:" in said
    assert await live(runs, "house") == 1
    await put(runs, organisation(2, ("value: 2000", "value: 1900")))
    assert (await runs.publishing.get("shop"))["in_force"]["pack"] == "house"


async def test_a_goal_has_one_pack(runs: Runs) -> None:
    await put(runs, organisation(1))
    await put(runs, on_top("shop", goals="recover_cart"))
    with pytest.raises(Invalid, match="'recover_cart' would be decided by the packs club and shop"):
        await put(runs, on_top("club", goals="recover_cart"))


async def test_a_budget_is_counted_in_one_currency(runs: Runs) -> None:
    with pytest.raises(Invalid, match=r"budget '\w+' is counted in EUR by the pack 'commerce'"):
        await put(runs, organisation(1, ("currency: EUR", "currency: GBP")))


async def test_a_decision_is_made_under_the_pack_of_its_goal_and_replays_when_layers_changed(
    runs: Runs,
) -> None:
    await goods(runs)
    await person(runs, "ada", orders=2)
    await put(runs, organisation(1))
    await put(runs, on_top("shop", goals="recover_cart", most=1_500))
    decision = await recover(runs, "ada")
    named = decision["policy"]
    assert (named["pack"], named["version"]) == ("shop", 1)
    assert named["sha256"] == (await runs.publishing.get("shop"))["build_sha256"]
    await put(runs, organisation(2, ("max: 3, ", "max: 0, ")))
    assert (await runs.publishing.get("shop"))["build_sha256"] != named["sha256"]
    assert (await runs.decisions.replay(decision["id"]))["same"]
    assert (await runs.decisions.explain(decision["id"]))["flip"]
    told = await runs.decisions.replay(decision["id"], policy=on_top("shop", 9, most=1_400))
    assert told["what_if"] and "weekly" in told["steps"][-1]["replayed_rules"]


async def test_two_who_publish_at_one_time_are_one_after_the_other(runs: Runs) -> None:
    texts = [commerce(2, ("max: 3, ", f"max: {n}, ")) for n in range(1, 3)]
    made = await asyncio.gather(*(put(runs, text) for text in texts), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Conflict", "dict"]
    other = await asyncio.gather(put(runs, organisation(1)), put(runs, commerce(3)))
    assert [one["status"] for one in other] == ["published"] * 2


# -- back ------------------------------------------------------------------------------------------


async def test_an_older_version_comes_into_force_again_as_it_was(runs: Runs) -> None:
    await put(runs, commerce(2, ("max: 3, ", "max: 0, ")))
    told = await runs.publishing.rollback("commerce", 1, author="bob", reason="too strict")
    assert (told["version"], told["status"], told["change"]["kind"]) == (1, "published", "rollback")
    shown = await runs.publishing.get("commerce")
    assert shown["version"] == 1 and [v["version"] for v in shown["versions"]] == [2, 1]
    assert (shown["in_force"]["version"], shown["versions"][1]["reason"]) == (1, "too strict")
    with pytest.raises(Conflict, match="version: 3"):
        await put(runs, commerce(2, ("max: 3, ", "max: 1, ")))
    with pytest.raises(Conflict, match="in force already"):
        await runs.publishing.rollback("commerce", 1, author="bob", reason="again")
    with pytest.raises(NotFound):
        await runs.publishing.rollback("commerce", 7, author="bob", reason="again")
    with pytest.raises(Invalid, match="reason"):
        await runs.publishing.rollback("commerce", 2, author="bob", reason=" ")


# -- four eyes -------------------------------------------------------------------------------------


@pytest.fixture
async def watched(runs: Runs) -> Publishing:
    """Version 2 is in force and asks for two people."""
    assert (await put(runs, commerce(2, EYES)))["status"] == "published"
    return runs.publishing


async def test_a_change_waits_for_another_person(runs: Runs, watched: Publishing) -> None:
    told = await put(runs, commerce(3), reason="no second person any more")
    assert told["status"] == "waiting" and await live(runs) == 2
    (waiting,) = await waits(runs)
    assert any(line["sign"] == "-" and "four_eyes" in line["text"] for line in waiting["lines"])
    with pytest.raises(Forbidden, match="somebody else"):
        await watched.decide("commerce", waiting["id"], "publish", by="ann")
    done = await watched.decide("commerce", waiting["id"], "publish", by="bob", reason="agreed")
    assert (done["status"], await live(runs)) == ("published", 3)
    newest = (await watched.get("commerce"))["versions"][0]
    assert (newest["author"], newest["approver"]) == ("ann", "bob")
    with pytest.raises(Conflict, match="it is published"):
        await watched.decide("commerce", waiting["id"], "reject", by="eve", reason="late")


async def test_p9_the_database_itself_lets_no_author_publish(
    runs: Runs, watched: Publishing
) -> None:
    await put(runs, commerce(3, EYES))
    (waiting,) = await waits(runs)
    for by in ("ann", None):
        alone = update(pack_changes).values(status="published", decided_by=by, decided_at=1)
        with pytest.raises(IntegrityError, match="two_people"):
            await runs.db.write(lambda conn, what=alone: conn.execute(what) and None)
    assert (await waits(runs))[0]["id"] == waiting["id"]


async def test_an_edited_proposal_is_a_new_one_and_the_old_one_is_gone(
    runs: Runs, watched: Publishing
) -> None:
    await put(runs, commerce(3, EYES))
    (old,) = await waits(runs)
    await put(runs, commerce(3, EYES, ("max: 3, ", "max: 2, ")))
    (new,) = await waits(runs)
    assert new["id"] != old["id"]
    with pytest.raises(Conflict, match="proposed another text"):
        await watched.decide("commerce", old["id"], "publish", by="bob")
    again = await put(runs, commerce(3, EYES, ("max: 3, ", "max: 2, ")))
    assert again["change"]["id"] == new["id"], "the same again is the same"


async def test_somebody_elses_edit_is_a_proposal_of_their_own(
    runs: Runs, watched: Publishing
) -> None:
    await put(runs, commerce(3, EYES))
    told = await put(runs, commerce(3, EYES, ("max: 3, ", "max: 9, ")), by="bob")
    assert len(await waits(runs)) == 2
    with pytest.raises(Forbidden):
        await watched.decide("commerce", told["change"]["id"], "publish", by="bob")
    await watched.decide("commerce", told["change"]["id"], "publish", by="ann")
    assert [c["status"] for c in await watched.changes("commerce")][:2] == ["published", "stale"]


async def test_what_was_proposed_on_another_version_has_to_be_proposed_again(
    runs: Runs, watched: Publishing
) -> None:
    await put(runs, commerce(3, EYES))
    await put(runs, commerce(4, EYES), by="bob")
    bobs, anns = await waits(runs)
    await watched.decide("commerce", bobs["id"], "publish", by="ann")
    with pytest.raises(Conflict, match="propose it again"):
        await watched.decide("commerce", anns["id"], "publish", by="bob")
    assert await live(runs) == 4


async def test_a_proposal_is_refused_with_a_reason_or_taken_back(
    runs: Runs, watched: Publishing
) -> None:
    told = await put(runs, commerce(3, EYES))
    with pytest.raises(Invalid, match="reason"):
        await watched.decide("commerce", told["change"]["id"], "reject", by="bob")
    await watched.decide("commerce", told["change"]["id"], "reject", by="ann", reason="not yet")
    again = await put(runs, commerce(3, EYES))
    assert again["change"]["id"] != told["change"]["id"] and await live(runs) == 2
    with pytest.raises(NotFound):
        await watched.decide("commerce", "chg_nothing", "publish", by="bob")


async def test_going_back_needs_two_people_as_well(runs: Runs, watched: Publishing) -> None:
    told = await watched.rollback("commerce", 1, author="ann", reason="as it was")
    assert (told["status"], await live(runs)) == ("waiting", 2)
    await watched.decide("commerce", told["change"]["id"], "publish", by="bob")
    assert await live(runs) == 1


async def test_nobody_goes_around_it_by_a_pack_beside_it(runs: Runs, watched: Publishing) -> None:
    """Its goals taken over by another pack, or what it stands on changed, is a change of it."""
    await put(runs, organisation(1))
    told = await put(runs, on_top("shop", goals="recover_cart"))
    assert told["status"] == "waiting"
    assert [p["name"] for p in await watched.listing()] == [
        *("commerce", "finance", "house", "organisation", "travel"),
    ]
    await watched.decide("shop", told["change"]["id"], "publish", by="bob")
    told = await put(runs, on_top("shop", 2, goals="recover_cart", four_eyes=True))
    assert told["status"] == "published"
    assert (await put(runs, organisation(2)))["status"] == "waiting"
    assert (await waits(runs, "house"))[0]["also"] == ["shop"]
    assert (await put(runs, on_top("shop", 3)))["status"] == "waiting"


async def test_a_proposal_below_makes_those_on_top_stale(runs: Runs) -> None:
    await put(runs, organisation(1))
    await put(runs, on_top("shop", four_eyes=True))
    on = await put(runs, on_top("shop", 2, four_eyes=True, most=1_000))
    below = await put(runs, organisation(2, ("value: 2000", "value: 1900")))
    await runs.publishing.decide("house", below["change"]["id"], "publish", by="bob")
    with pytest.raises(Conflict, match="propose it again"):
        await runs.publishing.decide("shop", on["change"]["id"], "publish", by="bob")


async def test_of_two_second_people_one_is_first(runs: Runs, watched: Publishing) -> None:
    told = await put(runs, commerce(3, EYES))
    change = told["change"]["id"]
    made = await asyncio.gather(
        *(watched.decide("commerce", change, "publish", by=who) for who in ("bob", "eve", "cy")),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in made) == ["Conflict", "Conflict", "dict"]
    assert await live(runs) == 3


def test_a_change_waits_until_it_is_decided() -> None:
    change = Change("chg_1", "p", "put", 1, "s", "t", None, "ann", "", 0, four_eyes=True)
    assert (change.status, change.decided_at) == ("waiting", None)
