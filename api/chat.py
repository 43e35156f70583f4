"""Chat: a sentence in, server-sent events out; and a card confirmed, once."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from agent.chat.grammar import LONGEST
from agent.chat.talk import Said
from api.access import Operator, Service, Viewer
from api.idempotency import OnceRoute
from api.route import Route

router = APIRouter(tags=["chat"], prefix="/v1/chat", route_class=Route)
cards = APIRouter(tags=["chat"], prefix="/v1/chat/cards", route_class=OnceRoute)


class Sentence(BaseModel):
    """What an operator says. `conversation`: the one that an earlier answer named."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    conversation: Annotated[str, Field(pattern=r"^cnv_[0-9a-z]{26}$")] | None = None


class Confirmation(BaseModel):
    """A person's word; anything but a plain true is none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    confirm: bool

    @field_validator("confirm")
    @classmethod
    def _a_yes(cls, confirm: bool) -> bool:
        if not confirm:
            raise ValueError("a card is confirmed with true, or left alone")
        return confirm


@router.post("", response_class=StreamingResponse)
async def say(runs: Service, principal: Viewer, request: Sentence) -> StreamingResponse:
    """Events `text`, `card` and, in the end, `done`. Text changes nothing."""
    await runs.caught_up()
    talk = runs.chat.say(request.text, by=principal, conversation=request.conversation)
    answer = [_event(said) async for said in talk]  # whole first: a fault is a problem, not a cut
    return StreamingResponse(
        iter(answer), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


@cards.post("/{card_id}")
async def confirm(
    runs: Service, principal: Operator, card_id: str, request: Confirmation
) -> dict[str, Any]:
    """Carry a card out: 403 for the role it needs, 409 where it was carried out or is too old."""
    return await runs.chat.confirm(card_id, by=principal)


def _event(said: Said) -> str:
    return f"event: {said.event}\ndata: {json.dumps(said.data)}\n\n"
