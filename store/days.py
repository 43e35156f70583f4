"""Days as counters are kept by: UTC days of business time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def utc_day(at: int) -> str:
    """The UTC day of an instant, as `2026-03-03`."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).date().isoformat()
