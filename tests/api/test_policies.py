"""Policies over HTTP: read, checked, published; a broken text never replaces a working one."""

from __future__ import annotations

from pathlib import Path

from evals.flat_pack import flat_commerce
from tests.api.service import PRODUCTS, Api, service, settings_of
from tests.source import ROOT

SHIPPED = flat_commerce()
IN_FORCE = (ROOT / "policies" / "commerce.yaml").read_text(encoding="utf-8")
NEWER = SHIPPED.replace("version: 1\n", "version: 2\n")
BROKEN = NEWER.replace("currency: EUR", "currency: euro?")


async def test_the_pack_in_force_is_shown_with_its_rules_and_reasons(api: Api) -> None:
    listed = await api.ok("GET", "/v1/policies")
    assert [item["name"] for item in listed["items"]] == [
        *("commerce", "finance", "organisation", "travel"),
    ]
    assert (listed["problems"], listed["next_cursor"]) == ([], None)
    shown = await api.ok("GET", "/v1/policies/commerce")
    assert (shown["version"], shown["currency"], shown["text"]) == (1, "EUR", IN_FORCE)
    assert shown["rules"] and all(rule["id"] and rule["because"] for rule in shown["rules"])


async def test_a_text_is_checked_without_being_published(api: Api) -> None:
    found = await api.ok("POST", "/v1/policies/check", {"text": NEWER, "file": "draft.yaml"})
    told = {key: found[key] for key in ("ok", "problems", "policy", "version", "findings")}
    assert told == {
        "ok": True, "problems": [], "policy": "commerce", "version": 2, "findings": [],
    }  # fmt: skip
    assert found["finished"] and {one["kind"] for one in found["answers"]} >= {"contact", "offer"}
    found = await api.ok("POST", "/v1/policies/check", {"text": BROKEN, "file": "draft.yaml"})
    assert found["ok"] is False
    line = BROKEN.splitlines().index("currency: euro?") + 1
    assert any(problem.startswith(f"draft.yaml:{line}:") for problem in found["problems"])
    for text in ("", "a: [", "\t", "- 1", "policy: [commerce]"):
        assert (await api.ok("POST", "/v1/policies/check", {"text": text}))["ok"] is False
    assert (await api.ok("GET", "/v1/policies"))["items"][0]["version"] == 1


async def test_what_a_text_would_change_is_told_with_examples(api: Api) -> None:
    viewer = await api.key("viewer", "vera")
    lower = NEWER.replace("min_margin_bp: {value: 1500", "min_margin_bp: {value: 1000")
    for against in (None, "commerce", SHIPPED):
        body = {"text": lower, "against": against}
        told = await api.ok("POST", "/v1/policies/diff", body, key=viewer)
        assert (told["before"]["version"], told["after"]["version"]) == (1, 2)
        assert {tuple(one["rules"]) for one in told["answers"]} == {("margin_floor",)}
        assert all(one["example"] for one in told["answers"])
    alike = await api.ok("POST", "/v1/policies/diff", {"text": NEWER})
    assert alike["answers_alike"] and alike["answers"] == alike["changed"] == []
    assert "policy.yaml:" in await api.problem(422, "POST", "/v1/policies/diff", {"text": BROKEN})
    await api.problem(404, "POST", "/v1/policies/diff", {"text": NEWER, "against": "other"})
    await api.problem(422, "POST", "/v1/policies/diff", {"text": "x" * 500_001})


async def test_a_pack_that_breaks_its_own_invariant_is_refused_with_an_example(api: Api) -> None:
    promise = (
        "invariants:\n  - {id: word, when: action.discount_bp > 500, at_least: deny, because: So}\n"
    )
    assert "\ninvariants:\n" in NEWER
    text = NEWER.replace("invariants:\n", promise)
    checked = await api.ok("POST", "/v1/policies/check", {"text": text})
    assert not checked["ok"] and checked["findings"][0]["severity"] == "error"
    said = await api.problem(422, "PUT", "/v1/policies/commerce", {"text": text})
    assert "invariant word does not hold" in said and "for example the discount: 5.01 %" in said
    assert (await api.ok("GET", "/v1/policies/commerce"))["version"] == 1


async def test_a_version_is_published_and_decides_from_then_on(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    approver = await api.key("approver", "grace")
    made = await api.ok("PUT", "/v1/policies/commerce", {"text": NEWER}, key=approver)
    assert (made["version"], made["author"]) == (2, "grace")
    shown = await api.ok("GET", "/v1/policies/commerce")
    assert [version["version"] for version in shown["versions"]] == [2, 1]
    await api.person("ada")
    assert (await api.decision("ada"))["policy"]["version"] == 2


async def test_a_broken_text_never_replaces_a_working_one(api: Api) -> None:
    said = await api.problem(422, "PUT", "/v1/policies/commerce", {"text": BROKEN})
    line = BROKEN.splitlines().index("currency: euro?") + 1
    assert f"commerce.yaml:{line}:" in said
    await api.problem(422, "PUT", "/v1/policies/other", {"text": NEWER})
    older = SHIPPED.replace("currency: EUR", "currency: USD")
    assert "version: 2" in await api.problem(409, "PUT", "/v1/policies/commerce", {"text": older})
    shown = await api.ok("GET", "/v1/policies/commerce")
    assert (shown["version"], shown["text"]) == (1, IN_FORCE)


async def test_a_text_without_end_is_refused(api: Api) -> None:
    await api.problem(422, "PUT", "/v1/policies/commerce", {"text": "x" * 500_001})
    await api.problem(422, "POST", "/v1/policies/check", {"text": SHIPPED, "zebra": 1})


async def test_what_was_published_is_not_undone_by_a_restart(tmp_path: Path) -> None:
    async with service(settings_of(tmp_path / "data")) as api:
        await api.ok("PUT", "/v1/policies/commerce", {"text": NEWER})
    async with service(settings_of(tmp_path / "data")) as api:
        assert (await api.ok("GET", "/v1/policies/commerce"))["version"] == 2
