"""Changes of a pack in the browser: proposed by one, agreed to by another, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.api.processes import Served, serving
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS
from tests.source import ROOT

TEXT = (ROOT / "policies" / "commerce.yaml").read_text(encoding="utf-8")
EYES = TEXT.replace("version: 1\n", "version: 2\nfour_eyes: true\n", 1)


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def publish(served: Served, text: str) -> None:
    with served.client() as client:
        client.put("/v1/policies/commerce", json={"text": text}).raise_for_status()


def in_force(served: Served) -> int:
    with served.client() as client:
        return int(client.get("/v1/policies/commerce").json()["version"])


def test_a_change_is_proposed_by_one_and_agreed_to_by_another(
    chromium: str, tmp_path: Path, sit: Sits
) -> None:
    with serving(tmp_path / "data") as served:
        publish(served, EYES)
        ann = sit(served, role="approver")
        page = ann.open("/policies/commerce")
        expect(page.locator(".u-main")).to_contain_text("A change of it needs two people.")
        expect(page.locator(".u-main")).to_contain_text("Nothing waits.")
        changed = EYES.replace("max_discount_bp: {value: 2000", "max_discount_bp: {value: 1800")
        page.get_by_label("Text of a pack").fill(changed.replace("version: 2", "version: 3"))
        ann.button("Check, and show what changes").click()
        page.get_by_label("Why (others read it)").fill("Discounts went too deep")
        ann.button("Propose version 3").click()
        expect(page.locator(".u-main")).to_contain_text("so somebody else has to agree")
        expect(ann.button("Take back")).to_be_visible()
        assert in_force(served) == 2
        bob = sit(served, role="approver")
        page = bob.open("/policies")
        expect(page.get_by_role("row", name="commerce")).to_contain_text("1 change waiting")
        page = bob.open("/policies/commerce")
        expect(page.locator(".u-main")).to_contain_text("Discounts went too deep")
        expect(page.locator(".u-added", has_text="max_discount_bp: {value: 1800")).to_be_visible()
        bob.button("Agree to version 3").click()
        expect(page.locator(".u-sentence")).to_contain_text("commerce version 3 is in force")
        expect(page.locator(".u-main")).to_contain_text("No decision was made under it yet.")
        assert in_force(served) == 3


def test_an_approver_goes_back_to_an_older_version_and_says_why(
    chromium: str, tmp_path: Path, sit: Sits
) -> None:
    with serving(tmp_path / "data") as served:
        publish(served, TEXT.replace("version: 1\n", "version: 2\n"))
        desk = sit(served, role="approver")
        page = desk.open("/policies/commerce")
        desk.button("Go back to version 1").click()
        page.get_by_label("Why", exact=True).fill("It held too much back")
        desk.button("Put version 1 in force").click()
        expect(page.locator(".u-sentence")).to_contain_text("commerce version 1 is in force")
        expect(page.locator(".u-main")).to_contain_text("It held too much back")
        assert in_force(served) == 1
        viewer = sit(served, role="viewer")
        page = viewer.open("/policies/commerce")
        expect(page.get_by_role("button", name="Go back to version 2")).to_have_count(0)
