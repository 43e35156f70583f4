"""When a message that is put off leaves: not everybody's at the stroke of eight.

The gate says from when and until when it may leave. Each person has a moment of their own in
between, the same whenever it is asked: by a hash of the person and the morning, without chance.
"""

from __future__ import annotations

from hashlib import sha256

from policies.obligations import NOT_BEFORE_US, SPREAD_UNTIL_US
from policies.verdict import Verdict

_SECOND_US = 1_000_000
_BITS = 32


def leaves_at(verdict: Verdict, customer_id: str) -> int | None:
    """The instant at which this person's message leaves; None where it is not put off."""
    first = verdict.obligations.get(NOT_BEFORE_US)
    if not isinstance(first, int):
        return None
    last = verdict.obligations.get(SPREAD_UNTIL_US)
    if not isinstance(last, int):
        return first
    digest = sha256(f"{customer_id}\n{first}".encode()).digest()
    share = int.from_bytes(digest[: _BITS // 8], "big")
    return first + ((last - first) // _SECOND_US * share >> _BITS) * _SECOND_US
