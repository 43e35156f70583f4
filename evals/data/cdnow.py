"""Purchases of real CDNOW customers, 1997-01-01 to 1998-06-30, as Fader and Hardie published them.

`read_master` reads the published file (whitespace between columns); `read_extract` reads the small
extract that ships here. Figures are passed on as they are: a day without a time, dollars and cents.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

MASTER_COLUMNS = ("customer_id", "date", "number_of_cds", "dollar_value")
EXTRACT_CUSTOMERS = 300
EXTRACT_SEED = "usher-cdnow-extract-1"


@dataclass(frozen=True, slots=True)
class Purchase:
    """One row: who, on which day, how many CDs, for how many US cents."""

    customer_id: str
    day: date
    cds: int
    cents: int


def read_master(path: Path) -> Iterator[Purchase]:
    """Rows of the published file, in its order. Raises ValueError where it is not that file."""
    with path.open(encoding="ascii", newline="") as lines:
        header = tuple(next(lines, "").split())
        if header != MASTER_COLUMNS:
            raise ValueError(f"{path}: not the CDNOW master file; its first line reads {header}")
        for line in lines:
            if line.strip():
                yield _purchase(line.split())


def read_extract() -> tuple[Purchase, ...]:
    """Rows of the extract that ships with the package."""
    text = files("evals.data").joinpath("cdnow_extract.csv").read_text(encoding="ascii")
    rows = csv.reader(text.splitlines())
    next(rows)
    return tuple(_purchase(row) for row in rows)


def chosen(customer_ids: Iterable[str], n: int = EXTRACT_CUSTOMERS) -> frozenset[str]:
    """The `n` customers whose seeded hash is smallest: a fixed, unweighted draw."""
    return frozenset(sorted(set(customer_ids), key=_draw)[:n])


def _draw(customer_id: str) -> str:
    return hashlib.sha256(f"{EXTRACT_SEED}:{customer_id}".encode()).hexdigest()


def _purchase(row: list[str]) -> Purchase:
    customer_id, day, cds, dollars = row
    whole, _, fraction = dollars.partition(".")
    return Purchase(
        customer_id=customer_id,
        day=date(int(day[:4]), int(day[4:6]), int(day[6:8])),
        cds=int(cds),
        cents=int(whole) * 100 + int(fraction.ljust(2, "0")),
    )
