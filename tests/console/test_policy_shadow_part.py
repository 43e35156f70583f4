"""Who would have been affected: asked on a policy's page, read in sentences, opened by decision."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.processes import Served, serving
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS, Desk, contrast_of
from tests.console.test_policies_page import TEXT, in_force, paste

STRICTER = TEXT.replace("version: 1\n", "version: 2\n").replace("max: 3, window", "max: 0, window")
PART = "#affected"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def look(desk: Desk, text: str) -> tuple[Page, Locator]:
    """The page with this text checked, and the part."""
    page = desk.open("/policies/commerce")
    paste(page, text)
    desk.button("Check, and show what changes").click()
    return page, page.locator(PART)


def test_the_part_says_first_what_to_do(desk: Desk) -> None:
    page = desk.open("/policies/commerce")
    expect(page.locator(PART)).to_contain_text("Change the text above and press")


def test_a_stricter_cap_names_whom_it_would_have_refused_and_leads_there(desk: Desk) -> None:
    page, part = look(desk, STRICTER)
    expect(part).to_contain_text("2 people would have been affected in the last 7 days")
    expect(part.locator(".u-chip").first).to_have_text("newly refused")
    expect(part).to_contain_text("Nobody gets more than 3 marketing contacts in 7 days")
    expect(part).to_contain_text("Each call is decided on the facts of then")
    expect(part.locator(".u-bar")).to_have_count(1)
    assert min(contrast_of(page, f"{PART} .u-chip").values()) >= 4.5
    part.get_by_role("link", name="Ada L.").click()
    expect(page.locator(".u-sentence")).to_contain_text("e-mail")
    assert in_force(desk.served) == 1


def test_a_text_that_changes_nothing_for_anybody_says_so(desk: Desk) -> None:
    _, part = look(desk, TEXT.replace("version: 1\n", "version: 2\n"))
    expect(part).to_contain_text("Nobody would have been affected in the last 7 days")
    desk.button("30 days").click()
    expect(part).to_contain_text("Nobody would have been affected in the last 30 days")


def test_a_broken_text_leaves_the_part_empty(desk: Desk) -> None:
    _, part = look(desk, STRICTER)
    expect(part).to_contain_text("2 people would have been affected")
    paste(desk.page, "policy: commerce\n")
    desk.button("Check, and show what changes").click()
    expect(part).to_contain_text("Change the text above and press")


def test_where_nothing_was_decided_yet_it_says_what_to_do(empty: Served, sit: Sits) -> None:
    _, part = look(sit(empty), STRICTER)
    expect(part).to_contain_text("Nothing was decided in the last 7 days")
    expect(part).to_contain_text("Look further back, or send a trigger first")


def test_on_a_narrow_screen_nothing_is_cut_off(served: Served, sit: Sits) -> None:
    page, part = look(sit(served, viewport=NARROW), STRICTER)
    expect(part).to_contain_text("2 people would have been affected")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_officer_looks_publishes_and_sees_it_in_force(
    chromium: str, tmp_path: Path, sit: Sits
) -> None:
    with serving(tmp_path / "data") as served:
        desk = sit(served, role="approver")
        page, part = look(desk, STRICTER)
        expect(part).to_contain_text("Nothing was decided")
        desk.button("Publish version 2").click()
        expect(page.locator(".u-sentence")).to_contain_text("commerce version 2 is in force")
