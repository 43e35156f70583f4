"""The catalogue, as the shop sends it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from agent.messages import ProductIn
from api.access import Operator, Service
from api.idempotency import OnceRoute

router = APIRouter(tags=["catalogue"], route_class=OnceRoute)
MOST = 5_000


@router.put("/v1/products")
async def products(
    runs: Service,
    principal: Operator,
    rows: Annotated[list[ProductIn], Body(max_length=MOST)],
) -> dict[str, int]:
    """Write products, all or none; a known sku is replaced."""
    return {"written": await runs.put_products(rows)}
