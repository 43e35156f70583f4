"""Margin of a cart line, exactly, in integers.

Margin = (net − cost) / net after all discounts, tax excluded, per line; the worst line decides
(DESIGN §6). Rounding goes against the discount: a floor is never met by a fraction of a basis
point.
"""

from __future__ import annotations

FULL_BP = 10_000


def margin_bp(*, price_minor: int, cost_minor: int, tax_bp: int, discount_bp: int = 0) -> int:
    """Margin in basis points of a line sold at `price_minor` (tax included) less `discount_bp`.

    Never above 10,000; a price of nothing has the margin −10,000.
    """
    net_scaled = price_minor * (FULL_BP - discount_bp)
    if net_scaled <= 0:
        return -FULL_BP
    cost_scaled = cost_minor * (FULL_BP + tax_bp) * FULL_BP
    share = -(-cost_scaled // net_scaled)
    return max(-FULL_BP, FULL_BP - share)


def discount_minor(*, price_minor: int, quantity: int, discount_bp: int) -> int:
    """What a discount costs on one line, in minor units, rounded up."""
    return -(-price_minor * quantity * discount_bp // FULL_BP)
