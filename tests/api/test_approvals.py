"""The approval queue over HTTP: asked, answered once, by whom it is for (P9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from prompts.library import SHIPPED
from tests.api.service import PRODUCTS, Api, service, settings_of


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """An API whose shopping agent asks before every effect."""
    own = tmp_path / "data" / "prompts"
    own.mkdir(parents=True)
    text = (SHIPPED / "shopping.md").read_text()
    assert "autonomy: supervised" in text
    (own / "shopping.md").write_text(text.replace("autonomy: supervised", "autonomy: assisted"))
    async with service(settings_of(tmp_path / "data")) as served:
        await served.ok("PUT", "/v1/products", PRODUCTS)
        yield served


async def asked(api: Api, user_id: str) -> dict[str, Any]:
    """The one open question about somebody."""
    await api.person(user_id)
    decision = await api.decision(user_id)
    assert decision["status"] == "awaiting_approval"
    page = await api.ok("GET", "/v1/approvals")
    mine = [one for one in page["items"] if one["decision_id"] == decision["id"]]
    assert len(mine) == 1
    return dict(mine[0])


async def settled(api: Api, decision_id: str) -> dict[str, Any]:
    await api.runs.idle()
    return dict(await api.ok("GET", f"/v1/decisions/{decision_id}"))


async def test_p9_an_approved_call_is_done(api: Api) -> None:
    question = await asked(api, "ada")
    assert question["call"]["tool"].startswith("send_")
    assert "not done" in question["if_nobody_answers"]
    path = f"/v1/approvals/{question['id']}"
    assert await api.ok("GET", path) == question
    answered = await api.ok("POST", path, {"decision": "approve"})
    assert (answered["status"], answered["decided_by"]) == ("approved", "admin")
    done = await settled(api, question["decision_id"])
    assert [effect["status"] for effect in done["effects"]] == ["sent"]
    assert (await api.ok("GET", "/v1/approvals"))["items"] == []
    assert len((await api.ok("GET", "/v1/approvals?status=any"))["items"]) == 1


async def test_p9_a_question_is_decided_once_and_the_second_hears_by_whom(api: Api) -> None:
    question = await asked(api, "ada")
    path = f"/v1/approvals/{question['id']}"
    other = await api.key("approver", "grace")
    await api.ok("POST", path, {"decision": "reject", "reason": "not now"}, key=other)
    said = await api.problem(409, "POST", path, {"decision": "approve"})
    assert "rejected already by grace" in said
    done = await settled(api, question["decision_id"])
    assert done["status"] == "no_action"
    assert done["effects"] == []


async def test_p9_of_many_at_once_one_decides(api: Api) -> None:
    question = await asked(api, "ada")
    path = f"/v1/approvals/{question['id']}"
    answers = await asyncio.gather(
        *(api.call("POST", path, {"decision": "approve"}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]


async def test_p9_an_approval_is_for_approvers(api: Api) -> None:
    question = await asked(api, "ada")
    assert question["outcome"] == "approval"
    path = f"/v1/approvals/{question['id']}"
    operator = await api.key("operator")
    assert "approver" in await api.problem(403, "POST", path, {"decision": "approve"}, key=operator)
    assert (await api.ok("GET", path))["status"] == "pending"


async def test_p9_a_question_nobody_answered_lapses_and_is_not_done(api: Api) -> None:
    question = await asked(api, "ada")
    await api.ok("POST", "/v1/clock", {"advance": "P30D"})
    shown = await api.ok("GET", f"/v1/approvals/{question['id']}")
    assert shown["status"] == "lapsed"
    await api.problem(409, "POST", f"/v1/approvals/{question['id']}", {"decision": "approve"})
    assert (await settled(api, question["decision_id"]))["effects"] == []


async def test_an_answer_that_cannot_be_meant_is_refused(api: Api) -> None:
    question = await asked(api, "ada")
    path = f"/v1/approvals/{question['id']}"
    for body, says in (
        ({"decision": "reject"}, "reason"),
        ({"decision": "edit"}, "args"),
        ({"decision": "edit", "args": {"zebra": 1}}, "arguments"),
        ({"decision": "maybe"}, "approve"),
        ({}, "decision"),
    ):
        assert says in await api.problem(422, "POST", path, body)
    assert (await api.ok("GET", path))["status"] == "pending"


async def test_the_queue_is_paged_without_gap_or_repeat(api: Api) -> None:
    made = [(await asked(api, f"u{k}"))["id"] for k in range(5)]
    seen, cursor = [], ""
    while True:
        page = await api.ok("GET", f"/v1/approvals?limit=2{cursor}")
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(made)


async def test_p10_a_question_about_an_erased_person_is_gone(api: Api) -> None:
    question = await asked(api, "ada")
    await api.ok("DELETE", "/v1/customers/ada")
    await api.problem(410, "GET", f"/v1/approvals/{question['id']}")
    await api.problem(410, "POST", f"/v1/approvals/{question['id']}", {"decision": "approve"})
    assert "ada" not in str(await api.ok("GET", "/v1/approvals?status=any"))
