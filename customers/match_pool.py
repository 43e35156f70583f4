"""Everybody known, in memory, by blocking key: whom an arrival could be, and what follows of it.

An id may have several records, as a merged profile has; the best of them counts. A block
of more than `block_cap` records tells nobody apart: it is left out whole and counted, never
truncated. How often arrivals are somebody known is learned from the arrivals themselves.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from customers.comparable import Comparable
from customers.match_keys import match_keys
from customers.matching import Answer, Weights, answer, weigh, weight_of

#: A Beta prior on the share of arrivals that are somebody known: an even start, worth so many.
_EVEN, _WORTH = 0.5, 20
#: However many were known lately, the next may be new.
_HIGHEST_PRIOR = 0.95
#: Bits behind the best at which a candidate is taken for ruled out: a millionth of its odds.
_BEHIND = 20.0
#: Among more that fit alike nobody has a posterior to speak of.
_FOREMOST = 20

_Entry = tuple[str, Comparable]


@cache
def shipped_weights() -> Weights:
    """The weights in `match_weights.json`, made by `python -m evals.identity_training`."""
    text = files("customers").joinpath("match_weights.json").read_text(encoding="utf-8")
    return Weights.of(json.loads(text))


class MatchPool:
    """Records by id; not safe for two threads at once."""

    def __init__(self, weights: Weights, block_cap: int = 100) -> None:
        if block_cap < 1:
            raise ValueError(f"block_cap must be at least 1, not {block_cap}")
        self._weights = weights
        self._cap = block_cap
        self._records: dict[str, list[Comparable]] = {}
        self._blocks: dict[str, list[_Entry]] = {}
        self._known = _EVEN * _WORTH
        self._arrived = float(_WORTH)
        #: How many blocks were left out of a search for their size.
        self.blocks_skipped = 0

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, id: str) -> bool:
        return id in self._records

    @property
    def prior_match(self) -> float:
        """How likely the next arrival is somebody known: the posterior mean of the share so far."""
        return min(self._known / self._arrived, _HIGHEST_PRIOR)

    def add(self, id: str, record: Comparable) -> None:
        """A record of this id; an id may have several, of which the best is compared."""
        there = self._records.setdefault(id, [])
        if record in there:
            return
        there.append(record)
        entry = (id, record)
        for key in match_keys(record):
            self._blocks.setdefault(key, []).append(entry)

    def remove(self, id: str) -> None:
        """All of this id's records. Nothing happens where there are none."""
        for record in self._records.pop(id, ()):
            for key in match_keys(record):
                left = [entry for entry in self._blocks.get(key, ()) if entry[0] != id]
                if left:
                    self._blocks[key] = left
                else:
                    self._blocks.pop(key, None)

    def candidates(self, record: Comparable) -> dict[str, list[Comparable]]:
        """Ids that share a key with this record, and their records that do."""
        found: dict[str, list[Comparable]] = {}
        for key in match_keys(record):
            block = self._blocks.get(key, ())
            if len(block) > self._cap:
                self.blocks_skipped += 1
                continue
            for id, other in block:
                shared = found.setdefault(id, [])
                if not any(other is known for known in shared):
                    shared.append(other)
        return found

    def decide(self, record: Comparable) -> Answer:
        """Who this arrival is, and one more arrival in `prior_match`. Adds no record."""
        weights, weighed = self._weights, []
        for id, others in self.candidates(record).items():
            weight, best = max(
                ((weight_of(record, other, weights), other) for other in others),
                key=lambda pair: pair[0],
            )
            weighed.append((weight, id, best))
        weighed.sort(key=lambda found: (-found[0], found[1]))
        scored = [
            (id, weigh(record, best, weights))
            for weight, id, best in weighed[:_FOREMOST]
            if weight >= weighed[0][0] - _BEHIND
        ]
        result = answer(scored, weights, prior_match=self.prior_match, population=max(1, len(self)))
        self._known += result.anybody
        self._arrived += 1
        return result
