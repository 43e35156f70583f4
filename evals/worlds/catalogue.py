"""The sample shop's catalogue: thirty generated articles whose margins run from 8 to 60 percent.

Names, prices, costs and stock are made up. Margins are of the price without tax, as the gate counts
them; stock includes articles that are sold out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CURRENCY = "EUR"
TAX_BP = 1900


@dataclass(frozen=True, slots=True)
class Product:
    """An article. EUR cents, tax included in the price; `margin_bp` before any discount."""

    sku: str
    name: str
    category: str
    price_minor: int
    margin_bp: int
    stock: int

    @property
    def cost_minor(self) -> int:
        """What the shop pays, without tax, so that the margin comes out (to the cent)."""
        net_times = self.price_minor * (10_000 - self.margin_bp)
        return net_times // (10_000 + TAX_BP)

    def as_row(self) -> dict[str, Any]:
        """The row for `PUT /v1/products`."""
        return {
            "sku": self.sku,
            "name": self.name,
            "category": self.category,
            "price_minor": self.price_minor,
            "cost_minor": self.cost_minor,
            "currency": CURRENCY,
            "stock": self.stock,
            "tax_bp": TAX_BP,
        }


_ROWS = (
    # category, name, price in cents, margin in basis points, stock
    ("lighting", "Desk lamp Alba", 7900, 5200, 140),
    ("lighting", "Floor lamp Vega", 18900, 4600, 36),
    ("lighting", "Pendant lamp Luna", 14900, 3900, 52),
    ("lighting", "Reading light Pico", 3900, 6000, 210),
    ("lighting", "Wall lamp Stella", 9900, 800, 18),
    ("audio", "Record player Aria", 34900, 2200, 24),
    ("audio", "Bookshelf speakers Duo", 27900, 2600, 31),
    ("audio", "Headphones Calm", 19900, 3400, 88),
    ("audio", "Radio Morgen", 12900, 2900, 0),
    ("audio", "Record brush", 1900, 5800, 400),
    ("music", "Record crate", 4900, 4400, 95),
    ("music", "Jazz classics, 3 records", 5900, 1900, 60),
    ("music", "Piano nights, double record", 3900, 1700, 75),
    ("music", "Folk anthology, 5 CDs", 4400, 2100, 44),
    ("music", "Score book, songs", 2900, 3600, 120),
    ("kitchen", "Kettle Onda", 6900, 3300, 130),
    ("kitchen", "Coffee grinder Mola", 11900, 2800, 41),
    ("kitchen", "Moka pot", 3400, 4100, 160),
    ("kitchen", "Cast-iron pan", 8900, 3700, 58),
    ("kitchen", "Knife Santo", 10900, 1000, 27),
    ("kitchen", "Tea set Kumo", 7400, 4900, 0),
    ("home", "Wool blanket Moor", 12900, 4700, 66),
    ("home", "Cushion Feld", 3900, 5500, 230),
    ("home", "Bookend pair", 2900, 5100, 140),
    ("home", "Mirror Rund", 15900, 3100, 12),
    ("home", "Side table Eik", 22900, 1500, 9),
    ("garden", "Planter Terra", 4900, 4300, 105),
    ("garden", "Watering can", 3200, 3800, 90),
    ("garden", "Folding chair", 8400, 2000, 48),
    ("garden", "Lantern Nord", 4400, 4800, 3),
)


def catalogue() -> tuple[Product, ...]:
    """All articles, `SKU-1001` upwards; always the same."""
    return tuple(
        Product(f"SKU-{1001 + n}", name, category, price, margin, stock)
        for n, (category, name, price, margin, stock) in enumerate(_ROWS)
    )
