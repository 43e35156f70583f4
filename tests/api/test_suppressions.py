"""Suppression lists over HTTP: each row answered, in force at once, read back page by page."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from customers.import_rows import Reading
from customers.importing import import_file
from evals.importing import HttpBook, HttpSink
from tests.api.service import PRODUCTS, Api, service, settings_of

NIGHT = "2026-03-03T21:30:00Z"
DIGEST = hashlib.sha256(b"ada@example.com").hexdigest()


async def add(api: Api, *entries: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    body = {"entries": list(entries)}
    told: dict[str, list[dict[str, Any]]] = await api.ok("POST", "/v1/suppressions", body, **more)
    return told["results"]


async def test_each_row_is_answered_in_order(api: Api) -> None:
    await api.person("ada")
    told = await add(
        api,
        {"email_sha256": DIGEST, "scope": "all", "reason": "asked by letter"},
        {"email": "nobody@example.com"},
        {"email": "ada at home", "scope": "all"},
    )
    assert [(each["outcome"], each["why"]) for each in told] == [
        ("known", None),
        ("unknown", None),
        ("refused", "email is not an e-mail address"),
    ]
    assert (await api.ok("GET", "/v1/customers/ada"))["suppressions"][0]["scope"] == "all"


async def test_p5_an_entry_by_digest_stops_what_is_queued_and_what_comes(tmp_path: Path) -> None:
    async with service(settings_of(tmp_path / "data", clock=NIGHT)) as api:
        await api.ok("PUT", "/v1/products", PRODUCTS)
        await api.person("ada")
        queued = await api.decision("ada")
        assert queued["status"] == "scheduled"
        [told] = await add(api, {"email_sha256": DIGEST, "scope": "all"})
        assert (told["outcome"], told["queued_contacts_cancelled"]) == ("known", 1)
        await api.runs.idle()
        now = await api.ok("GET", f"/v1/decisions/{queued['id']}")
        assert now["effects"][0]["status"] == "cancelled"
        assert (await api.decision("ada", "k2"))["status"] == "withheld"


async def test_p5_whoever_is_named_by_digest_before_we_know_them_stays_stopped(api: Api) -> None:
    await add(api, {"email_sha256": DIGEST.upper(), "scope": "all"})
    await api.person("ada")
    assert (await api.decision("ada"))["status"] == "withheld"


async def test_what_waits_by_digest_is_lifted_by_the_address(api: Api) -> None:
    await add(api, {"email_sha256": DIGEST})
    lifted = await api.ok("DELETE", "/v1/customers/ada@example.com/suppress?scope=purpose")
    assert lifted == {"customer_id": None, "lifted": 1}
    await api.person("ada")
    assert (await api.ok("GET", "/v1/customers/ada"))["suppressions"] == []


async def test_the_list_is_read_back_page_by_page(api: Api) -> None:
    await api.person("ada", phone="+4915112345678")
    await add(api, {"user_id": "ada", "reason": "asked"}, *({"user_id": f"u{k}"} for k in range(4)))
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await api.ok("GET", f"/v1/suppressions?limit=2{cursor}")
        assert set(page) == {"items", "next_cursor", "erased_identifiers"}
        items += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len({item["id"] for item in items}) == len(items) == 5
    [ada] = [item for item in items if item["identifiers"]]
    assert {i["value"] for i in ada["identifiers"]} == {"ada@example.com", "+4915112345678"}
    assert (ada["reason"], ada["by"], ada["hashed"]) == ("asked", "admin", False)


async def test_p10_somebody_erased_is_counted_and_never_listed(api: Api) -> None:
    await api.person("ada")
    await add(api, {"user_id": "ada", "scope": "all"})
    await api.ok("DELETE", "/v1/customers/ada")
    page = await api.ok("GET", "/v1/suppressions")
    assert (page["items"], page["erased_identifiers"]) == ([], 2)


async def test_the_same_request_under_one_key_is_done_once(api: Api) -> None:
    same = {"headers": {"Idempotency-Key": "list-1"}}
    assert await add(api, {"user_id": "u"}, **same) == await add(api, {"user_id": "u"}, **same)
    body = {"entries": [{"user_id": "v"}]}
    await api.problem(422, "POST", "/v1/suppressions", body, **same)


@pytest.mark.parametrize(
    "body",
    [{}, {"entries": []}, {"entries": [{"user_id": "u"}] * 1_001}, {"entries": ["u"]},
     {"entries": [{"user_id": "u"}], "other": 1}],
)  # fmt: skip
async def test_a_body_that_is_no_list_is_refused(api: Api, body: dict[str, Any]) -> None:
    await api.problem(422, "POST", "/v1/suppressions", body)


async def test_it_needs_an_operator(api: Api) -> None:
    viewer = await api.key("viewer")
    body = {"entries": [{"user_id": "u"}]}
    await api.problem(403, "POST", "/v1/suppressions", body, key=viewer)
    await api.problem(403, "GET", "/v1/suppressions", key=viewer)
    operator = await api.key("operator")
    await api.ok("POST", "/v1/suppressions", body, key=operator)
    assert (await api.ok("GET", "/v1/suppressions", key=operator))["items"][0]["by"] == "operator"


async def test_a_file_is_imported_with_rows_set_aside(api: Api, tmp_path: Path) -> None:
    await api.person("ada")
    file = tmp_path / "list.csv"
    file.write_text(
        "email,email_sha256,scope,until,colour\n"
        f",{DIGEST},all,,red\n"
        "bob@example.com,,,2027-01-01,\n"
        ",123,,,\n"
        "carl@example.com,,everything,,\n"
        ",,,,red\n"
    )
    report = await import_file(
        file,
        sink=HttpSink(api.client),
        book=HttpBook(api.client),
        reading=Reading(zone="Europe/Berlin"),
    )
    assert (report.kind.value, report.accepted, report.rows_bad) == ("suppressions", 2, 3)
    assert [line for line, _ in report.rejects] == [4, 5, 6]
    assert "digits" in report.rejects[0][1] and "scope is none of" in report.rejects[1][1]
    listed = (await api.ok("GET", "/v1/suppressions"))["items"]
    assert sorted((row["scope"], row["until"] is not None) for row in listed) == [
        ("all", False),
        ("purpose", True),
    ]
