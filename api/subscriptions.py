"""Subscriptions: who is told of decisions, effects, outcomes and stops. Admins only."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent.connected import Subscribe
from api.access import Admin, Service
from api.route import Route

# Not replayed by Idempotency-Key: the answer holds a secret, and answers of that kind are kept.
router = APIRouter(tags=["systems"], prefix="/v1/subscriptions", route_class=Route)


@router.post("", status_code=201)
async def subscribe(runs: Service, principal: Admin, request: Subscribe) -> dict[str, Any]:
    """Be told of topics at a URL; the answer holds the secret, and nothing else ever will."""
    return await runs.connected.subscribe(request, by=principal.name)


@router.get("")
async def listing(runs: Service, principal: Admin) -> dict[str, Any]:
    """All subscriptions and how each stands, without secrets."""
    return {"items": await runs.connected.subscriptions(), "next_cursor": None}


@router.delete("/{subscription_id}")
async def unsubscribe(runs: Service, principal: Admin, subscription_id: str) -> dict[str, bool]:
    """End one, at once; what was not told is told no more."""
    await runs.connected.unsubscribe(subscription_id, by=principal.name)
    return {"removed": True}


@router.post("/{subscription_id}/test")
async def test(runs: Service, principal: Admin, subscription_id: str) -> dict[str, Any]:
    """Send a signed test once, now, and say what was answered."""
    return await runs.connected.test(subscription_id)
