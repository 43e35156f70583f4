"""The projection: every field of a decision that the contract names, from its entries alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.projection import project
from store import journal
from store.journal import Entry
from store.sealing import Erased
from tests.agent.stage import event, goods, person, recover, stage

FIELDS = {
    "id", "journey_id", "customer_id", "goal", "agent", "arm", "status", "event_ids", "facts",
    "planner", "policy", "plan", "steps", "effects", "losers", "usage", "outcome", "prev_hash",
    "hash",
}  # fmt: skip
ROW = {
    "id": "dec_1", "journey_id": "jrn_1", "customer_id": "cus_1", "goal": "recover_cart",
    "agent": "shopping", "agent_version": 1, "arm": "agent", "mode": "sandbox",
    "status": "no_action", "opened_at": 1, "closed_at": 2,
}  # fmt: skip


def entry(n: int, kind: str, body: dict[str, Any] | None) -> Entry:
    return Entry(n, 0, n, n, "cus_1", "dec_1", kind, 1, body, f"h{n - 1}", f"h{n}")


async def test_a_decision_has_every_field_of_the_contract(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs, {"cost_minor": 7_000})
        await person(runs, "ada", orders=4, codes=3, ordered="2025-10-01", each=60.0)
        d = await recover(runs, "ada")
        entries = await runs.db.read(journal.entries_of, runs.db.vault, d["id"])
    assert d.keys() >= FIELDS
    assert (d["goal"], d["agent"], d["arm"], d["status"]) == (
        "recover_cart", "shopping", "agent", "completed",
    )  # fmt: skip
    assert d["planner"].keys() >= {"kind", "model", "prompt_digest"}
    assert d["planner"]["kind"] == "offline" and len(d["planner"]["prompt_digest"]) == 64
    assert (d["policy"]["pack"], d["policy"]["version"]) == ("commerce", 1)
    assert len(d["policy"]["sha256"]) == 64
    assert len(d["plan"]) == 3 and all(d["plan"])
    assert d["usage"] == {"llm_calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": 0}
    assert [s["n"] for s in d["steps"]] == [1, 1, 1, 1, 2, 3], "a turn may have several calls"
    for step in d["steps"]:
        assert step.keys() >= {"n", "call", "reasoning", "confidence", "verdict", "result",
                               "effect_id"}  # fmt: skip
        assert step["call"].keys() == {"id", "tool", "args"}
        assert 0 <= step["confidence"] <= 1
        for fired in step["verdict"]["fired"]:
            assert fired.keys() >= {"rule", "kind", "because", "facts"}
        assert isinstance(step["verdict"]["obligations"], dict)
    offer, mail = d["effects"]
    assert offer.keys() >= {"id", "kind", "channel", "status", "not_before", "amount"}
    assert (offer["kind"], offer["channel"], mail["kind"], mail["channel"]) == (
        "offer", None, "contact", "email",
    )  # fmt: skip
    assert offer["amount"] == {"minor": 1_200, "currency": "EUR"}
    assert mail["status"] == "sent"
    assert {e["id"] for e in d["effects"]} == {s["effect_id"] for s in d["steps"]} - {None}
    assert d["prev_hash"] != d["hash"] == entries[-1].hash


async def test_events_that_joined_a_decision_are_among_its_events(tmp_path: Path) -> None:
    async with stage(tmp_path, settle=0.4) as runs:
        await goods(runs)
        await person(runs, "ada")
        both = [
            event("ada", "Cart Abandoned", cart={"id": "c", "items": [{"sku": "LAMP"}]}),
            event("ada", "Product Viewed", sku="LAMP"),
        ]
        await runs.accept("test", both)
        await runs.idle()
        (listed,) = (await runs.decisions.listing(after=None, limit=9, filters={})).items
        d = await runs.decisions.get(listed["id"])
    assert [e["name"] for e in d["events"]] == ["Cart Abandoned", "Product Viewed"]
    assert len(set(d["event_ids"])) == 2


def test_of_an_effect_the_newest_state_counts_and_when_it_was_due_stays_known() -> None:
    effect = {"effect_id": "eff_1", "kind": "contact", "channel": "email", "status": "scheduled",
              "not_before": 9, "amount_minor": None, "currency": None, "reason": None,
              "provider_id": None}  # fmt: skip
    sent = {**effect, "status": "sent", "not_before": None, "provider_id": "p"}
    d = project(ROW, [entry(1, "effect", effect), entry(2, "effect", sent)])
    (shown,) = d["effects"]
    assert (shown["status"], shown["not_before"], shown["provider_id"]) == ("sent", 9, "p")


def test_a_decision_that_closed_twice_shows_the_last_word() -> None:
    first = {"status": "scheduled", "reason": "queued", "outcome": {"kind": "scheduled"}}
    last = {"status": "no_action", "reason": "they bought", "outcome": {"kind": "cancelled"}}
    d = project(ROW, [entry(1, "closed", first), entry(2, "closed", last)])
    assert d["outcome"] == {"reason": "they bought", "kind": "cancelled"}
    assert (d["prev_hash"], d["hash"]) == ("h1", "h2")


def test_nothing_written_yet_is_a_decision_all_the_same() -> None:
    d = project(ROW, [])
    assert d.keys() >= FIELDS
    assert (d["outcome"], d["hash"], d["steps"], d["event_ids"]) == (None, None, [], [])
    assert d["policy"] == {"pack": None, "version": None, "sha256": None}


def test_usage_adds_up_over_the_turns() -> None:
    turn = {"n": 1, "plan": "p", "planner": {"kind": "llm", "model": "m", "prompt_digest": "d"},
            "usage": {"llm_calls": 1, "prompt_tokens": 10, "completion_tokens": 2, "cost": 3},
            "mishaps": []}  # fmt: skip
    d = project(ROW, [entry(1, "planned", turn), entry(2, "planned", turn)])
    assert d["usage"] == {"llm_calls": 2, "prompt_tokens": 20, "completion_tokens": 4, "cost": 6}


def test_p10_of_somebody_erased_nothing_is_projected() -> None:
    with pytest.raises(Erased):
        project(ROW, [entry(1, "opened", None)])
