"""Which arm of the experiment a customer is in: a stable hash, so nobody changes sides (P13)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

FULL_BP = 10_000


def assign(customer_id: str, *, goal: str, arms: Mapping[str, int]) -> str:
    """The arm of this customer for this goal. `arms`: basis points each, together 10,000."""
    digest = hashlib.sha256(f"arm:{goal}:{customer_id}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") % FULL_BP
    upper = 0
    for arm, share_bp in sorted(arms.items()):
        upper += share_bp
        if place < upper:
            return arm
    raise ValueError(f"the arms of {goal} do not add up to {FULL_BP}: {dict(arms)}")
