"""Replay: the same verdict byte for byte, a what-if under another pack, no silent guess (P8)."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from agent.documents import shipped_packs
from agent.errors import BadRequest, Invalid, NotFound
from agent.replay import replay
from agent.runs import Runs
from evals.flat_pack import flat_commerce
from policies.compiler import ENGINE
from policies.pack import Pack, load_pack
from tests.agent.stage import event, goods, person, recover, stage

TEXT = flat_commerce()
PACK = load_pack(shipped_packs()["commerce"], file="commerce.yaml", library=shipped_packs())


def packs(sha256: str) -> Pack:
    assert sha256 == PACK.sha256
    return PACK


async def scenarios(runs: Runs) -> list[dict[str, Any]]:
    """Decisions of every kind the shipped files give, on a Tuesday."""
    await goods(runs, {}, {"sku": "THIN", "cost_minor": 9_500}, {"sku": "GONE", "stock": 0})
    await person(runs, "plain", orders=2)
    await person(runs, "codes", orders=4, codes=3, ordered="2025-10-01")
    await person(runs, "many", orders=9, codes=8)
    await person(runs, "text", channels=("sms",))
    await person(runs, "bare", channels=())
    made = [await recover(runs, who) for who in ("plain", "many", "text", "bare")]
    made.append(await recover(runs, "codes", sku="THIN"))
    made.append(await recover(runs, "plain", sku="GONE", id="gone"))
    made.append(await recover(runs, "plain", items=[], id="empty"))
    for cart in ("a", "b"):
        await runs.advance(by_us=86_400_000_000)
        await recover(runs, "plain", id=cart)
    await runs.advance(by_us=86_400_000_000)
    made.append(await recover(runs, "plain", id="too-often"))
    await runs.accept("test", [event("plain", "Parcel Smashed")])
    await runs.idle()
    await runs.advance(by_us=10 * 3_600_000_000)
    made.append(await recover(runs, "text", id="at-night"))
    await runs.advance(by_us=86_400_000_000)
    listed = (await runs.decisions.listing(after=None, limit=100, filters={})).items
    return [await runs.decisions.get(d["id"]) for d in listed]


async def test_p8_every_scenario_replays_byte_for_byte_after_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        before = await scenarios(runs)
    async with stage(tmp_path) as runs:
        for decision in before:
            assert await runs.decisions.get(decision["id"]) == decision
            told = await runs.decisions.replay(decision["id"])
            assert (told["same"], told["comparable"], told["what_if"]) == (True, True, False)
            assert len(told["steps"]) == len(decision["steps"])
    outcomes = {s["verdict"]["outcome"] for d in before for s in d["steps"]}
    assert {"allow", "deny", "needs_reason", "review"} <= outcomes
    assert {d["status"] for d in before} >= {"completed", "no_action"}


@pytest.fixture
async def decision(tmp_path: Path) -> dict[str, Any]:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", orders=2)
        return await recover(runs, "ada")


async def test_p8_a_verdict_that_was_tampered_with_is_not_the_same(
    decision: dict[str, Any],
) -> None:
    assert replay(decision, packs)["same"]
    for path, value in (
        (("verdict", "outcome"), "deny"),
        (("verdict", "facts_digest"), "0" * 64),
        (("verdict", "fired", 0, "because"), "another reason"),
        (("facts", "cap.weekly.used"), 3),
        (("call_digest",), "0" * 64),
        (("overrides",), {"max_discount": "because I say so"}),
    ):
        other = deepcopy(decision)
        place: Any = other["steps"][-1]
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        told = replay(other, packs)
        assert not told["same"] and told["comparable"], path
        assert [s["same"] for s in told["steps"]] == [True] * 4 + [False]


async def test_p8_a_verdict_of_another_engine_is_shown_and_said_not_to_be_comparable(
    decision: dict[str, Any],
) -> None:
    older = deepcopy(decision)
    older["steps"][-1]["verdict"]["engine"] = "gate/0 tzdata/1999a"
    told = replay(older, packs)
    assert (told["same"], told["comparable"], told["engine"]) == (False, False, ENGINE)
    last = told["steps"][-1]
    assert last["note"] == (
        f"decided by gate/0 tzdata/1999a, and this is {ENGINE}: "
        "what it says now is shown, but not compared"
    )
    assert last["recorded"] == last["replayed"] == "allow" and last["same"] is False
    assert [s["comparable"] for s in told["steps"]] == [True] * 4 + [False]


async def test_a_malformed_call_of_another_engine_is_not_called_the_same(
    decision: dict[str, Any],
) -> None:
    step = deepcopy(decision["steps"][-1])
    fired = {"rule": "malformed_call", "kind": "missing", "outcome": "deny", "because": "x",
             "facts": {}}  # fmt: skip
    step["verdict"] |= {"outcome": "deny", "fired": [fired], "obligations": {}}
    assert replay({**decision, "steps": [step]}, packs)["same"]
    step["verdict"]["engine"] = "gate/0"
    assert not replay({**decision, "steps": [step]}, packs)["same"]


async def test_another_pack_says_what_it_would_have_said(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", orders=2)
        decision = await recover(runs, "ada")
        stricter = TEXT.replace("max: 3, window: {rolling: P7D}", "max: 1, window: {rolling: P7D}")
        assert (await runs.decisions.replay(decision["id"], policy=TEXT))["same"]
        assert (await runs.decisions.replay(decision["id"], policy=stricter))["same"]
        rest = TEXT.replace(
            "purchase_rest_minutes: {value: 1440", "purchase_rest_minutes: {value: 525600"
        )
        told = await runs.decisions.replay(decision["id"], policy=rest)
        assert (told["what_if"], told["same"]) == (True, False)
        last = told["steps"][-1]
        assert (last["recorded"], last["replayed"]) == ("allow", "deny")
        assert "just_bought" in last["replayed_rules"]
        quiet = TEXT.replace('from: "21:00"', 'from: "12:00"')
        told = await runs.decisions.replay(decision["id"], policy=quiet)
        assert not told["same"], "deferred is not the same as sent at once"
        assert "not_before_us" in told["steps"][-1]["obligations"]
        assert (await runs.decisions.get(decision["id"])) == decision, "a what-if writes nothing"


async def test_a_broken_pack_and_an_unknown_decision_are_told_apart(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        decision = await recover(runs, "ada")
        with pytest.raises(Invalid, match=r"policy:\d+:\d+: "):
            await runs.decisions.replay(decision["id"], policy=TEXT.replace("currency: EUR", ""))
        with pytest.raises(NotFound):
            await runs.decisions.replay("dec_nothing")
        with pytest.raises(BadRequest, match="filtered by colour"):
            await runs.decisions.listing(after=None, limit=5, filters={"colour": "red"})


async def test_a_decision_replays_under_the_version_it_names_after_another_went_live(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", orders=2)
        decision = await recover(runs, "ada")
        newer = TEXT.replace("version: 1", "version: 2").replace("max: 3", "max: 0")
        await runs.publishing.put("commerce", newer, author="ann")
        told = await runs.decisions.replay(decision["id"])
        assert told["same"] and json.dumps(told)
        assert (await runs.decisions.explain(decision["id"]))["flip"]
