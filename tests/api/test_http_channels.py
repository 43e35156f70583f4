"""Channels by HTTP are tried like any other: one test letter, told step by step."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio

from tests.api.service import Api, service, settings_of
from tests.tools.channels.http_peer import HttpPeer, http_peer
from tools.channels import standard_webhooks

KEY = bytes(range(32))
STEPS = ["connect", "request", "answer"]


@pytest.fixture(scope="module")
def peer() -> Iterator[HttpPeer]:
    with http_peer() as running:
        yield running


@pytest_asyncio.fixture
async def api(
    tmp_path: Path, peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    monkeypatch.setenv("SENDGRID_KEY", "SG.sesame")
    monkeypatch.setenv("TWILIO_TOKEN", "sesame")
    monkeypatch.setenv("SHOP_SECRET", standard_webhooks.secret_of(KEY))
    account = "AC" + "0" * 32
    mail = {"provider": "sendgrid", "kind": "email", "key_env": "SENDGRID_KEY"}
    text = {"provider": "twilio", "kind": "sms", "token_env": "TWILIO_TOKEN", "account": account}
    shop = {"provider": "webhook", "kinds": ["voucher"], "secret_env": "SHOP_SECRET"}
    channels: dict[str, Any] = {
        "mail": mail | {"base_url": peer.url},
        "text": text | {"base_url": peer.url},
        "shop": shop | {"url": f"{peer.url}/hook"},
    }
    peer.answers()
    async with service(settings_of(tmp_path / "data", channels=channels)) as served:
        yield served


async def tried(api: Api, name: str, to: str) -> dict[str, Any]:
    told: dict[str, Any] = await api.ok("POST", f"/v1/channels/{name}/check", {"to": to})
    return told


async def test_each_channel_is_tried_with_a_letter_that_it_carries(
    api: Api, peer: HttpPeer
) -> None:
    for name, to in (("mail", "ops@team.example"), ("text", "+4930123456"), ("shop", "cart_1")):
        told = await tried(api, name, to)
        assert (told["ok"], [one["step"] for one in told["steps"]]) == (True, STEPS)
    mail, text, asked = peer.seen()
    assert "test of the channel mail" in json.loads(mail.body)["subject"]
    assert "test of the channel text" in parse_qs(text.body.decode())["Body"][0]
    assert "nothing is to be done" in json.loads(asked.body)["data"]["request"]["test"]
    for name in ("mail", "text"):
        said = await api.problem(422, "POST", f"/v1/channels/{name}/check", {"to": "nobody"})
        assert "this is not one" in said
    assert len(peer.seen()) == 3


async def test_a_key_that_is_wrong_is_said_where_it_shows(api: Api, peer: HttpPeer) -> None:
    peer.answers({"status": 401, "body": "ops@team.example"})
    told = await tried(api, "mail", "ops@team.example")
    assert (told["ok"], told["status"]) == (False, "not_sent")
    assert told["detail"] == (
        "the other system said 401: it does not know the account; check the key"
    )
    assert [one["step"] for one in told["steps"]] == STEPS[:2]


async def test_whoever_wants_no_texts_gets_no_test_text(api: Api, peer: HttpPeer) -> None:
    stop = {"scope": "address", "channel": "sms", "reason": "asked"}
    await api.ok("POST", "/v1/customers/+4930123456/suppress", stop)
    await api.problem(409, "POST", "/v1/channels/text/check", {"to": "+4930123456"})
    assert peer.seen() == []
