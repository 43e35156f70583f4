"""The console as a whole, one operator's morning: log in by the link, watch, approve, ask, brake.

No page has a JavaScript error or asks another host for anything. With `SCREENSHOT` set to a
path, the picture of the README is made on the way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.processes import Served, serving
from tests.console import sample
from tests.console.desk import PATIENCE_MS, WIDE

_CONNECTED = "() => window.socket && window.socket.connected"


class Morning:
    """A browser that has not logged in yet, and what its pages did."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self.served = served
        self.context = browser.new_context(viewport=WIDE)
        self.context.set_default_timeout(PATIENCE_MS)
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        self.context.on("request", lambda r: self.hosts.add(urlsplit(r.url).netloc))

    def tab(self, path: str = "") -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        if path:
            self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        page.goto(f"{self.served.url}{path}")
        page.wait_for_function(_CONNECTED)

    @property
    def link(self) -> str:
        """The link that the server printed when it started."""
        found = re.search(r"/login\?link=[\w-]+", self.served.said)
        assert found is not None
        return found[0]


@pytest.fixture
def morning(browser: Browser, tmp_path: Path) -> Iterator[Morning]:
    expect.set_options(timeout=PATIENCE_MS)
    with serving(tmp_path / "data") as served:
        with served.client() as client:
            sample.fill(client)
        made = Morning(browser, served)
        yield made
        made.context.close()


def test_an_operators_morning(morning: Morning) -> None:
    served = morning.served
    page = morning.tab()

    # Log in by the printed link, once.
    link = morning.link
    morning.go(page, link)
    expect(page).to_have_url(f"{served.url}/")
    expect(page.locator("header")).to_contain_text("admin · admin")

    # A decision arrives while somebody watches; nothing is loaded again.
    morning.go(page, "/decisions")
    page.evaluate("() => { window.notLoadedAgain = true }")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(6)
    with served.client() as client:
        client.post("/v1/clock", json={"advance": "PT25H"}).raise_for_status()
        decided = sample.abandon(client, "ada", n=2)
    expect(rows).to_have_count(7)
    expect(rows.first).to_contain_text("Ada L.")
    assert page.evaluate("() => window.notLoadedAgain")
    expect(page.locator("header")).to_contain_text("Wed 4 Mar 2026, 13:00 UTC · simulated")

    # Open it: the why comes first.
    rows.first.get_by_role("link").click()
    page.wait_for_url(f"**/decisions/{decided['id']}")
    expect(page.locator(".u-sentence")).to_contain_text("e-mail")
    if picture := os.environ.get("SCREENSHOT"):
        page.wait_for_load_state("networkidle")
        page.screenshot(path=picture)

    # Two tabs, one question: one wins, the other is told who did.
    with served.client() as client:
        sample.abandon(client, "grace", n=2)
        question = sample.question_of(client, "grace")
    one, other = (morning.tab(f"/approvals/{question['id']}") for _ in range(2))
    one.get_by_role("button", name="Approve").click()
    expect(other.locator(".u-main")).to_contain_text("already", ignore_case=True)
    expect(other.locator(".u-main")).to_contain_text("by admin")
    with served.client() as client:
        answered = client.get(f"/v1/approvals/{question['id']}").json()
    assert (answered["status"], answered["decided_by"]) == ("approved", "admin")

    # Ask why, in words.
    morning.go(page, "/chat")
    page.get_by_label("What to say").fill(f"why {decided['id']}")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".u-talk .u-message")).to_contain_text("e-mail without a discount")
    expect(page.locator(".u-sentence")).to_contain_text("e-mail without a discount")

    # Pull the brake, and the next trigger comes to nothing.
    morning.go(page, "/brake")
    page.get_by_label("Why").fill("A wrong price went out")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("button", name="Pull the brake").click()
    expect(page.locator("header")).to_contain_text("stopped: everything")
    with served.client() as client:
        stopped = sample.abandon(client, "gilda", n=2)
    assert stopped["status"] == "no_action"
    assert stopped["steps"][-2]["verdict"]["outcome"] == "deny"
    morning.go(page, f"/decisions/{stopped['id']}")
    expect(page.locator(".u-sentence")).to_contain_text("admin pulled the brake")

    # Leave; the link is used up.
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert morning.errors == []
    assert page.goto(f"{served.url}{link}").status == 403  # type: ignore[union-attr]
    assert morning.hosts == {urlsplit(served.url).netloc}
