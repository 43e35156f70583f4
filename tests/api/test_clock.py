"""Simulated time over HTTP: it stands, is moved on and never back; the machine's is left alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.service import Api, service, settings_of

DAY_US = 86_400_000_000
NOON_US = 1_772_539_200_000_000


async def test_time_stands_until_it_is_moved_on(api: Api) -> None:
    shown = await api.ok("GET", "/v1/clock")
    assert shown == {"now": "2026-03-03T12:00:00+00:00", "now_us": NOON_US, "simulated": True}
    moved = await api.ok("POST", "/v1/clock", {"advance": "P1DT30M"})
    assert moved["now_us"] == NOON_US + DAY_US + 1_800_000_000
    moved = await api.ok("POST", "/v1/clock", {"to": "2026-03-05T12:00:00.123457+01:00"})
    assert moved["now_us"] == NOON_US + 2 * DAY_US - 3_600_000_000 + 123_457
    assert await api.ok("GET", "/v1/clock") == moved


async def test_p12_an_instant_is_taken_to_the_microsecond(api: Api) -> None:
    for microsecond in (1, 999_999, 123_457):
        to = datetime(2026, 3, 4, 8, microsecond % 60, 0, microsecond, tzinfo=UTC).isoformat()
        moved = await api.call("POST", "/v1/clock", {"to": to})
        if moved.is_success:
            assert moved.json()["now_us"] % 1_000_000 == microsecond


async def test_two_at_once_move_it_twice(api: Api) -> None:
    await asyncio.gather(*(api.ok("POST", "/v1/clock", {"advance": "P1D"}) for _ in range(2)))
    assert (await api.ok("GET", "/v1/clock"))["now_us"] == NOON_US + 2 * DAY_US
    later, earlier = await asyncio.gather(
        api.call("POST", "/v1/clock", {"to": "2026-03-09T00:00:00Z"}),
        api.call("POST", "/v1/clock", {"to": "2026-03-08T00:00:00Z"}),
    )
    assert later.status_code == 200
    assert earlier.status_code in (200, 400), "400 where the later one was through by then"
    assert (await api.ok("GET", "/v1/clock"))["now"] == "2026-03-09T00:00:00+00:00"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"to": "2026-03-03T11:59:59Z"}),
        (400, {"to": "0001-01-01T00:00:00+14:00"}),
        (400, {"to": "9999-12-31T23:59:59Z"}),
        (400, {"to": "3000-01-01T00:00:00Z"}),
        (400, {"advance": "P1M"}),
        (400, {"advance": "a while"}),
        (400, {"advance": ""}),
        (400, {"advance": "PT0S"}),
        (400, {"advance": "-P1D"}),
        (422, {"to": "2026-03-04T12:00:00"}),
        (422, {"advance": "P1D", "to": "2026-03-04T12:00:00Z"}),
        (422, {}),
        (422, {"advance": 1}),
    ],
)
async def test_time_that_is_none_or_gone_is_refused(
    api: Api, status: int, body: dict[str, object]
) -> None:
    said = await api.problem(status, "POST", "/v1/clock", body)
    assert "a while" not in said
    assert (await api.ok("GET", "/v1/clock"))["now_us"] == NOON_US


async def test_time_cannot_be_led_where_dates_end(api: Api) -> None:
    for _ in range(3):
        await api.ok("POST", "/v1/clock", {"advance": "P99999D"})
    await api.problem(400, "POST", "/v1/clock", {"advance": "P99999D"})
    assert (await api.ok("GET", "/v1/clock"))["now"].startswith("28")


async def test_the_machines_clock_is_not_moved(tmp_path: Path) -> None:
    async with service(settings_of(tmp_path / "data", clock=None)) as api:
        assert (await api.ok("GET", "/v1/clock"))["simulated"] is False
        said = await api.problem(409, "POST", "/v1/clock", {"advance": "P1D"})
        assert "USHER_CLOCK" in said
