"""Policies in the browser: read with reasons, checked with places, published once seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evals.flat_pack import flat_commerce
from tests.api.processes import Served, serving
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS, Desk
from tests.source import ROOT

TEXT = (ROOT / "policies" / "commerce.yaml").read_text(encoding="utf-8")
#: The pack and the one it stands on, as one text.
WHOLE = flat_commerce()


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def paste(page: Page, text: str) -> None:
    page.get_by_label("Text of a pack").fill(text)


def _line(words: str, text: str = TEXT) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def in_force(served: Served) -> int:
    with served.client() as client:
        return int(client.get("/v1/policies/commerce").json()["version"])


def test_what_is_in_force_is_said_with_who_and_when(desk: Desk) -> None:
    page = desk.open("/policies")
    line = page.get_by_role("row", name="commerce")
    for words in ("decides", "version 1", "came with Usher", "3 Mar 2026"):
        expect(line).to_contain_text(words)
    expect(page.locator(".u-main")).to_contain_text("Every file that was found is in order")


def test_a_text_is_checked_and_each_problem_has_its_place(desk: Desk) -> None:
    page = desk.open("/policies")
    paste(
        page,
        WHOLE.replace("    never_when: customer.suppressed", "    never_when: customer.supressed"),
    )
    desk.button("Check").click()
    expect(page.locator(".u-main")).to_contain_text("1 problem")
    expect(page.locator(".u-main")).to_contain_text(
        f"policy.yaml:{_line('never_when: customer.suppressed', WHOLE)}:17: "
    )
    expect(page.locator(".u-main")).to_contain_text("did you mean 'customer.suppressed'?")
    for text in (WHOLE, TEXT):
        paste(page, text)
        desk.button("Check").click()
        expect(page.locator(".u-main")).to_contain_text("in order")


def test_a_rule_is_shown_with_its_reason_and_leads_to_its_line(desk: Desk) -> None:
    page = desk.open("/policies/commerce")
    line = page.get_by_role("row", name="margin_floor")
    for words in ("hard", "offer", "at least 15 % margin", "margin.after_discount_bp"):
        expect(line).to_contain_text(words)
    line.get_by_role("link").click()
    page.wait_for_function("() => document.querySelector(':target')")
    shown = page.evaluate("() => document.querySelector(':target').innerText")
    assert shown.split()[0] == str(_line("id: margin_floor"))


def test_an_approver_publishes_after_seeing_what_changes(
    chromium: str, tmp_path: Path, sit: Sits
) -> None:
    with serving(tmp_path / "data") as served:
        desk = sit(served, role="approver")
        page = desk.open("/policies/commerce")
        changed = TEXT.replace("max_discount_bp: {value: 2000", "max_discount_bp: {value: 1800")
        paste(page, changed)
        desk.button("Check, and show what changes").click()
        expect(page.locator(".u-main")).to_contain_text("the version must rise: write version: 2")
        expect(page.get_by_role("button", name="Publish")).to_have_count(0)
        paste(page, changed.replace("version: 1", "version: 2"))
        desk.button("Check, and show what changes").click()
        expect(page.locator(".u-added")).to_have_count(2)
        expect(page.locator(".u-gone").last).to_contain_text("max_discount_bp: {value: 2000")
        assert in_force(served) == 1
        desk.button("Publish version 2").click()
        expect(page.locator(".u-sentence")).to_contain_text("commerce version 2 is in force")
        expect(page.locator(".u-sentence")).to_contain_text("put there by approver")
        assert in_force(served) == 2


def test_what_is_proved_and_what_would_change_is_shown_with_examples(
    served: Served, sit: Sits
) -> None:
    desk = sit(served, role="approver")
    page = desk.open("/policies/commerce")
    promise = (
        "invariants:\n  - {id: word, when: customer.suppressed, at_least: deny, "
        "because: Who asked us to stop hears nothing}\n"
    )
    lower = TEXT.replace("version: 1", "version: 2").replace(
        "min_margin_bp: {value: 1500", "min_margin_bp: {value: 1000"
    )
    dead = "  - {id: dead, never_when: action.discount_bp > 3000, because: Hm}\nsoft:\n"
    assert "\ninvariants:\n" in lower
    paste(page, lower.replace("soft:\n", dead, 1).replace("invariants:\n", promise))
    desk.button("Check, and show what changes").click()
    main = page.locator(".u-main")
    expect(main).to_contain_text("dead is redundant: max_discount already denies")
    expect(main).to_contain_text("✓ proved")
    expect(main).to_contain_text("Who asked us to stop hears nothing")
    change = page.get_by_role("row", name="at least 15 % margin").filter(has_text="denied").first
    expect(change).to_contain_text("the margin after the discount: 10 %")
    paste(page, TEXT.replace("version: 1", "version: 2"))
    desk.button("Check, and show what changes").click()
    expect(main).to_contain_text("No answer changes, whatever the facts.")


def test_an_operator_may_look_and_check_but_not_publish(served: Served, sit: Sits) -> None:
    desk = sit(served, role="operator")
    page = desk.open("/policies/commerce")
    paste(page, TEXT.replace("version: 1", "version: 2"))
    desk.button("Check, and show what changes").click()
    expect(desk.button("Publish version 2")).to_be_disabled()


def test_a_broken_text_is_not_offered(desk: Desk) -> None:
    page = desk.open("/policies/commerce")
    paste(page, "policy: commerce\nversion: 2\n")
    desk.button("Check, and show what changes").click()
    expect(page.locator(".u-main")).to_contain_text("commerce.yaml:1:1: ")
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)


def test_a_file_that_was_left_out_is_told_with_its_problem(
    chromium: str, tmp_path: Path, sit: Sits
) -> None:
    with serving(tmp_path / "data"):
        pass
    folder = tmp_path / "data" / "policies"
    folder.mkdir()
    (folder / "commerce.yaml").write_text("policy: commerce\nversion: two\n")
    with serving(tmp_path / "data") as served:
        desk = sit(served)
        page = desk.open("/policies")
        expect(page.locator(".u-main")).to_contain_text("commerce.yaml:1:1: the pack lacks")
        page = desk.open("/")
        expect(page.locator(".u-main")).to_contain_text("A file was left out")
        expect(page.locator(".u-main")).to_contain_text("look here")


def test_a_pack_that_is_not_there_says_so(desk: Desk) -> None:
    page = desk.open("/policies/nothing")
    expect(page.locator(".u-main")).to_contain_text("there is no policy pack 'nothing'")
