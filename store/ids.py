"""Identifiers: a prefix that says what it is, and a lower-case ULID that sorts by time."""

from __future__ import annotations

from ulid import ULID


def new_id(prefix: str) -> str:
    """A fresh id such as `dec_01j9…`; unique across processes."""
    return f"{prefix}_{str(ULID()).lower()}"
