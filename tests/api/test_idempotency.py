"""`Idempotency-Key`: the same request again is answered as before, and done once."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from sqlalchemy import Connection, Row, select

from store.schema import replies
from tests.api.service import Api, trigger

STOP = {"scope": "purpose", "reason": "asked"}


def once(key: str) -> dict[str, Any]:
    return {"headers": {"idempotency-key": key}}


async def suppressions(api: Api, ref: str) -> int:
    return len((await api.ok("GET", f"/v1/customers/{ref}"))["suppressions"])


async def test_the_same_request_again_gets_the_same_answer_and_is_not_done_again(api: Api) -> None:
    await api.person("ada")
    first = await api.call("POST", "/v1/customers/ada/suppress", STOP, **once("k"))
    again = await api.call("POST", "/v1/customers/ada/suppress", STOP, **once("k"))
    assert (again.status_code, again.content) == (first.status_code, first.content) != (200, b"")
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await suppressions(api, "ada") == 1


async def test_under_another_key_or_none_it_is_done_again(api: Api) -> None:
    await api.person("ada")
    for more in (once("k1"), once("k2"), {}):
        await api.ok("POST", "/v1/customers/ada/suppress", STOP, **more)
    assert await suppressions(api, "ada") == 3


async def test_another_request_under_the_key_is_refused_whichever_part_differs(api: Api) -> None:
    await api.person("ada")
    await api.person("bob")
    await api.ok("POST", "/v1/triggers?wait=0", trigger("ada"), **once("k"))
    for path, body in (
        ("/v1/triggers?wait=0", trigger("bob")),
        ("/v1/triggers?wait=1", trigger("ada")),
        ("/v1/triggers", trigger("ada")),
        ("/v1/customers/ada/suppress", STOP),
    ):
        assert "fresh" in await api.problem(422, "POST", path, body, **once("k"))
    await api.ok("POST", "/v1/triggers?wait=0", trigger("ada"), **once("k"))


async def test_a_key_is_its_principals_own(api: Api) -> None:
    await api.person("ada")
    other = await api.key("operator")
    await api.ok("POST", "/v1/customers/ada/suppress", STOP, **once("k"))
    await api.ok("POST", "/v1/customers/ada/suppress", STOP, key=other, **once("k"))
    assert await suppressions(api, "ada") == 2


async def test_a_lower_role_is_refused_before_any_key_is_looked_at(api: Api) -> None:
    viewer = await api.key("viewer")
    await api.problem(403, "POST", "/v1/customers/ada/suppress", STOP, key=viewer, **once("k"))


async def test_two_at_once_are_one(api: Api) -> None:
    await api.person("ada")
    answers = await asyncio.gather(
        *(api.call("POST", "/v1/customers/ada/suppress", STOP, **once("k")) for _ in range(8))
    )
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    assert await suppressions(api, "ada") == 1
    assert api.runs.in_flight == {}


async def test_after_a_day_the_key_is_fresh(api: Api) -> None:
    await api.person("ada")
    await api.ok("POST", "/v1/customers/ada/suppress", STOP, **once("k"))
    await api.ok("POST", "/v1/clock", {"advance": "PT23H59M59S"})
    await api.ok("POST", "/v1/customers/ada/suppress", STOP, **once("k"))
    assert await suppressions(api, "ada") == 1
    await api.ok("POST", "/v1/clock", {"advance": "PT1S"})
    await api.ok("POST", "/v1/customers/ada/suppress", STOP, **once("k"))
    assert await suppressions(api, "ada") == 2


async def test_what_was_refused_may_be_mended_and_sent_under_the_same_key(api: Api) -> None:
    await api.problem(422, "POST", "/v1/triggers", {"goal": "recover_cart"}, **once("k"))
    await api.problem(404, "DELETE", "/v1/customers/ada", **once("k2"))
    await api.person("ada")
    await api.ok("POST", "/v1/triggers", trigger("ada"), **once("k"))
    await api.ok("DELETE", "/v1/customers/ada", **once("k2"))


async def test_time_moves_once_for_one_key(api: Api) -> None:
    before = (await api.ok("GET", "/v1/clock"))["now_us"]
    for _ in range(2):
        await api.ok("POST", "/v1/clock", {"advance": "P1D"}, **once("k"))
    assert (await api.ok("GET", "/v1/clock"))["now_us"] - before == 86_400_000_000


async def test_p10_an_answer_goes_with_the_data_of_whoever_was_erased(api: Api) -> None:
    await api.person("ada")
    await api.person("bob")
    await api.ok("POST", "/v1/triggers?wait=30", trigger("ada"), **once("k"))
    receipt = await api.call("DELETE", "/v1/customers/bob", **once("erase"))
    assert "erased" in await api.problem(
        409, "POST", "/v1/triggers?wait=30", trigger("ada"), **once("k")
    )
    again = await api.call("DELETE", "/v1/customers/bob", **once("erase"))
    assert again.content == receipt.content


async def test_p10_what_was_asked_cannot_be_guessed_at(api: Api) -> None:
    """A path names people: the plain digest of one would tell whether that person was here."""
    await api.person("ada")
    asked = await api.call("DELETE", "/v1/customers/ada", **once("k"))
    parts = (b"DELETE", b"/v1/customers/ada", b"", asked.request.content)
    guess = hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).hexdigest()
    kept = (await api.runs.db.read(_replies))[0]
    assert kept.request_sha256 not in (guess, hashlib.sha256(b"/v1/customers/ada").hexdigest())
    assert kept.request_sha256 == api.runs.db.vault.lookup("request", guess)


async def test_a_key_without_end_is_refused(api: Api) -> None:
    await api.problem(400, "POST", "/v1/clock", {"advance": "P1D"}, **once("k" * 201))
    await api.problem(400, "POST", "/v1/clock", {"advance": "P1D"}, **once(""))


def _replies(conn: Connection) -> list[Row[Any]]:
    return list(conn.execute(select(replies)))
