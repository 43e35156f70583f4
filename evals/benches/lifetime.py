"""`lifetime`: both models of lifetime value on the customers they were published with.

2,357 customers of CDNOW who came in the first quarter of 1997, with what they did until September;
what they did in the 39 weeks after is held against what was expected of them. Times are in weeks,
amounts in dollars, as published. The files lie in the package `lifetimes`, which is never imported.
"""

from __future__ import annotations

import csv
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np

from customers.lifetime import (
    Array,
    expected_purchases,
    fit_purchases,
    fit_spend,
)

NAME = "lifetime"
WHAT = "lifetime value fitted on CDNOW, the published parameters beside ours, CPU seconds a fit"
#: Fader, Hardie and Lee 2005, table 2; Fader and Hardie 2013, section 4.
PUBLISHED = {
    "purchases": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "log_likelihood": -9582.4},
    "spend": {"p": 6.25, "q": 3.74, "v": 15.44},
}
_WEEKS_AHEAD = 39
_LAST_DAY_READ = "19970930"


def run() -> dict[str, Any]:
    """Parameters, purchases expected and made, seconds; or that the files are not there."""
    try:
        folder = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets")))
    except PackageNotFoundError:
        return {"data": "not installed: make install-dev"}
    return measured(folder)


def measured(folder: Path) -> dict[str, Any]:
    """The figures from the files in this folder."""
    frequency, recency, age = _columns(folder / "cdnow_customers_summary.csv")
    repeats, _, _, mean = _columns(folder / "cdnow_customers_summary_with_transactions.csv")
    fit_spend(repeats, mean)  # imports the optimiser, which is not what is measured
    begun = time.process_time()
    purchases = fit_purchases(frequency, recency, age)
    half = time.process_time()
    spend = fit_spend(repeats, mean)
    done = time.process_time()
    expected = float(np.sum(expected_purchases(purchases, frequency, recency, age, _WEEKS_AHEAD)))
    return {
        "people": len(frequency),
        "bought_again": int(np.count_nonzero(frequency)),
        "purchases": {
            name: {"ours": round(getattr(purchases, name), 4), "published": value}
            for name, value in PUBLISHED["purchases"].items()
        },
        "spend": {
            name: {"ours": round(getattr(spend, name), 3), "published": value}
            for name, value in PUBLISHED["spend"].items()
        },
        "purchases_in_39_weeks": {
            "expected": round(expected),
            "made": _made_after(folder / "CDNOW_sample.txt"),
        },
        "cpu_s": {"purchases": round(half - begun, 3), "spend": round(done - half, 3)},
    }


def _columns(path: Path) -> list[Array]:
    """The columns after the id."""
    with path.open(encoding="ascii", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return list(np.array([[float(value) for value in row[1:]] for row in rows]).T)


def _made_after(path: Path) -> int:
    """Days with a purchase after the period that was fitted, over all customers."""
    with path.open(encoding="ascii") as lines:
        rows = [line.split() for line in lines if line.strip()]
    return len({(row[0], row[2]) for row in rows if row[2] > _LAST_DAY_READ})
