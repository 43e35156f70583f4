"""`check_back` and `finish`: how a planner ends its turn. They touch nobody."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tools.instants import MINUTE_US, instant
from tools.picture import Picture
from tools.tool import ActionKind, Args, Setting, Tool


class CheckBack(Args):
    """Look at this journey again after so many minutes (at most 30 days)."""

    after_minutes: Annotated[int, Field(ge=1, le=43_200)]
    because: Annotated[str, Field(min_length=1, max_length=300)]


class Finish(Args):
    """The decision is made. `held`: what is queued in this journey must wait for a person."""

    because: Annotated[str, Field(min_length=1, max_length=500)]
    outcome: Literal["nothing_to_do", "done", "declined", "held"]


def _check_back(picture: Picture, args: CheckBack, setting: Setting) -> dict[str, Any]:
    at_us = picture.now_us + args.after_minutes * MINUTE_US
    return {"at": instant(at_us).isoformat(), "at_us": at_us, "because": args.because}


def _finish(picture: Picture, args: Finish, setting: Setting) -> dict[str, Any]:
    return {"outcome": args.outcome, "because": args.because}


TOOLS = (
    Tool(
        name="check_back",
        kind=ActionKind.CONTROL,
        description="Leave it for now and look again later.",
        args=CheckBack,
        answer=_check_back,
    ),
    Tool(
        name="finish",
        kind=ActionKind.CONTROL,
        description="End the decision with a reason.",
        args=Finish,
        answer=_finish,
    ),
)
