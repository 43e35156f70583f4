"""A proof of absence in words: where something was found, and why it is not clean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CLEAN = "nothing of this person is left"


def place_of(place: Mapping[str, Any]) -> str:
    """Where something was found: a column and its row, or a file and the byte it begins at."""
    if "column" in place:
        return f"{place['where']}.{place['column']}, row {place['row']}"
    at = "" if place["offset"] is None else f", byte {place['offset']:,}"
    return f"{place['file']}{at}"


def what_is_left(told: Mapping[str, Any]) -> str:
    """Why a proof is not clean, in a line; that nothing is left where it is."""
    if told["clean"]:
        return CLEAN
    rows = sum(told["rows_left"].values())
    said = [
        "" if told["erased"] else "this person is not erased",
        _many(told["found_total"], "place"),
        _many(told["keys_left"], "key"),
        _many(rows, "row"),
        f"{len(told['unsearched']):,} not searched whole" if told["unsearched"] else "",
    ]
    return ", ".join(each for each in said if each)


def searched(told: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Stores that hold anything: name, how much was searched, and the store as it was answered."""
    for each in told["searched"]:
        if each.get("rows"):
            yield each["store"], _many(each["rows"], "row"), each
        elif each.get("files"):
            much = f"{_many(each['files'], 'file')}, {each['bytes']:,} bytes"
            yield each["store"], much, each
        elif each["found"]:
            yield each["store"], "names only", each


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}" if n else ""
