"""What a server writes and counts holds nothing of anybody: asked of a real process (P5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.processes import Served, serving
from tests.api.service import PRODUCTS, trigger

USER = "qmarkeruser"
MAIL = "qmarkermail@example.com"
NAME = "Qmarkername"
TEXT = "qmarkertext"
FIELD = "qmarkerfield"
#: Every marker begins so, in whatever case it comes out.
MARKER = "qmarker"
PHONE = "+4915155512377"
MARKERS = (MARKER, PHONE, PHONE[1:], PHONE.replace("+", "%2B"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("privacy") / "data") as server:
        yield server


def good_requests() -> Iterator[tuple[str, str, Any]]:
    traits = {"email": MAIL, "first_name": NAME, "phone": PHONE, "timezone": "Etc/UTC"}
    yield "PUT", "/v1/products", PRODUCTS
    yield "POST", "/v1/identify", {"userId": USER, "traits": traits | {FIELD: TEXT}}
    for channel in ("email", "sms"):
        agreed = {"channel": channel, "purpose": "marketing", "source": TEXT}
        yield (
            "POST",
            "/v1/track",
            {"userId": USER, "event": "Consent Granted", "properties": agreed},
        )
    for event, said in (
        ("Complaint Received", {"text": TEXT}),
        ("Message Replied", {"text": f"{NAME} says {TEXT}", "channel": "email"}),
        (f"Event {TEXT}", {FIELD: TEXT}),
        ("Order Completed", {"order_id": TEXT, "revenue": TEXT, "currency": TEXT}),
    ):
        yield "POST", "/v1/track", {"userId": USER, "event": event, "properties": said}
    yield "POST", "/v1/triggers?wait=30", trigger(USER, idempotencyKey=TEXT)
    for path in ("", "/timeline"):
        for ref in (USER, MAIL, PHONE.replace("+", "%2B")):
            yield "GET", f"/v1/customers/{ref}{path}", None
    yield "GET", f"/v1/decisions?customer={MAIL}", None
    stop = {"scope": "purpose", "reason": f"{NAME} asked: {TEXT}"}
    yield "POST", f"/v1/customers/{USER}/suppress", stop
    yield "DELETE", f"/v1/customers/{USER}/suppress?scope=purpose", None
    yield "DELETE", f"/v1/customers/{USER}", None


def bad_requests() -> Iterator[tuple[str, str, Any]]:
    who = {"userId": USER, "traits": {"email": MAIL}}
    yield "GET", f"/v1/{USER}", None
    yield "GET", f"/{MAIL}?q={TEXT}", None
    yield "PATCH", f"/v1/customers/{MAIL}", None
    yield "GET", f"/v1/customers/{USER}-unknown", None
    yield "GET", f"/v1/customers/{USER}/timeline?limit={TEXT}", None
    yield "GET", f"/v1/customers/{USER}/timeline?cursor={TEXT}!", None
    yield "GET", f"/v1/customers/{USER}%00", None
    yield "GET", f"/v1/decisions?status={TEXT}", None
    yield "GET", f"/v1/decisions?goal=%00{TEXT}", None
    yield "GET", f"/v1/experiments/{TEXT}", None
    yield "DELETE", f"/v1/principals/{NAME}", None
    yield "POST", f"/v1/imports/{NAME}!", None
    yield "POST", "/v1/track", f'{{"{FIELD}": {TEXT}'.encode()
    yield "POST", "/v1/track", f'"{TEXT}"'.encode()
    yield "POST", "/v1/track", f'{{"userId": "{USER}\\u0000"}}'.encode()
    yield "POST", "/v1/track", f'{{"userId": "{USER}", "x": NaN}}'.encode()
    yield "POST", "/v1/track", f"{USER}\xff".encode("latin-1")
    yield "POST", "/v1/track", {**who, "event": "E", "timestamp": TEXT}
    yield "POST", "/v1/track", {**who, "event": "E", "context": {"timezone": TEXT}}
    yield "POST", "/v1/track", {**who, "event": "E", "properties": TEXT}
    yield "POST", "/v1/track", {"userId": [USER], "event": {"a": TEXT}}
    yield "POST", "/v1/identify", {"traits": {"first_name": NAME}}
    yield "POST", "/v1/batch", {"batch": [{"type": TEXT, "userId": USER}]}
    yield "POST", "/v1/batch", {"batch": TEXT}
    yield "POST", "/v1/triggers", {"goal": "recover_cart", "customer": {FIELD: USER}}
    yield "POST", "/v1/triggers", trigger(USER, context={"cart": {"currency": TEXT}})
    yield "POST", "/v1/triggers", trigger(USER, context={"timezone": TEXT})
    yield "POST", "/v1/triggers", trigger(USER, **{FIELD: TEXT})
    yield "PUT", "/v1/products", [{**PRODUCTS[0], "currency": TEXT, FIELD: TEXT}]
    yield "POST", f"/v1/customers/{USER}/suppress", {"scope": TEXT, "reason": TEXT, FIELD: TEXT}
    yield "POST", "/v1/clock", {"advance": TEXT}
    yield "POST", "/v1/clock", {"to": TEXT, FIELD: TEXT}
    yield "POST", f"/v1/approvals/{USER}x", {"decision": TEXT, FIELD: TEXT}
    yield "POST", "/v1/principals", {"name": f"{NAME}/", "role": TEXT}
    yield "PUT", "/v1/imports/a", {"rows_done": TEXT, "rejects": [[TEXT, TEXT]]}


def ask(client: httpx.Client, method: str, path: str, body: Any) -> httpx.Response:
    if isinstance(body, bytes):
        headers = {"content-type": "application/json"}
        return client.request(method, path, content=body, headers=headers)
    return client.request(method, path, json=body)


def found_in(text: str) -> list[str]:
    return [marker for marker in MARKERS if marker in text.lower()]


def test_p5_nothing_of_anybody_is_written_counted_or_said_back(served: Served) -> None:
    with served.client() as client:
        for method, path, body in good_requests():
            answer = ask(client, method, path, body)
            assert answer.is_success, (method, path, answer.text)
        for method, path, body in bad_requests():
            answer = ask(client, method, path, body)
            assert 400 <= answer.status_code < 500, (method, path, answer.text)
            kind = answer.headers["content-type"]
            assert kind == "application/problem+json" or not path.startswith("/v1"), path
            assert found_in(answer.text + str(answer.headers)) == [], (method, path, answer.text)
        for headers in ({"authorization": f"Bearer {USER}"}, {"cookie": f"a={USER}"}):
            answer = httpx.get(
                f"{served.url}/v1/customers/{MAIL}", headers=headers, trust_env=False
            )
            assert answer.status_code == 401
            assert found_in(answer.text) == []
        assert found_in(client.get("/v1/inbox").text) == []
        counted = client.get("/metrics").raise_for_status().text
    assert "usher_events_accepted_total" in counted
    assert found_in(counted) == []
    assert served.terminate() == 0
    assert found_in(served.said) == []
    for line in served.errors.splitlines():
        json.loads(line)
