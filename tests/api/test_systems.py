"""Connected systems with a server as it is run, killed between commit and delivery."""

from __future__ import annotations

import base64
import hmac
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.processes import Served, serving
from tests.webhook_peer import Peer, peer
from tools.channels.standard_webhooks import secret_of

KEY = bytes(range(32))
ADA = {"type": "identify", "userId": "ada", "traits": {"email": "ada@example.com"}}


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def env(url: str, elsewhere: int) -> dict[str, str]:
    hook = {"provider": "webhook", "secret_env": "CRM_SECRET", "timeout": 20}
    systems = {
        "crm": {**hook, "url": f"{url}/late/crm"},
        "elsewhere": {**hook, "url": f"http://127.0.0.1:{elsewhere}/ok/elsewhere"},
        "mail": {
            "provider": "sendgrid",
            "key_env": "MAIL_KEY",
            "url": url,
            "marketing_group": 7,
        },
    }
    return {
        "USHER_SYSTEMS": json.dumps(systems),
        "CRM_SECRET": secret_of(KEY),
        "MAIL_KEY": "SG.key",
    }


def killed(server: Served) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


def standing(server: Served) -> dict[str, dict[str, Any]]:
    with server.client() as client:
        items = client.get("/v1/systems").raise_for_status().json()["items"]
    return {item["name"]: item for item in items}


def test_what_was_committed_is_told_after_a_kill_and_the_receipt_says_who_knows(
    tmp_path: Path, other: Peer
) -> None:
    port, folder = free_port(), tmp_path / "data"
    with serving(folder, **env(other.url, port)) as server:
        with server.client() as client:
            client.post("/v1/identify", json={**ADA, "messageId": "m1"}).raise_for_status()
            done = client.delete("/v1/customers/ada").raise_for_status().json()
        # One has it and does not say so, one is not there, one has acknowledged.
        [first] = other.wait_for("/late/crm", 1)
        other.wait_for("/v3/asm/suppressions/global", 1)
        while (there := standing(server))["elsewhere"]["state"] != "behind":
            time.sleep(0.05)
        assert {name: each["waiting"] for name, each in there.items()} == {
            "crm": 1,
            "elsewhere": 1,
            "mail": 0,
        }
        assert there["elsewhere"]["lag_seconds"] >= 0
        killed(server)
    assert sorted(each["system"] for each in done["systems"]) == ["crm", "elsewhere", "mail"]
    open_ones = {each["system"] for each in done["systems"] if not each["acknowledged"]}
    assert open_ones >= {"crm", "elsewhere"}

    with peer(port) as late, serving(folder, **env(other.url, port)) as server:
        [got] = late.wait_for("/ok/elsewhere", 1)
        again = other.wait_for("/late/crm", 2)[-1]
        assert again["headers"]["webhook-id"] == first["headers"]["webhook-id"]
        assert again["json"] == first["json"]
        data = got["json"]["data"]
        assert got["json"]["type"] == "customer.erased"
        assert data["identifiers"][0]["kind"] == "email" and "sha256" in data["identifiers"][0]
        assert {"kind": "user_id", "value": "ada"} in data["identifiers"]
        headers = got["headers"]
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{got['body']}".encode()
        digest = base64.b64encode(hmac.digest(KEY, said, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
        while any(each["state"] != "up to date" for each in standing(server).values()):
            time.sleep(0.05)
        with server.client() as client:
            path = f"/v1/customers/{data['customer_id']}/systems"
            told = client.get(path).raise_for_status().json()["items"]
            assert {each["system"]: each["state"] for each in told} == dict.fromkeys(
                ("crm", "elsewhere", "mail"), "done"
            )
    mails = other.taken("/v3/asm/suppressions/global")
    assert [json.loads(one["body"]) for one in mails] == [{"recipient_emails": ["ada@example.com"]}]
