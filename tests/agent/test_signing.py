"""Over budget: an approver's signature raises the month by what is missing, and no further (P2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Forbidden
from agent.messages import Answer
from agent.runs import Runs
from tests.agent.stage import goods, person, recover, stage
from tests.agent.test_approving import YES, who
from tests.tools.pictures import pack_text

TIGHT = (
    ("version: 1", "version: 2"),
    ("limit_minor: 500000", "limit_minor: 2000"),
    ("charges: action.cost_minor, because", "charges: action.cost_minor, over: approval, because"),
)


@pytest.fixture
async def over(tmp_path: Path) -> AsyncIterator[tuple[Runs, dict[str, Any]]]:
    """A deployment with 20.00 for discounts, and a question about one of 24.00."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "commerce.yaml").write_text(pack_text(*TIGHT))
    async with stage(tmp_path / "data", policies=policies) as runs:
        await goods(runs)
        await person(runs, "ada", orders=9, codes=8, ordered="2025-10-01")
        decision = await recover(runs, "ada")
        assert decision["status"] == "awaiting_approval"
        (question,) = (await runs.approving.listing(status="pending", after=None, limit=5)).items
        yield runs, question


async def test_p9_the_question_says_by_how_much_it_is_over(
    over: tuple[Runs, dict[str, Any]],
) -> None:
    runs, question = over
    assert question["outcome"] == "approval"
    assert question["over_budget"] == [{"budget": "discounts", "amount_minor": 400}]
    with pytest.raises(Forbidden):
        await runs.approving.answer(question["id"], YES, by=who("olga", "operator"))
    (budget,) = (await runs.counts.period(1)).budgets
    assert (budget.left_minor, budget.raised_minor, budget.signed) == (2_000, 0, ())


async def test_p2_a_signature_raises_it_and_the_offer_is_made(
    over: tuple[Runs, dict[str, Any]],
) -> None:
    runs, question = over
    told = await runs.approving.answer(question["id"], YES, by=who("grace", "approver"))
    assert told["raised"] == [{"budget": "discounts", "amount_minor": 400}]
    await runs.idle()
    done = await runs.decisions.get(question["decision_id"])
    made = [e["amount"] for e in done["effects"] if e["kind"] == "offer"]
    assert made == [{"minor": 2_400, "currency": "EUR"}]
    (budget,) = (await runs.counts.period(1)).budgets
    assert (budget.left_minor, budget.raised_minor) == (0, 400)
    (signed,) = budget.signed
    assert (signed.by, signed.amount_minor, signed.used_minor) == ("grace", 400, 400)
    assert signed.approval_id == question["id"]


@pytest.mark.parametrize("decision", ["reject", "respond"])
async def test_another_answer_raises_nothing(
    over: tuple[Runs, dict[str, Any]], decision: str
) -> None:
    runs, question = over
    said = Answer.model_validate({"decision": decision, "reason": "not this month"})
    told = await runs.approving.answer(question["id"], said, by=who("grace", "approver"))
    assert told["raised"] == []
    await runs.idle()
    (budget,) = (await runs.counts.period(1)).budgets
    assert (budget.raised_minor, budget.signed) == (0, ())


async def test_a_lapsed_question_raises_nothing(over: tuple[Runs, dict[str, Any]]) -> None:
    runs, question = over
    await runs.advance(by_us=86_400_000_000)
    assert (await runs.approving.get(question["id"]))["status"] == "lapsed"
    (budget,) = (await runs.counts.period(1)).budgets
    assert (budget.left_minor, budget.raised_minor) == (2_000, 0)
