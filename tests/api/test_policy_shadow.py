"""A draft over HTTP: who would have been affected, how much money, which rules; nothing happens."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from agent.documents import shipped_packs
from store.schema import metadata
from tests.api.service import PRODUCTS, Api
from tests.api.test_policies import BROKEN, NEWER

WEEKLY = "max: 3, window: {rolling: P7D}"
NONE_A_WEEK = NEWER.replace(WEEKLY, "max: 0, window: {rolling: P7D}")
QUIET_AT_NOON = NEWER.replace('from: "21:00"', 'from: "11:00"')
NO_OFFERS = NEWER.replace("max_discount_bp: {value: 2000", "max_discount_bp: {value: 0")
#: The layer that the shop's pack stands on.
HOUSE = shipped_packs()["organisation"].replace("version: 1\n", "version: 2\n", 1)
NOT_USEFUL = "action.useful_minutes == 0"
ASKS_MORE = NEWER.replace(
    "facts:\n", "facts:\n  customer.is_vip: {bool, for: [contact]}\n"
).replace(
    "\nsoft:\n",
    "  - {id: vips, never_when: customer.is_vip, because: We leave them alone}\n\nsoft:\n",
)


async def shop(api: Api, *people: str) -> dict[str, dict[str, Any]]:
    """These people each left a cart behind, and were written to."""
    await api.ok("PUT", "/v1/products", PRODUCTS)
    made = {}
    for who in people:
        await api.person(who, firstName=who.title(), lastName="Lovelace")
        made[who] = await api.decision(who)
    return made


async def asked(api: Api, text: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await api.ok("POST", "/v1/policies/shadow", {"text": text, **more})
    return found


def everything(api: Api) -> dict[str, list[Any]]:
    """Every row of every table."""
    return {
        table.name: api.runs.db.read_now(
            lambda conn, table=table: sorted(map(repr, conn.execute(select(table)).all()))  # type: ignore[misc]
        )
        for table in metadata.sorted_tables
    }


async def test_who_is_affected_is_told_with_the_rule_and_the_newest_first(api: Api) -> None:
    made = await shop(api, "ada", "bob")
    told = await asked(api, NONE_A_WEEK, file="draft.yaml", since="7d")
    assert told["summary"] == (
        "2 people would have been affected in the last 7 days: 2 of 2 decisions come out otherwise."
    )
    assert told["looked_at"]["decisions"] == 2 and told["looked_at"]["calls"] >= 4
    assert told["changed"] == {"decisions": 2, "people": 2}
    assert (told["unchanged"]["decisions"], told["undecided"]["decisions"]) == (0, 0)
    assert told["kinds"] == [
        {"kind": "refused", "says": "newly refused", "decisions": 2, "people": 2}
    ]
    [rule] = told["rules"]
    assert (rule["rule"], rule["pack"], rule["people"]) == ("weekly", "draft", 2)
    assert [item["decision_id"] for item in told["people"]["items"]] == [
        made["bob"]["id"], made["ada"]["id"],
    ]  # fmt: skip
    first = told["people"]["items"][0]
    assert (first["name"], first["kinds"], first["goal"]) == ("Bob L.", ["refused"], "recover_cart")
    assert first["because"] == ["Nobody gets more than 3 marketing contacts in 7 days"]
    assert (told["policy"], told["version"], told["cut"]) == ("commerce", 2, False)


async def test_a_draft_that_says_the_same_affects_nobody(api: Api) -> None:
    await shop(api, "ada")
    told = await asked(api, NEWER)
    assert told["summary"] == (
        "Nobody would have been affected in the last 7 days: the one decision comes out the same."
    )
    assert (told["kinds"], told["rules"], told["people"]["items"]) == ([], [], [])


async def test_a_later_hour_is_no_refusal(api: Api) -> None:
    await shop(api, "ada")
    told = await asked(api, QUIET_AT_NOON)
    assert [(each["kind"], each["people"]) for each in told["kinds"]] == [("later", 1)]
    assert [rule["rule"] for rule in told["rules"]] == ["quiet_hours"]


async def test_a_fact_that_was_not_written_down_is_named_and_counted_apart(api: Api) -> None:
    await shop(api, "ada")
    told = await asked(api, ASKS_MORE)
    assert told["changed"]["decisions"] == told["unchanged"]["decisions"] == 0
    assert told["undecided"] == {
        "decisions": 1,
        "facts": [{"fact": "customer.is_vip", "name": "is vip", "calls": 1}],
    }
    assert any("what was not written down then: is vip" in said for said in told["limits"])
    assert "could not be decided again" in told["summary"]


async def test_nothing_happens_and_nothing_is_kept(api: Api) -> None:
    await shop(api, "ada", "bob")
    viewer = await api.key("viewer")
    before = everything(api)
    for text in (NONE_A_WEEK, QUIET_AT_NOON, ASKS_MORE, NEWER):
        await api.ok("POST", "/v1/policies/shadow", {"text": text}, key=viewer,
                     headers={"idempotency-key": "k1"})  # fmt: skip
    assert everything(api) == before


async def test_no_more_is_looked_at_than_asked_for_and_a_cut_is_said(api: Api) -> None:
    made = await shop(api, "ada", "bob", "cleo")
    told = await asked(api, NONE_A_WEEK, limit=2)
    assert (told["cut"], told["looked_at"]["decisions"]) == (True, 2)
    assert made["ada"]["id"] not in {i["decision_id"] for i in told["people"]["items"]}
    assert any("Only the newest 2 decisions were looked at" in said for said in told["limits"])
    assert (await asked(api, NONE_A_WEEK, limit=3))["cut"] is False
    await api.problem(422, "POST", "/v1/policies/shadow", {"text": NEWER, "limit": 100_001})


async def test_what_is_older_than_asked_for_is_not_looked_at(api: Api) -> None:
    await shop(api, "ada")
    await api.ok("POST", "/v1/clock", {"advance": "P2D"})
    for since in ("1d", "PT1H", "24h", "2026-03-05T11:00:00Z"):
        told = await asked(api, NONE_A_WEEK, since=since)
        assert told["looked_at"]["decisions"] == 0, since
        assert "Nothing was decided" in told["summary"]
    for since in ("3d", "P1W", "72h", "2026-03-03T00:00:00Z"):
        assert (await asked(api, NONE_A_WEEK, since=since))["changed"]["people"] == 1, since


@pytest.mark.parametrize("since", ["yesterday", "P1M", "0d", "2026-03-03", ""])
async def test_a_span_that_cannot_be_read_is_said(api: Api, since: str) -> None:
    said = await api.problem(422, "POST", "/v1/policies/shadow", {"text": NEWER, "since": since})
    assert "a length of time such as 7d" in said


async def test_the_list_of_people_goes_on_where_it_ended(api: Api) -> None:
    made = await shop(api, "ada", "bob", "cleo")
    told = await asked(api, NONE_A_WEEK)
    assert told["people"]["next_cursor"] is None
    rest = await asked(api, NONE_A_WEEK, cursor=made["cleo"]["id"])
    assert [item["name"] for item in rest["people"]["items"]] == ["Bob L.", "Ada L."]
    assert rest["changed"] == told["changed"]


async def test_who_was_erased_is_left_out_and_counted(api: Api) -> None:
    await shop(api, "ada", "bob")
    await api.ok("DELETE", "/v1/customers/ada")
    told = await asked(api, NONE_A_WEEK)
    assert told["erased"] == {"decisions": 1, "people": 1}
    assert told["changed"] == {"decisions": 1, "people": 1}
    assert [item["name"] for item in told["people"]["items"]] == ["Bob L."]
    assert any("1 decision was left out, of 1 erased person" in said for said in told["limits"])
    assert "Ada" not in str(told)


async def test_decisions_of_an_older_version_are_said_to_be(api: Api) -> None:
    await shop(api, "ada")
    assert not any("under another version" in said for said in (await asked(api, NEWER))["limits"])
    await api.ok("PUT", "/v1/policies/commerce", {"text": NEWER})
    told = await asked(api, NEWER.replace("version: 2", "version: 3"))
    assert any("given under another version than the one in force" in s for s in told["limits"])


async def test_a_broken_draft_is_told_with_its_places(api: Api) -> None:
    said = await api.problem(
        422, "POST", "/v1/policies/shadow", {"text": BROKEN, "file": "draft.yaml"}
    )
    assert "draft.yaml:" in said
    await api.problem(422, "POST", "/v1/policies/shadow", {"text": NEWER, "zebra": 1})


async def test_a_viewer_may_ask_and_an_ingest_key_may_not(api: Api) -> None:
    viewer, ingest = await api.key("viewer"), await api.key("ingest")
    await api.ok("POST", "/v1/policies/shadow", {"text": NEWER}, key=viewer)
    await api.problem(403, "POST", "/v1/policies/shadow", {"text": NEWER}, key=ingest)


async def test_money_is_told_for_offers(api: Api) -> None:
    """Somebody with many orders is given a discount; the draft gives none."""
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("ada")
    for n in range(3):
        order = {"order_id": f"o{n}", "total": 300, "currency": "EUR", "coupon": f"OLD-{n}"}
        await api.ok("POST", "/v1/track", {
            "userId": "ada", "event": "Order Completed", "timestamp": f"2025-0{4 + n}-11T10:00:00Z",
            "properties": order, "context": {"historical": True},
        })  # fmt: skip
    decision = await api.decision("ada")
    offers = [s for s in decision["steps"] if s["call"]["tool"] == "create_offer"]
    assert offers, [s["call"]["tool"] for s in decision["steps"]]
    told = await asked(api, NO_OFFERS)
    [sums] = told["money"]
    cost = offers[-1]["facts"]["action.cost_minor"]
    assert (sums["currency"], sums["refused_minor"] > 0) == ("EUR", True)
    assert told["money_says"][0].endswith("EUR in offers would not have been made.")
    assert told["people"]["items"][0]["money"][0]["minor"] >= cost
    assert "max_discount" in {rule["rule"] for rule in told["rules"]}
    assert any("Money that a refused offer" in said for said in told["limits"])


async def test_a_draft_of_a_lower_layer_is_asked_through_the_pack_on_top(api: Api) -> None:
    await shop(api, "ada")
    same = await asked(api, HOUSE)
    assert (same["changed"]["decisions"], same["unchanged"]["decisions"]) == (0, 1)
    told = await asked(api, HOUSE.replace(NOT_USEFUL, "action.useful_minutes < 500000"))
    assert told["changed"] == {"decisions": 1, "people": 1}
    assert [rule["rule"] for rule in told["rules"]] == ["not_useful"]
    assert told["policy"] == "commerce", "the pack that decides, with the draft below it"


async def test_a_draft_that_a_pack_on_top_cannot_stand_on_is_told_so(api: Api) -> None:
    await shop(api, "ada")
    lower = "params:\n  max_discount_bp: {value: 1000, stricter: lower}\n"
    text = HOUSE.replace("params:\n", lower, 1)
    said = await api.problem(422, "POST", "/v1/policies/shadow", {"text": text})
    assert "commerce.yaml:" in said and "max_discount_bp" in said
