"""Over HTTP: why two records are one, taking them apart, and taking a consent back."""

from __future__ import annotations

from typing import Any

from tests.api.service import PRODUCTS, Api, trigger


async def _mistaken(api: Api) -> tuple[str, str]:
    """Ada and Bob, joined by one form. Their ids before."""
    await api.person("ada")
    bob = {"anonymousId": "device-bob", "traits": {"phone": "+4915112345678"}}
    await api.ok("POST", "/v1/identify", bob)
    before = [(await api.ok("GET", f"/v1/customers/{who}"))["id"] for who in ("ada", "device-bob")]
    both = {"userId": "ada", "traits": {"phone": "+4915112345678"}}
    await api.ok("POST", "/v1/identify", both)
    assert (await api.ok("GET", "/v1/customers/device-bob"))["id"] == before[0]
    return before[0], before[1]


async def test_a_merge_is_explained_and_undone(api: Api) -> None:
    ada, bob = await _mistaken(api)
    (merge,) = (await api.ok("GET", "/v1/customers/ada/merges"))["items"]
    assert (merge["into_id"], merge["absorbed_id"], merge["can_be_undone"]) == (ada, bob, True)
    named = {(e["kind"], e["of"]) for e in merge["evidence"]["identifiers"]}
    assert named == {("user_id", ada), ("phone", bob)}
    assert {"kind": "anonymous_id", "value": "device-bob"} in merge["brought"]

    done = await api.ok("POST", "/v1/customers/ada/unmerge", {"reason": "two people"})
    assert done["customer_ids"] == [ada, bob]
    assert (await api.ok("GET", "/v1/customers/device-bob"))["id"] == bob
    (merge,) = (await api.ok("GET", f"/v1/customers/{bob}/merges"))["items"]
    assert (merge["undone_by"], merge["undone_reason"]) == ("admin", "two people")
    await api.problem(404, "POST", "/v1/customers/ada/unmerge", {"reason": "again"})


async def test_of_several_merges_one_is_named(api: Api) -> None:
    await _mistaken(api)
    await api.ok("POST", "/v1/identify", {"anonymousId": "device-2", "traits": {}})
    await api.ok("POST", "/v1/identify", {"userId": "ada", "anonymousId": "device-2"})
    said = await api.problem(400, "POST", "/v1/customers/ada/unmerge", {"reason": "which"})
    merges = (await api.ok("GET", "/v1/customers/ada/merges"))["items"]
    assert all(merge["id"] in said for merge in merges)
    chosen = {"merge_id": merges[-1]["id"], "reason": "this one"}
    await api.ok("POST", "/v1/customers/ada/unmerge", chosen)


async def test_taking_apart_needs_an_approver_and_taking_back_an_operator(api: Api) -> None:
    await _mistaken(api)
    operator, viewer = await api.key("operator"), await api.key("viewer")
    apart, back = {"reason": "two"}, {"channel": "email", "reason": "by phone"}
    await api.problem(403, "POST", "/v1/customers/ada/unmerge", apart, key=operator)
    await api.problem(403, "POST", "/v1/customers/ada/revoke", back, key=viewer)
    await api.ok("POST", "/v1/customers/ada/revoke", back, key=operator)


async def test_p3_a_consent_taken_back_kills_the_queued_message(api: Api) -> None:
    await api.ok("PUT", "/v1/products", PRODUCTS)
    await api.person("tokyo", timezone="Asia/Tokyo")
    decision = await api.ok("POST", "/v1/triggers?wait=20", trigger("tokyo"))
    (queued,) = [e for e in decision["effects"] if e["status"] == "scheduled"]
    said = {"channel": "all", "purpose": "marketing", "reason": "rang us up"}
    done = await api.ok("POST", "/v1/customers/tokyo/revoke", said)
    assert done["queued_contacts_cancelled"] == 1
    states = {(c["channel"], c["purpose"]): c["state"] for c in done["consents"]}
    assert states["email", "marketing"] == states["sms", "marketing"] == "revoked"
    await api.runs.idle()
    decision = await api.ok("GET", f"/v1/decisions/{decision['id']}")
    (dead,) = [e for e in decision["effects"] if e["id"] == queued["id"]]
    assert dead["status"] == "cancelled"


async def test_what_was_said_to_take_it_back_is_its_evidence(api: Api) -> None:
    await api.person("ada")
    said = {"channel": "email", "purpose": "marketing", "reason": "by letter"}
    done = await api.ok("POST", "/v1/customers/ada/revoke", said)
    seen = await api.runs.people.look(done["customer_id"])
    (email,) = [
        c for c in seen["consents"] if (c["channel"], c["purpose"]) == ("email", "marketing")
    ]
    assert email["evidence"] == {"source": "recorded by admin", "evidence": "by letter"}


_ADA = {
    "firstName": "Augusta",
    "lastName": "Lovelace",
    "birthday": "1985-12-10",
    "address": {"street": "12 Saint James Square", "city": "Horsley", "postalCode": "GU23"},
}


async def _arrive(api: Api, device: str, **traits: Any) -> str:
    said = {"anonymousId": device, "traits": _ADA | traits}
    await api.ok("POST", "/v1/identify", said)
    return str((await api.ok("GET", f"/v1/customers/{device}"))["id"])


async def test_who_is_all_but_certainly_one_is_joined_and_it_says_how_each_field_agrees(
    api: Api,
) -> None:
    first, second = await _arrive(api, "d1"), await _arrive(api, "d2", firstName="Augsuta")
    assert second == first
    (merge,) = (await api.ok("GET", "/v1/customers/d1/merges"))["items"]
    assert merge["why"] == "probable"
    agreed = {part["field"]: part["level"] for part in merge["evidence"]["fields"]}
    assert (agreed["surname"], agreed["given_name"]) == ("exact", "close")


async def test_a_link_is_decided_by_an_approver_for_good(api: Api) -> None:
    one = await _arrive(api, "d1")
    sister = {"firstName": "Beatrice", "birthday": "1989-03-02"}
    other = await _arrive(api, "d2", **sister)
    (link,) = (await api.ok("GET", "/v1/customers/d1/links"))["items"]
    assert (link["other_id"], link["because"]) == (other, "household")
    assert "Beatrice" not in str(link) and "Lovelace" not in str(link)
    said = {"other_id": other, "decision": "dismiss", "reason": "sisters"}
    operator = await api.key("operator")
    await api.problem(403, "POST", "/v1/customers/d1/links", said, key=operator)
    await api.ok("POST", "/v1/customers/d1/links", said)
    await api.problem(404, "POST", "/v1/customers/d1/links", said)
    both = {"userId": "x", "anonymousId": "d1", "traits": {}}
    await api.ok("POST", "/v1/identify", both)
    await api.ok("POST", "/v1/identify", {"anonymousId": "d2", "traits": sister})
    assert (await api.ok("GET", "/v1/customers/d2"))["id"] != one


async def test_a_link_that_a_person_joins_can_be_undone(api: Api) -> None:
    one = await _arrive(api, "d1")
    other = await _arrive(api, "d2", firstName="Beatrice", birthday="1989-03-02")
    said = {"other_id": other, "decision": "join", "reason": "changed her name"}
    assert (await api.ok("POST", "/v1/customers/d1/links", said))["customer_id"] == one
    assert (await api.ok("GET", "/v1/customers/d2"))["id"] == one
    (merge,) = (await api.ok("GET", "/v1/customers/d1/merges"))["items"]
    assert (merge["why"], merge["by"]) == ("person", "admin")
    await api.ok("POST", "/v1/customers/d1/unmerge", {"reason": "no"})
    assert (await api.ok("GET", "/v1/customers/d2"))["id"] == other


async def test_what_was_not_taken_is_told_and_quarantine_is_lifted_by_an_approver(
    api: Api,
) -> None:
    phone = {"phone": "+4915112345678"}
    for n in range(4):
        await api.ok("POST", "/v1/identify", {"userId": f"u{n}", "traits": phone})
    first = await api.ok("GET", "/v1/customers/u0")
    (number,) = [i for i in first["identifiers"] if i["kind"] == "phone"]
    assert number["quarantined_at"] is not None
    (note,) = (await api.ok("GET", "/v1/customers/u1"))["not_taken"]
    assert (note["kind"], note["times"]) == ("phone", 1)
    said = {"kind": "phone", "value": "+4915112345678"}
    await api.problem(404, "POST", "/v1/customers/u1/release", said)
    await api.ok("POST", "/v1/customers/u0/release", said)
    first = await api.ok("GET", "/v1/customers/u0")
    assert [i["quarantined_at"] for i in first["identifiers"]] == [None, None]
