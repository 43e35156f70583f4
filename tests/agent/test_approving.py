"""Approvals: decided once, by the right role, never by whoever asked; lapse means not done (P9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from agent.messages import Answer
from agent.runs import Runs
from store.ids import new_id
from store.principals import Principal
from tests.agent.stage import goods, person, recover, stage


def who(name: str, role: str) -> Principal:
    return Principal(id=new_id("prn"), name=name, role=role)


YES = Answer(decision="approve")


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[tuple[Runs, dict[str, Any]]]:
    """A deployment with one question: 20 % off, for any operator to look at."""
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", orders=9, codes=8, ordered="2025-10-01")
        decision = await recover(runs, "ada")
        assert decision["status"] == "awaiting_approval"
        (question,) = (await runs.approving.listing(status="pending", after=None, limit=5)).items
        yield runs, question


async def test_p9_a_question_discloses_what_is_decided_about(
    asked: tuple[Runs, dict[str, Any]],
) -> None:
    _, question = asked
    assert question["outcome"] == "review" and question["requested_by"] == "agent:shopping"
    assert question["call"]["args"]["discount_bp"] == 2_000
    assert "offer_autonomy.generous" in [f["rule"] for f in question["fired"]]
    assert question["amount_minor"] == 2_400 and question["currency"] == "EUR"
    assert "not done" in question["if_nobody_answers"]


async def test_p9_an_approval_lets_it_happen(asked: tuple[Runs, dict[str, Any]]) -> None:
    runs, question = asked
    told = await runs.approving.answer(question["id"], YES, by=who("olga", "operator"))
    assert (told["status"], told["decided_by"]) == ("approved", "olga")
    await runs.idle()
    done = await runs.decisions.get(question["decision_id"])
    assert any(e["kind"] == "offer" for e in done["effects"])
    explained = await runs.decisions.explain(done["id"])
    assert "Olga said yes." in explained["why_not"] + explained["why"]


async def test_p9_of_two_answers_one_counts(asked: tuple[Runs, dict[str, Any]]) -> None:
    runs, question = asked
    no = Answer(decision="reject", reason="too much")
    answers = [
        runs.approving.answer(question["id"], answer, by=who(name, "operator"))
        for name, answer in (("olga", YES), ("otto", no), ("ole", YES))
    ]
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert sum(isinstance(r, dict) for r in results) == 1
    assert all(isinstance(r, (dict, Conflict)) for r in results)


async def test_p9_roles_and_the_asker_are_kept_apart(asked: tuple[Runs, dict[str, Any]]) -> None:
    runs, question = asked
    for principal in (who("vera", "viewer"), who("agent:shopping", "admin")):
        with pytest.raises(Forbidden):
            await runs.approving.answer(question["id"], YES, by=principal)
    assert (await runs.approving.get(question["id"]))["status"] == "pending"


async def test_an_edit_that_does_not_fit_the_tool_is_refused_before_anything_is_decided(
    asked: tuple[Runs, dict[str, Any]],
) -> None:
    runs, question = asked
    for args in ({"discount_bp": "10"}, {"discount_bp": 500}, {"colour": "red"}):
        with pytest.raises(Invalid, match="do not fit create_offer"):
            await runs.approving.answer(
                question["id"], Answer(decision="edit", args=args), by=who("olga", "operator")
            )
    assert (await runs.approving.get(question["id"]))["status"] == "pending"


async def test_p9_after_a_day_it_lapses_and_that_means_not_done(
    asked: tuple[Runs, dict[str, Any]],
) -> None:
    runs, question = asked
    await runs.advance(by_us=86_400_000_000)
    done = await runs.decisions.get(question["decision_id"])
    assert done["status"] == "no_action" and done["effects"] == []
    with pytest.raises(Conflict, match="lapsed"):
        await runs.approving.answer(question["id"], YES, by=who("olga", "operator"))
    explained = await runs.decisions.explain(done["id"])
    assert "Nobody answered in time, and that means: not done." in explained["why_not"]


async def test_an_unknown_question_and_one_of_somebody_erased_are_told_apart(
    asked: tuple[Runs, dict[str, Any]],
) -> None:
    runs, question = asked
    with pytest.raises(NotFound):
        await runs.approving.get("apr_nothing")
    await runs.people.erase("ada", by="ann")
    with pytest.raises((Gone, NotFound)):
        await runs.approving.answer(question["id"], YES, by=who("olga", "operator"))


def test_an_answer_says_what_it_needs_to_say() -> None:
    for bad in (
        {"decision": "edit"},
        {"decision": "reject"},
        {"decision": "respond", "reason": ""},
        {"decision": "perhaps"},
    ):
        with pytest.raises(ValidationError):
            Answer.model_validate(bad)
