"""What is wrong with a request is told as a problem: what, where, what to do, never its content."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.service import CART, Api, detail_of, service, settings_of, trigger

SECRET = "zebra"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """One API for all of this file: what is refused here changes nothing."""
    async with service(settings_of(tmp_path_factory.mktemp("data"))) as served:
        yield served


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/v1/no-such-thing"),
        (404, "GET", "/v1"),
        (404, "GET", "/no-such-thing"),
        (404, "GET", "/v1/decisions/"),
        (404, "GET", "/docs"),
        (405, "DELETE", "/v1/track"),
        (405, "GET", "/v1/track"),
        (405, "POST", "/v1/decisions"),
        (405, "OPTIONS", "/v1/decisions"),
        (404, "GET", "/v1/decisions/dec_nobody"),
        (404, "GET", "/v1/decisions/dec_nobody/explain"),
        (404, "POST", "/v1/decisions/dec_nobody/replay"),
        (404, "GET", "/v1/approvals/apr_nobody"),
        (404, "GET", "/v1/policies/nobody"),
        (404, "GET", "/v1/experiments/nobody"),
        (404, "GET", "/v1/customers/nobody"),
        (404, "GET", "/v1/customers/"),
        (404, "GET", "/v1/customers/nobody/timeline"),
        (404, "DELETE", "/v1/customers/nobody"),
        (404, "PUT", "/v1/customers/nobody/hold"),
        (404, "DELETE", "/v1/principals/nobody"),
        (422, "GET", "/v1/decisions?limit=0"),
        (422, "GET", "/v1/decisions?limit=201"),
        (422, "GET", "/v1/decisions?limit=99999999999999999999999"),
        (422, "GET", "/v1/decisions?limit=many"),
        (422, "GET", "/v1/decisions?status=done"),
        (422, "GET", "/v1/decisions?cursor=%27%20or%201=1"),
        (422, "GET", "/v1/approvals?status=maybe"),
        (422, "DELETE", "/v1/customers/nobody/suppress"),
        (422, "POST", "/v1/imports/not%20an%20id"),
        (400, "GET", "/v1/customers/a%00b"),
        (400, "GET", "/v1/decisions?goal=a%00b"),
    ],
)
async def test_every_refusal_is_a_problem_and_sets_no_cookie(
    api: Api, status: int, method: str, path: str
) -> None:
    await api.problem(status, method, path)


async def test_a_method_that_is_not_taken_is_answered_with_those_that_are(api: Api) -> None:
    response = await api.call("DELETE", "/v1/track")
    assert response.headers["allow"] == "POST"


async def test_no_key_and_a_wrong_key_are_told_apart_and_say_how_to_send_one(api: Api) -> None:
    for headers in ({}, {"authorization": "Digest x"}, {"authorization": "Basic \xe4"}):
        sent = [(b"authorization", v.encode("latin-1")) for v in headers.values()]
        sent = sent or [(b"authorization", b"")]
        response = await api.client.get("/v1/decisions", headers=sent)
        assert "Authorization: Bearer" in detail_of(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"
    assert "not one of ours" in await api.problem(401, "GET", "/v1/decisions", key="nope")


@pytest.mark.parametrize("body", [b"{not json", b"[" * 100_000, b"\xff", b"{}"])
async def test_nobody_without_a_key_learns_what_a_body_should_look_like(
    api: Api, body: bytes
) -> None:
    for path in ("/v1/track", "/v1/triggers", "/v1/principals"):
        await api.problem(401, "POST", path, body, key="nope")
    key = await api.key("ingest", f"sender {len(body)} {body[:1].hex()}")
    await api.problem(403, "POST", "/v1/triggers", body, key=key)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{not json", "line 1, column 2"),
        (b"\xff", "UTF-8"),
        (b"[" * 100_000, "levels"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "levels"),
        (b'{"userId": "u", "event": "E", "properties": {"x": NaN}}', "NaN"),
        (b'{"userId": "u", "event": "E", "properties": {"x": 1e999}}', "too large"),
        (b'{"userId": "u", "event": "E", "properties": {"x": ' + b"9" * 50 + b"}}", "digits"),
        (rb'{"userId": "u", "event": "E", "properties": {"x": "\ud800"}}', "surrogate"),
        (rb'{"userId": "u", "event": "E\u0000"}', "null character"),
        (rb'{"userId": "u\u0000", "event": "E"}', "null character"),
    ],
)
async def test_a_body_that_cannot_be_read_is_400_everywhere(
    api: Api, body: bytes, says: str
) -> None:
    for method, path in (
        ("POST", "/v1/track"),
        ("POST", "/v1/batch"),
        ("POST", "/v1/triggers"),
        ("PUT", "/v1/products"),
        ("POST", "/v1/customers/u/suppress"),
        ("POST", "/v1/clock"),
        ("PUT", "/v1/policies/commerce"),
    ):
        assert says in await api.problem(400, method, path, body)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("application/vnd.usher+json", 200),
        ("APPLICATION/JSON", 200),
        ("text/plain", 200),
        ("application/x-www-form-urlencoded", 415),
        ("text/html", 415),
        ("multipart/form-data; boundary=x", 415),
        ("nonsense", 415),
    ],
)
async def test_events_are_json_or_what_a_web_page_calls_plain_text(
    api: Api, kind: str, status: int
) -> None:
    body = json.dumps({"userId": "u", "event": "E"}).encode()
    response = await api.call("POST", "/v1/track", body, headers={"content-type": kind})
    assert response.status_code == status
    if status == 415:
        assert "application/json" in detail_of(response, 415)


async def test_without_a_kind_of_content_a_body_is_json(api: Api) -> None:
    headers = {"authorization": api.admin}
    body = json.dumps({"userId": "u", "event": "E"}).encode()
    response = await api.client.post("/v1/track", content=body, headers=headers)
    assert "content-type" not in response.request.headers
    assert response.status_code == 200


async def test_elsewhere_plain_text_is_no_json(api: Api) -> None:
    body = json.dumps(trigger("u")).encode()
    await api.problem(415, "POST", "/v1/triggers", body, headers={"content-type": "text/plain"})


async def test_a_body_above_the_limit_is_413_whatever_its_headers_claim(api: Api) -> None:
    ten = 10 * 1024 * 1024

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(ten // 65_536):
            yield b"x" * 65_536

    for content in (b"x" * ten, parts()):
        response = await api.client.post("/v1/track", content=content)
        assert "1,048,576" in detail_of(response, 413)
    short = {"content-length": "12"}
    response = await api.client.post("/v1/track", content=parts(), headers=short)
    detail_of(response, 413)


async def test_a_packed_body_counts_unpacked(api: Api) -> None:
    packed = {"content-encoding": "gzip"}
    good = json.dumps({"userId": "u", "event": "E", "messageId": "packed"}).encode()
    await api.ok("POST", "/v1/track", gzip.compress(good), headers=packed)
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    await api.problem(413, "POST", "/v1/track", bomb, headers=packed)
    assert "gzip" in await api.problem(400, "POST", "/v1/track", good, headers=packed)
    cut = gzip.compress(good)[:-9]
    assert "cut off" in await api.problem(400, "POST", "/v1/track", cut, headers=packed)
    other = {"content-encoding": "br"}
    assert "gzip" in await api.problem(415, "POST", "/v1/track", good, headers=other)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"event": "Product Viewed"}, "userId"),
        ({"userId": "undefined", "event": "E"}, "names nobody"),
        ({"userId": "u"}, "event"),
        ({"userId": "u", "event": "E", "timestamp": "2026-03-03T12:00:00"}, "timezone"),
        ({"userId": "u", "event": "E", "timestamp": "zebra o'clock"}, "timestamp"),
        ({"userId": "u", "event": "E", "context": {"timezone": "Zebra/Zebra"}}, "context.timezone"),
        ({"userId": "u", "event": "E", "properties": [1]}, "properties"),
        ({"userId": ["zebra"], "event": "E"}, "userId"),
        ({"userId": True, "event": "E"}, "userId"),
        ({"userId": "u", "event": "E" * 201}, "event"),
    ],
)
async def test_an_event_that_cannot_be_meant_is_refused_and_says_which_field(
    api: Api, message: dict[str, Any], says: str
) -> None:
    said = await api.problem(400, "POST", "/v1/track", message)
    assert says in said
    assert SECRET not in said.lower()
    said = await api.problem(
        400, "POST", "/v1/batch", {"batch": [{"type": "track", "userId": "u", "event": "E"},
                                             {"type": "track", **message}]}
    )  # fmt: skip
    assert "message 1" in said
    assert SECRET not in said.lower()


@pytest.mark.parametrize(
    "batch",
    [
        {},
        [],
        {"batch": {}},
        {"batch": ["zebra"]},
        {"batch": [None]},
        {"batch": [{"type": "zebra", "userId": "no-batch"}]},
        {"batch": [{"userId": "no-batch", "event": "E"}]},
        {"batch": [{"type": "track", "userId": "no-batch", "event": "E"}] * 1_001},
        {"batch": [{"type": "track", "userId": "no-batch", "event": "E", "context": "zebra"}]},
        {"batch": [{"type": "track", "userId": "no-batch", "event": "E", "context": ["zebra"]}],
         "context": {"a": 1}},
        {"batch": [{"type": "track", "userId": "no-batch", "event": "E", "context": "zebra"}],
         "context": {"a": 1}},
    ],
)  # fmt: skip
async def test_a_batch_that_is_none_is_refused_whole(api: Api, batch: Any) -> None:
    response = await api.call("POST", "/v1/batch", batch)
    assert SECRET not in detail_of(response, 422 if batch == [] else 400)
    assert (await api.ok("GET", "/v1/inbox"))["waiting"] == 0
    await api.problem(404, "GET", "/v1/customers/no-batch")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"goal": "no_such_goal", "customer": {"userId": "u"}}, "no_such_goal"),
        ({"goal": "recover_cart"}, "customer"),
        ({"goal": "recover_cart", "customer": {}}, "say who"),
        ({"goal": "recover_cart", "customer": {"zebra": "u"}}, "does not exist"),
        ({"goal": "recover_cart", "customer": {"userId": "null"}}, "not usable"),
        ({"goal": "recover_cart", "customer": {"userId": "u"}, "zebra": 1}, "does not exist"),
        (trigger("u", context={"cart": {**CART["cart"], "currency": "USD"}}), "EUR"),
        (trigger("u", context={"cart": "zebra"}), "context.cart"),
        (trigger("u", context={"cart": {"items": ["zebra"]}}), "items"),
        (trigger("u", context={"timezone": "Zebra/Zebra"}), "time zone"),
        (trigger("u", idempotencyKey=""), "idempotencyKey"),
    ],
)
async def test_a_trigger_that_cannot_be_meant_is_refused_and_says_which_field(
    api: Api, body: dict[str, Any], says: str
) -> None:
    response = await api.call("POST", "/v1/triggers", body)
    said = detail_of(response, response.status_code)
    assert response.status_code in (400, 422)
    assert says in said
    assert SECRET not in response.text.lower()


@pytest.mark.parametrize("wait", ["nan", "inf", "-1", "61", "zebra"])
async def test_nobody_waits_longer_than_a_minute(api: Api, wait: str) -> None:
    said = await api.problem(422, "POST", f"/v1/triggers?wait={wait}", trigger("u"))
    assert SECRET not in said


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"currency": "USD"}, "EUR"),
        ({"currency": "zebra"}, "currency"),
        ({"price_minor": -1}, "price_minor"),
        ({"price_minor": 12.5}, "price_minor"),
        ({"price_minor": 10**30}, "price_minor"),
        ({"stock": 2**63}, "stock"),
        ({"tax_bp": 10_001}, "tax_bp"),
        ({"zebra": 1}, "does not exist"),
    ],
)
async def test_a_product_that_cannot_be_meant_is_refused_and_says_which_field(
    api: Api, row: dict[str, Any], says: str
) -> None:
    good = {"sku": "s", "name": "n", "price_minor": 1, "cost_minor": 1, "currency": "EUR"}
    said = await api.problem(422, "PUT", "/v1/products", [{**good, **row}])
    assert says in said
    assert SECRET not in said


async def test_numbers_no_column_holds_spoil_no_event(api: Api) -> None:
    """They are malformed facts of that event; the event itself is worked off (P7)."""
    huge = 10**39
    for k, said in enumerate(
        (
            {"type": "track", "event": "Order Completed", "properties": {"revenue": huge}},
            {"type": "track", "event": "Order Completed", "properties": {"order_id": huge}},
            {"type": "track", "event": "Product Viewed", "properties": {"price": huge}},
            {"type": "identify", "traits": {"age": huge, "phone": huge, "ltv": -huge}},
            {"type": "track", "event": "Consent Granted", "properties": {"channel": huge}},
            {"type": "track", "event": "Order Completed", "properties": {"revenue": 1e300}},
        )
    ):
        await api.ok("POST", "/v1/batch", {"batch": [{"userId": f"u{k}", **said}]})
    await api.ok("GET", "/v1/customers/u0")
    inbox = await api.ok("GET", "/v1/inbox")
    assert inbox == {"waiting": 0, "dead": 0, "dead_letters": []}
