"""What routes take in their query: a place in a list, and how much of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from agent.paging import MOST

Cursor = Annotated[
    str | None,
    Query(
        pattern=r"^(?:[0-9]{1,18}:)?[A-Za-z0-9_-]{1,100}$",
        description="`next_cursor` of the page before",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many items a page holds")]
