"""Connected systems in the browser: who is behind, what was given up and why, and trying again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.processes import Served, serving
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS
from tests.webhook_peer import Peer, peer
from tools.channels.standard_webhooks import secret_of


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


@pytest.fixture(scope="module")
def connected(
    chromium: str, other: Peer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server with a CRM that takes everything and an account whose key may not do it."""
    crm = {"provider": "webhook", "url": f"{other.url}/ok/crm", "secret_env": "CRM_SECRET"}
    mail = {"provider": "sendgrid", "url": f"{other.url}/once401", "key_env": "MAIL_KEY"}
    systems = json.dumps({"crm": crm, "mail": {**mail, "marketing_only": True}})
    env = {"CRM_SECRET": secret_of(bytes(range(32))), "MAIL_KEY": "SG.key"}
    folder: Path = tmp_path_factory.mktemp("systems") / "data"
    with serving(folder, USHER_SYSTEMS=systems, **env) as server:
        yield server


def test_what_was_given_up_is_shown_with_its_reason_and_told_again_at_a_click(
    connected: Served, other: Peer, sit: Sits
) -> None:
    desk = sit(connected)
    page = desk.open("/systems")
    expect(page.locator(".u-sentence")).to_contain_text("knows of every stop and erasure")
    ada = {"type": "identify", "userId": "ada", "traits": {"email": "ada@example.com"}}
    with connected.client() as client:
        client.post("/v1/identify", json={**ada, "messageId": "m1"}).raise_for_status()
        stop = {"scope": "all", "reason": "asked on the phone"}
        client.post("/v1/customers/ada/suppress", json=stop).raise_for_status()
        ours = client.get("/v1/customers/ada").json()["id"]
    expect(page.locator(".u-sentence")).to_contain_text("mail does not know everything yet")
    expect(page.get_by_role("row", name="crm")).to_contain_text("up to date")
    expect(page.get_by_role("row", name="mail")).to_contain_text("stuck")
    given_up = page.locator(".u-card", has=page.get_by_role("heading", name="Given up"))
    expect(given_up).to_contain_text("it answered 401: the key may not change suppressions")
    assert page.get_by_role("row", name="crm").inner_text().count("ada") == 0
    expect(
        desk.button("Try again", page=sit(connected, role="viewer").open("/systems"))
    ).to_be_disabled()
    theirs = desk.open(f"/customers/{ours}", page=desk.tab())
    told = theirs.locator(
        ".u-card", has=theirs.get_by_role("heading", name="Told to other systems")
    )
    expect(told).to_contain_text("given up")
    expect(told).to_contain_text("acknowledged")
    desk.button("Try again").click()
    expect(page.get_by_role("row", name="mail")).to_contain_text("up to date")
    expect(given_up).to_have_count(0)
    expect(told).not_to_contain_text("given up")
    assert len(other.taken("/once401")) == 2
    narrow = sit(connected, viewport=NARROW).open("/systems")
    expect(narrow.get_by_role("row", name="mail")).to_be_visible()
    assert narrow.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
