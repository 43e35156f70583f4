"""Lists as pages: the items, and where the next page begins; None where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.errors import BadRequest

MOST = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    items: list[dict[str, Any]]
    next_cursor: str | None

    def as_json(self) -> dict[str, Any]:
        """As every list of the API looks."""
        return {"items": self.items, "next_cursor": self.next_cursor}


def page_of(rows: list[dict[str, Any]], *, limit: int, key: str) -> Page:
    """A page of rows that were read with one to spare; `key` names the field that orders them."""
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, str(items[-1][key]) if more else None)


def checked_limit(limit: int) -> int:
    """A page size between 1 and 200."""
    if not 1 <= limit <= MOST:
        raise BadRequest(f"limit must be between 1 and {MOST}")
    return limit
