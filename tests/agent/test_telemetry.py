"""Telemetry: counters in our own words, and nothing of a person in any of them (P5)."""

from __future__ import annotations

from pathlib import Path

from tests.agent.stage import event, goods, person, recover, stage


async def test_p5_figures_name_no_person_and_no_event_of_theirs(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada-lovelace")
        await recover(runs, "ada-lovelace", items=[])
        await runs.accept("test", [event("ada-lovelace", "Ada Wrote A Poem")])
        await runs.idle()
        told = (await runs.metrics()).decode()
    assert 'usher_events_accepted_total{type="track"}' in told
    assert 'usher_failed_closed{fact="cart.in_stock"}' in told
    for personal in ("ada", "Ada", "lovelace", "example.com", "Poem", "cus_", "evt_"):
        assert personal not in told
