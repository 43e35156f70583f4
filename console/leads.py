"""Where the people behind a figure are."""

from __future__ import annotations

from urllib.parse import urlencode


def leads_to(days: int, **what: str) -> str:
    """Where the people behind a figure are."""
    return f"/figures/people?{urlencode({'days': days, **what})}"
