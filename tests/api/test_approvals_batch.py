"""Many questions at once: each is decided by itself, and each says what became of it (P9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.api.service import PRODUCTS, Api, service, settings_of

BATCH = "/v1/approvals/batch"
PACK = Path(__file__).parents[2] / "policies" / "commerce.yaml"
#: Every message and offer of the agent is looked at by an operator.
LOOKED_AT = (
    ("version: 1", "version: 2"),
    (
        "params.free_discount_bp || allow    | A message",
        "params.free_discount_bp || review   | A message",
    ),
    (
        "budgets:\n",
        "approvals: {answer_within: PT4H, assignee: relationship_manager}\n\nbudgets:\n",
    ),
)


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """An API whose agent has every message looked at."""
    text = PACK.read_text()
    for old, new in LOOKED_AT:
        assert old in text, old
        text = text.replace(old, new)
    folder = tmp_path / "data" / "policies"
    folder.mkdir(parents=True)
    (folder / "commerce.yaml").write_text(text)
    async with service(settings_of(tmp_path / "data")) as served:
        await served.ok("PUT", "/v1/products", PRODUCTS)
        yield served


async def asked(api: Api, user_id: str, **traits: Any) -> dict[str, Any]:
    await api.person(user_id, **traits)
    decision = await api.decision(user_id)
    page = await api.ok("GET", "/v1/approvals?limit=100")
    return dict(next(one for one in page["items"] if one["decision_id"] == decision["id"]))


def results(answer: Any) -> list[str]:
    return [one["result"] for one in answer["items"]]


async def test_p9_a_group_is_decided_by_any_operator_each_by_itself(api: Api) -> None:
    made = [await asked(api, f"u{k}") for k in range(3)]
    assert {one["outcome"] for one in made} == {"review"}
    assert len({one["alike"] for one in made}) == 1
    operator = await api.key("operator", "olga")
    ids = [one["id"] for one in made]
    answer = await api.ok("POST", BATCH, {"ids": ids, "decision": "approve"}, key=operator)
    assert results(answer) == ["decided"] * 3
    assert {one["decided_by"] for one in answer["items"]} == {"olga"}
    await api.runs.idle()
    for one in made:
        done = await api.ok("GET", f"/v1/decisions/{one['decision_id']}")
        assert [effect["status"] for effect in done["effects"]] == ["sent"]


async def test_p9_each_says_what_became_of_it(api: Api) -> None:
    await api.key("operator", "grace")
    operator = await api.key("operator", "olga")
    late = await asked(api, "late")
    await api.ok("POST", "/v1/clock", {"advance": "PT4H"})
    open_, done, theirs = [
        await asked(api, name, **traits)
        for name, traits in (
            ("open", {}),
            ("done", {}),
            ("theirs", {"relationship_manager": "grace"}),
        )
    ]
    no = {"decision": "reject", "reason": "not now"}
    await api.ok("POST", f"/v1/approvals/{done['id']}", no)
    ids = [open_["id"], done["id"], theirs["id"], late["id"], "apr_nothing"]
    answer = await api.ok("POST", BATCH, {"ids": ids, "decision": "approve"}, key=operator)
    assert results(answer) == ["decided", "already", "not_yours", "lapsed", "unknown"]
    assert answer["items"][1]["decided_by"] == "admin"
    assert "grace" in answer["items"][2]["said"]
    still = await api.ok("GET", f"/v1/approvals/{theirs['id']}")
    assert still["status"] == "pending"


async def test_p9_what_needs_a_signature_is_never_decided_in_a_batch(api: Api) -> None:
    text = (await api.ok("GET", "/v1/policies/commerce"))["text"]
    text = text.replace("version: 2", "version: 3").replace(
        "params.free_discount_bp || review   | A message",
        "params.free_discount_bp || approval | A message",
    )
    await api.ok("PUT", "/v1/policies/commerce", {"text": text})
    question = await asked(api, "ada")
    assert question["outcome"] == "approval"
    answer = await api.ok("POST", BATCH, {"ids": [question["id"]], "decision": "approve"})
    assert results(answer) == ["one_by_one"]
    assert (await api.ok("GET", f"/v1/approvals/{question['id']}"))["status"] == "pending"


async def test_p9_of_two_batches_at_once_each_question_is_decided_once(api: Api) -> None:
    ids = [(await asked(api, f"u{k}"))["id"] for k in range(4)]
    keys = [await api.key("operator", name) for name in ("olga", "otto")]
    answers = await asyncio.gather(
        *(api.ok("POST", BATCH, {"ids": ids, "decision": "approve"}, key=key) for key in keys)
    )
    for pair in zip(*(results(answer) for answer in answers), strict=True):
        assert sorted(pair) == ["already", "decided"]


async def test_a_batch_that_cannot_be_meant_is_refused_whole(api: Api) -> None:
    question = await asked(api, "ada")
    for body, says in (
        ({"ids": [], "decision": "approve"}, "ids"),
        ({"ids": [question["id"]] * 2, "decision": "approve"}, "twice"),
        ({"ids": [question["id"]], "decision": "reject"}, "reason"),
        ({"ids": [question["id"]], "decision": "edit"}, "approve"),
        ({"ids": [f"apr_{k}" for k in range(201)], "decision": "approve"}, "200"),
    ):
        assert says in await api.problem(422, "POST", BATCH, body)
    viewer = await api.key("viewer")
    body = {"ids": [question["id"]], "decision": "approve"}
    await api.problem(403, "POST", BATCH, body, key=viewer)
    assert (await api.ok("GET", f"/v1/approvals/{question['id']}"))["status"] == "pending"
