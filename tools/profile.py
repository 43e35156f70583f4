"""`get_profile`: who this is, as far as a planner needs to know. No name, no address."""

from __future__ import annotations

from typing import Any

from tools.instants import DAY_US
from tools.picture import CHANNELS, Picture
from tools.tool import ActionKind, Args, Setting, Tool


class GetProfile(Args):
    """No arguments: whom a call is about comes from the decision, never from the model."""


def _answer(picture: Picture, args: GetProfile, setting: Setting) -> dict[str, Any]:
    person = picture.profile
    days = None
    if person.last_order_at is not None:
        days = max(0, picture.now_us - person.last_order_at) // DAY_US
    return {
        "segment": person.segment,
        "orders": person.orders,
        "revenue_minor": person.revenue_minor,
        "days_since_last_order": days,
        "locale": person.locale,
        "zone": picture.zone if picture.zone_is_known else None,
        "channels": {
            channel: {
                "address": channel in picture.addresses,
                "consent": picture.consents[channel, setting.agent.purpose],
            }
            for channel in CHANNELS
        },
        "preferred_channel": person.preferred_channel,
        "discounts_taken": person.discounts_taken,
        "open_complaint": picture.complaint_open,
    }


TOOLS = (
    Tool(
        name="get_profile",
        kind=ActionKind.READ,
        description="Segment, orders, consents and preferred channel of this customer.",
        args=GetProfile,
        answer=_answer,
    ),
)
