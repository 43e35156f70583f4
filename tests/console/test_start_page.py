"""Start here: on an empty database it says exactly what to do, and what it says works."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.api.processes import Served, environment, serving
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS, Desk, contrast_of
from tests.source import ROOT


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def fresh(chromium: str, tmp_path: Path) -> Iterator[Served]:
    """A server with nothing in it, of this test's own."""
    with serving(tmp_path / "data") as server:
        yield server


def says(page: Page, words: str) -> None:
    expect(page.locator(".u-sentence")).to_contain_text(words)


def commands(page: Page) -> list[str]:
    return [found.inner_text() for found in page.locator(".u-command pre").all()]


def run(command: str) -> str:
    """What somebody gets who pastes this into their shell."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_lead_from_nothing_to_a_message_in_the_sandbox(
    fresh: Served, sit: Sits
) -> None:
    desk = sit(fresh)
    page = desk.open("/")
    says(page, "1 of 7 steps are done. Next: send the first event.")
    assert "success" in run(commands(page)[0])
    says(page, "2 of 7 steps are done. Next: put the products")
    run(commands(page)[0])
    says(page, "3 of 7 steps are done. Next: let an agent decide")
    decided = run(commands(page)[0])
    assert '"status":"completed"' in decided.replace(" ", "")
    says(page, "4 of 7 steps are done. Next: answer a question")
    page.get_by_role("link", name="Why it was sent").click()
    expect(page.locator(".u-sentence")).to_contain_text("e-mail without a discount")


def test_what_is_done_is_said_with_figures_and_where_to_look(desk: Desk) -> None:
    page = desk.open("/")
    main = page.locator(".u-main")
    says(page, "Next: answer a question that an agent asks.")
    expect(main).to_contain_text("6 people are known")
    expect(main).to_contain_text("2 products")
    expect(main).to_contain_text("commerce version 1 decides what may happen")
    expect(main).to_contain_text("3 questions wait for a person")
    expect(main).to_contain_text("shopping is in sandbox")
    page.get_by_role("link", name="Answer", exact=True).click()
    page.wait_for_url("**/approvals*")


def test_a_command_is_chosen_when_it_is_copied(fresh: Served, sit: Sits) -> None:
    desk = sit(fresh)
    page = desk.open("/")
    first = page.locator(".u-command").first
    first.get_by_role("button", name="Copy").click()
    assert page.evaluate("() => getSelection().toString().trim()") == commands(page)[0].strip()


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/", "/policies", "/policies/commerce", "/figures", "/figures/people?days=7", "/brake"],
)
def test_every_page_is_readable_and_fits_a_narrow_screen(
    served: Served, sit: Sits, path: str, mode: str
) -> None:
    desk = sit(served, color_scheme=mode, viewport=NARROW)
    page = desk.open(path)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    found = contrast_of(page, ".u-chip, .u-muted, .u-small, .u-strong, .u-button, .u-empty, a")
    assert found
    assert not {words: ratio for words, ratio in found.items() if ratio < 4.5}


@pytest.mark.parametrize("path", ["/approvals", "/customers", "/chat"])
def test_a_page_with_little_on_it_does_not_stretch_the_navigation(
    empty: Served, sit: Sits, path: str
) -> None:
    desk = sit(empty, viewport=NARROW)
    heights = [
        desk.open(at).evaluate("() => document.querySelector('.u-nav').offsetHeight")
        for at in ("/", path)
    ]
    assert heights[0] == heights[1]
