"""Alerts in the browser: gravest first, each with the way to where it is looked at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.desk import PATIENCE_MS, Desk


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def test_what_waits_is_seen_and_leads_to_where_it_is_answered(desk: Desk) -> None:
    page = desk.open("/alerts")
    waits = page.get_by_role("row").filter(has_text="wait for an answer")
    expect(waits).to_contain_text("notice")
    expect(waits).to_contain_text("UTC")
    waits.get_by_role("link").click()
    expect(page).to_have_url(f"{desk.served.url}/approvals")
