"""Segment's HTTP API: the official SDKs work unchanged. Answered 200 means durable.

Keys with the role `ingest` sit in web pages, where anybody finds them. What they say of traits that
decide who looks at a person is not taken; the event keeps the names of what was left out.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import ValidationError

from agent.errors import BadRequest
from agent.messages import TYPES, Message
from api.access import Sender, Service
from api.idempotency import OnceRoute
from api.problems import said
from customers.profile import RESERVED
from store.principals import Principal


class SegmentRoute(OnceRoute):
    """Segment's library for web pages says `text/plain`, so that browsers ask nothing before."""

    also = ("text/plain",)


router = APIRouter(tags=["events"], route_class=SegmentRoute)
MOST_IN_A_BATCH = 1_000
Payload = Annotated[dict[str, Any], Body()]


def source_of(principal: Principal) -> str:
    """Events are deduplicated per source: the principal whose key sent them."""
    return principal.id


@router.post("/v1/batch")
async def batch(runs: Service, principal: Sender, body: Payload) -> dict[str, bool]:
    """Up to 1,000 messages, all or none."""
    listed = body.get("batch")
    if not isinstance(listed, list):
        raise BadRequest('a batch is {"batch": [message, …]}')
    if len(listed) > MOST_IN_A_BATCH:
        raise BadRequest(f"a batch holds {MOST_IN_A_BATCH} messages at most")
    shared = body.get("context")
    messages = []
    for k, item in enumerate(listed):
        if not isinstance(item, dict):
            raise BadRequest(f"message {k} is no object")
        own = item.get("context") or {}
        if isinstance(shared, dict) and isinstance(own, dict):
            item = {**item, "context": {**shared, **own}}
        messages.append(_message(item, f"message {k}", principal))
    if messages:
        await runs.accept(source_of(principal), messages)
    return {"success": True}


def _add(kind: str) -> None:
    async def one(runs: Service, principal: Sender, body: Payload) -> dict[str, bool]:
        message = _message({**body, "type": kind}, f"this {kind} message", principal)
        await runs.accept(source_of(principal), [message])
        return {"success": True}

    one.__doc__ = f"One {kind} message."
    router.post(f"/v1/{kind}", name=kind)(one)


for _kind in TYPES:
    _add(_kind)


def _message(item: dict[str, Any], where: str, principal: Principal) -> Message:
    if not principal.may("viewer"):
        item = _without_reserved(item)
    try:
        return Message.model_validate(item)
    except ValidationError as error:
        found = [said(e) for e in error.errors(include_input=False, include_url=False)]
        told = "; ".join(f"{one['where'] or 'it'}: {one['what']}" for one in found)
        raise BadRequest(f"{where} cannot be taken: {told}") from None


def _without_reserved(item: dict[str, Any]) -> dict[str, Any]:
    """The message without the traits that such a key cannot state, and with their names."""
    left_out: set[str] = set()

    def kept(holder: dict[str, Any]) -> dict[str, Any]:
        traits = holder.get("traits")
        if not isinstance(traits, dict) or RESERVED.isdisjoint(traits):
            return holder
        left_out.update(RESERVED & traits.keys())
        return {**holder, "traits": {k: v for k, v in traits.items() if k not in RESERVED}}

    item, context = kept(item), item.get("context")
    own = kept(context) if isinstance(context, dict) else {}
    if not left_out:
        return item
    return {**item, "context": {**own, "traits_not_taken": sorted(left_out)}}
