"""Identifiers: a prefix that says what it is, and a lower-case ULID that sorts by time."""

from __future__ import annotations

import threading

from ulid import ULID

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """A fresh id such as `dec_01j9…`: unique across processes, and after all that this one made."""
    global _last
    with _lock:
        _last = max(int(ULID()), _last + 1)
        made = ULID.from_int(_last)
    return f"{prefix}_{str(made).lower()}"
