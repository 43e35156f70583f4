"""`get_inventory` and `get_margin`: what the shop knows of the cart's lines."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tools.cart import CartLine, in_stock, wanted
from tools.margin import FULL_BP, margin_bp
from tools.picture import Picture
from tools.tool import ActionKind, Args, Setting, Tool


class GetInventory(Args):
    """No arguments: the lines are the cart's."""


class GetMargin(Args):
    """`discount_bp`: margin is also told after a discount of so many basis points."""

    discount_bp: Annotated[int, Field(ge=0, le=FULL_BP)] = 0


def line_margin(line: CartLine, discount_bp: int) -> int | None:
    """Margin of one line after a discount in basis points; None without a price or a cost."""
    if line.price_minor is None or line.cost_minor is None:
        return None
    return margin_bp(
        price_minor=line.price_minor,
        cost_minor=line.cost_minor,
        tax_bp=line.tax_bp,
        discount_bp=discount_bp,
    )


def worst_margin(picture: Picture, discount_bp: int) -> int | None:
    """The lowest margin of any line; None where any line's is unknown or there is no line."""
    margins = [line_margin(line, discount_bp) for line in picture.lines]
    known = [m for m in margins if m is not None]
    return min(known) if known and len(known) == len(margins) else None


def _inventory(picture: Picture, args: GetInventory, setting: Setting) -> dict[str, Any]:
    needed = wanted(picture.lines)
    lines = [
        {
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "stock": line.free_stock,
            "in_stock": line.quantity is not None
            and line.free_stock is not None
            and line.free_stock >= needed[line.sku],
        }
        for line in picture.lines
    ]
    return {"lines": lines, "all_in_stock": in_stock(picture.lines) is True}


def _margin(picture: Picture, args: GetMargin, setting: Setting) -> dict[str, Any]:
    return {
        "currency": picture.cart_currency,
        "value_minor": picture.cart_value_minor,
        "lines": [{"sku": line.sku, "margin_bp": line_margin(line, 0)} for line in picture.lines],
        "worst_bp": worst_margin(picture, 0),
        "worst_after_bp": worst_margin(picture, args.discount_bp),
    }


TOOLS = (
    Tool(
        name="get_inventory",
        kind=ActionKind.READ,
        description="Stock of each line of the cart.",
        args=GetInventory,
        answer=_inventory,
    ),
    Tool(
        name="get_margin",
        kind=ActionKind.READ,
        description="Value and margin of the cart, also after a discount in basis points.",
        args=GetMargin,
        answer=_margin,
    ),
)
