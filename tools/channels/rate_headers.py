"""What another system says about its own limits: when to come again, and how much is left.

`Retry-After` is whole seconds or a date (RFC 9110 §10.2.3). `X-RateLimit-Limit`, `-Remaining` and
`-Reset` are the vendors' custom: the reset is an instant in Unix seconds, or seconds from now.
Dates are read by the answer's own `Date`, so that its clock and ours need not agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

#: Above it a reset is an instant: as seconds from now it would be more than thirty years.
_AN_INSTANT: Final = 1_000_000_000
#: With a tenth of the limit left, or this many where no limit is told, what is left is spread.
_FEW: Final = 10


def retry_after_s(headers: Mapping[str, str], *, now_s: float) -> float | None:
    """Seconds until one may come again; None where nothing readable is said.

    `headers`: by names in lower case. `now_s`: UTC in seconds, used where the answer has no date.
    """
    said = headers.get("retry-after", "").strip()
    if _is_number(said):
        return float(said)
    at = _date(said)
    return None if at is None else max(at - _their_now(headers, now_s), 0.0)


def slow_down_s(headers: Mapping[str, str], *, now_s: float) -> float:
    """Seconds to leave until the next request, so that the limit is not run into; 0 where none."""
    left, reset = headers.get("x-ratelimit-remaining", ""), headers.get("x-ratelimit-reset", "")
    if not (_is_number(left) and _is_number(reset)):
        return 0.0
    until = float(reset)
    if until >= _AN_INSTANT:
        until = max(until - _their_now(headers, now_s), 0.0)
    limit = headers.get("x-ratelimit-limit", "")
    few = max(float(limit) / 10, 1.0) if _is_number(limit) else float(_FEW)
    return until / (float(left) + 1) if float(left) <= few else 0.0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _their_now(headers: Mapping[str, str], now_s: float) -> float:
    at = _date(headers.get("date", ""))
    return now_s if at is None else at


def _date(text: str) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
