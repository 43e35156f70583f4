"""Stuck work in the browser: named on the first page, read, discarded with a reason, replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from agent.condition import Found
from agent.stuck import Oldest, Standing
from console.pages.stuck import age, troubles
from store.schema import inbox
from tests.agent.deployment import HOUR_US, deployment
from tests.agent.test_stuck import LATE
from tests.api.processes import Served, serving
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS


@pytest.fixture(scope="module")
def troubled(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose folder holds three broken messages, and one that is queued for too long."""
    folder = tmp_path_factory.mktemp("troubled") / "data"
    asyncio.run(_trouble(folder))
    with serving(folder) as server:
        yield server


async def _trouble(folder: Path) -> None:
    async with deployment(folder) as d:
        await d.runs.resolver.stop()
        for _ in range(3):
            await d.track("Product Viewed")
        d.runs.db.write_now(lambda conn: conn.execute(update(inbox).values(payload_sealed=b"x")))
        d.runs.db.write_now(LATE["scheduled"](d.runs.clock.now_us() - 3 * HOUR_US))


def test_it_is_named_first_and_ended_or_taken_up_again(troubled: Served, sit: Sits) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    desk = sit(troubled, role="operator")
    page = desk.open("/")
    expect(page.locator(".u-main")).to_contain_text(
        "Queued messages whose time has come: 1, the oldest for 3 hours."
    )
    expect(page.locator(".u-main")).to_contain_text("nobody has looked after it: 3.")
    page.get_by_role("link", name="What it is, and what to do").click()
    page.wait_for_url("**/stuck")
    page = desk.open("/stuck")
    expect(page.locator(".u-sentence").first).to_contain_text("Stuck: queued messages")
    expect(desk.button("Replay")).to_have_count(3)
    desk.button("Discard").first.click()
    expect(page.get_by_text("Say why, above.")).to_be_visible()
    page.get_by_label("Why, for those you discard").fill("the shop sent it again")
    desk.button("Discard").first.click()
    expect(desk.button("Replay")).to_have_count(2)
    desk.button("Replay").first.click()
    expect(page.get_by_text("It is taken up again.")).to_be_visible()
    with troubled.client() as client:
        told = client.get("/v1/service").json()
        assert (told["well"], told["stuck"]) == (False, ["scheduled"])


def test_who_may_only_look_has_no_button(troubled: Served, sit: Sits) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    desk = sit(troubled, role="viewer")
    desk.open("/stuck")
    for words in ("Replay", "Discard"):
        expect(desk.button(words).first).to_be_disabled()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7_199, "119 minutes"),
     (10_800, "3 hours"), (172_800, "2 days")],
)  # fmt: skip
def test_ages_are_said_in_their_largest_unit(seconds: int, said: str) -> None:
    assert age(seconds) == said


def test_what_is_well_is_no_trouble() -> None:
    waits = Oldest("inbox", "messages", 3, 0, 60, 60, "look")
    assert troubles(Found(Standing((waits,), 0), 0, 0)) == ()
    assert len(troubles(Found(Standing((waits,), 0), 1, 2))) == 2
