"""Changes of packs over HTTP: who changed what, a second person's answer, the way back."""

from __future__ import annotations

from evals.flat_pack import flat_commerce
from tests.api.service import Api
from tests.api.test_policies import IN_FORCE

SHIPPED = flat_commerce()


def text(version: int, *, four_eyes: bool = False) -> str:
    eyes = "currency: EUR\nfour_eyes: true\n" if four_eyes else "currency: EUR\n"
    return SHIPPED.replace("version: 1\n", f"version: {version}\n").replace(
        "currency: EUR\n", eyes, 1
    )


async def test_a_change_is_told_with_when_it_came_into_force_and_how_long_that_took(
    api: Api,
) -> None:
    body = {"text": text(2), "reason": "yearly review"}
    made = await api.ok("PUT", "/v1/policies/commerce", body)
    assert (made["status"], made["version"], made["author"]) == ("published", 2, "admin")
    assert made["took_us"] > 0 and made["in_force_since"] is not None
    (change, shipped) = (await api.ok("GET", "/v1/policies/commerce/changes"))["items"]
    assert (change["id"], change["reason"]) == (made["change"]["id"], "yearly review")
    assert (shipped["author"], shipped["version"]) == ("shipped", 1)
    shown = await api.ok("GET", "/v1/policies/commerce")
    assert shown["in_force"]["took_us"] == made["took_us"]


async def test_where_the_pack_asks_for_four_eyes_its_author_cannot_publish(api: Api) -> None:
    await api.ok("PUT", "/v1/policies/commerce", {"text": text(2, four_eyes=True)})
    ann, bob = await api.key("approver", "ann"), await api.key("approver", "bob")
    put = await api.call("PUT", "/v1/policies/commerce", {"text": text(3)}, key=ann)
    assert (put.status_code, put.json()["status"]) == (202, "waiting")
    place = f"/v1/policies/commerce/changes/{put.json()['change']['id']}"
    yes = {"decision": "publish", "reason": "read it"}
    await api.problem(403, "POST", place, yes, key=ann)
    await api.problem(403, "POST", place, yes, key=await api.key("operator"))
    assert (await api.ok("GET", "/v1/policies/commerce"))["version"] == 2
    listed = (await api.ok("GET", "/v1/policies"))["items"]
    assert [item["waiting"] for item in listed if item["name"] == "commerce"] == [1]
    done = await api.ok("POST", place, yes, key=bob)
    assert done["status"] == "published"
    await api.problem(409, "POST", place, yes, key=bob)
    shown = await api.ok("GET", "/v1/policies/commerce")
    assert (shown["version"], shown["versions"][0]["approver"]) == (3, "bob")


async def test_an_older_version_comes_back_with_a_reason(api: Api) -> None:
    await api.ok("PUT", "/v1/policies/commerce", {"text": text(2)})
    place = "/v1/policies/commerce/rollback"
    await api.problem(422, "POST", place, {"version": 1})
    await api.problem(422, "POST", place, {"version": 1, "reason": " "})
    made = await api.ok("POST", place, {"version": 1, "reason": "too early"})
    assert (made["version"], made["status"]) == (1, "published")
    assert (await api.ok("GET", "/v1/policies/commerce"))["text"] == IN_FORCE
    await api.problem(409, "POST", place, {"version": 1, "reason": "again"})
    await api.problem(404, "POST", place, {"version": 9, "reason": "again"})
    await api.problem(404, "POST", "/v1/policies/other/rollback", {"version": 1, "reason": "x"})


async def test_what_is_not_there_is_said(api: Api) -> None:
    await api.problem(404, "GET", "/v1/policies/other/changes")
    yes = {"decision": "publish"}
    await api.problem(404, "POST", "/v1/policies/commerce/changes/chg_nothing", yes)
    await api.problem(422, "POST", "/v1/policies/commerce/changes/x", {"decision": "maybe"})


async def test_a_text_is_checked_on_top_of_what_is_in_force(api: Api) -> None:
    above = "policy: shop\nversion: 1\nextends: commerce\nparams:\n  max_discount_bp: 2100\n"
    lines = IN_FORCE.splitlines()
    line = next(n for n, said in enumerate(lines, 1) if said.startswith("  max_discount_bp:"))
    found = await api.ok("POST", "/v1/policies/check", {"text": above, "file": "shop.yaml"})
    assert found["problems"] == [
        f"shop.yaml:5:20: params.max_discount_bp is 2000 on line {line} of commerce.yaml; "
        "here it may only be lower or same"
    ]
    await api.problem(422, "PUT", "/v1/policies/shop", {"text": above})
    made = await api.ok("PUT", "/v1/policies/shop", {"text": above.split("params:")[0]})
    assert made["status"] == "published"
    listed = (await api.ok("GET", "/v1/policies"))["items"]
    assert {item["name"]: item["extends"] for item in listed}["shop"] == "commerce"
