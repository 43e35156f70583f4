"""What another system says about its limits is read in every form that it may have."""

from __future__ import annotations

import pytest

from tools.channels.rate_headers import retry_after_s, slow_down_s

NOW = 1_700_000_000.0
DATE = {"date": "Tue, 14 Nov 2023 22:13:00 GMT"}  # twenty seconds before NOW


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT", **DATE}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, now_s=NOW) == seconds


@pytest.mark.parametrize(
    ("left", "limit", "reset", "seconds"),
    [
        ("500", "600", "60", 0.0),
        ("60", "600", "61", 1.0),
        ("0", "600", "30", 30.0),
        ("0", "600", str(int(NOW) + 30), 30.0),
        ("0", None, str(int(NOW) - 30), 0.0),
        ("9", None, "20", 2.0),
        ("11", None, "20", 0.0),
        ("many", "600", "20", 0.0),
        ("0", "600", "", 0.0),
    ],
)
def test_what_is_left_is_spread_when_little_is_left(
    left: str, limit: str | None, reset: str, seconds: float
) -> None:
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}
    if limit is not None:
        headers["x-ratelimit-limit"] = limit
    assert slow_down_s(headers, now_s=NOW) == seconds
