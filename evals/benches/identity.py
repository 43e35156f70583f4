"""`identity`: whom arrivals are matched with, right and wrong, and how long one takes.

On FEBRL's sets 3 and 4, of which the weights have seen nothing. `shipped` is what ships; `posterior
alone` leaves out the rule that keeps relatives apart, which no FEBRL set needs: it is what other
matchers' published figures are to be compared with. Strangers and relatives are generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from random import Random
from typing import Any

from customers.match_pool import shipped_weights
from customers.matching import Weights
from evals import identity_measures as measures
from evals.data import febrl
from evals.data.febrl import Record

NAME = "identity"
WHAT = (
    "probable matches on FEBRL 3 and 4; DESIGN asks for F1 of at least .99 and .995, precision of "
    "at least .99 with half of the arrivals unmatched, a p99 below 5 ms at 200,000 profiles"
)
_STRANGERS = 100_000
_PROFILES = 200_000
_SEED = 20_080_101


def run(*, strangers: int = _STRANGERS, profiles: int = _PROFILES) -> dict[str, Any]:
    """Shares, counts, milliseconds of wall time; a text where FEBRL is not installed."""
    try:
        third, known, arrivals = (febrl.read(n) for n in ("dataset3", "dataset4a", "dataset4b"))
    except febrl.NoFebrl as missing:
        return {"not_measured": str(missing)}
    shipped = shipped_weights()
    many = measures.generated(known, max(strangers, profiles), seed=_SEED)
    full = measures.filled(shipped, many[:profiles])
    return {
        "febrl4_link": _both(lambda w: measures.link(w, known, arrivals), shipped),
        "febrl3_dedupe": _both(lambda w: measures.dedupe(w, third), shipped),
        "half_unmatched_among_generated": _both(
            lambda w: measures.link(w, _half(known), arrivals, strangers=many[:strangers]), shipped
        ),
        "generated_relatives": _both(
            lambda w: measures.household(w, known, arrivals=1_000, seed=_SEED), shipped
        ),
        "generated_twins": _both(
            lambda w: measures.household(w, known, arrivals=1_000, seed=_SEED, twins=True), shipped
        ),
        "one_event": measures.latency(full, [record.comparable() for record in arrivals]),
        "peer_splink": _peer(),
    }


def _both(measure: Any, shipped: Weights) -> dict[str, Any]:
    return {
        "shipped": measure(shipped),
        "posterior_alone": measure(replace(shipped, household="off")),
    }


def _half(known: Sequence[Record]) -> list[Record]:
    """A fixed draw of half of them: the others' second records are then of nobody known."""
    return Random(_SEED).sample(list(known), len(known) // 2)


def _peer() -> str:
    """Splink is on no lock of ours, and no adapter to it is written."""
    return "not installed" if find_spec("splink") is None else "installed, but not run by us"
