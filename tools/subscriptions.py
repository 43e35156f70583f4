"""`cancel_subscription`: end something a customer pays for, in the system that bills it.

Only a subscription that the journey's own event names can be ended, and every pack that is built on
the shipped organisation has a person sign it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from tools.instants import DAY_US
from tools.picture import Picture
from tools.requests import asked
from tools.tool import ActionKind, Args, Cost, Prepared, Reversibility, Risk, Setting, Tool

_USEFUL_DAYS = 7


class CancelSubscription(Args):
    """Which one, from when, and why in the customer's words or ours."""

    subscription_id: Annotated[str, Field(min_length=1, max_length=100)]
    effective: Literal["now", "period_end"]
    reason: Annotated[str, Field(min_length=1, max_length=300)]


def known_subscriptions(setting: Setting) -> tuple[str, ...]:
    """The subscriptions that the journey's event names: `subscription_id`, or a list of them."""
    one, several = setting.context.get("subscription_id"), setting.context.get("subscription_ids")
    listed: list[Any] = list(several) if isinstance(several, (list, tuple)) else []
    return tuple(dict.fromkeys(s for s in (one, *listed) if isinstance(s, str) and s))


def _problem(picture: Picture, args: CancelSubscription, setting: Setting) -> str | None:
    known = known_subscriptions(setting)
    if args.subscription_id in known:
        return None
    return (
        "subscription_id: not one of this journey's; "
        f"there are: {', '.join(known) or 'none, so nothing can be cancelled'}"
    )


def _basis(picture: Picture, args: CancelSubscription, setting: Setting) -> tuple[object, ...]:
    return (args.subscription_id in known_subscriptions(setting),)


def _prepare(
    picture: Picture, args: CancelSubscription, setting: Setting, effect_id: str
) -> Prepared:
    return asked(
        kind=ActionKind.SUBSCRIPTION.value,
        channel="subscription",
        to=args.subscription_id,
        what={
            "action": "cancel",
            "subscription_id": args.subscription_id,
            "effective": args.effective,
            "reason": args.reason,
        },
        setting=setting,
        expires_at=picture.now_us + _USEFUL_DAYS * DAY_US,
        basis=_basis(picture, args, setting),
        result={"subscription_id": args.subscription_id, "effective": args.effective},
    )


TOOLS = (
    Tool(
        name="cancel_subscription",
        kind=ActionKind.SUBSCRIPTION,
        description="End a subscription that this journey is about. A person signs it.",
        args=CancelSubscription,
        problem=_problem,
        basis=_basis,
        prepare=_prepare,
        channel="subscription",
        risk=Risk.HIGH,
        cost=Cost.NOTHING,
        reversibility=Reversibility.FINAL,
    ),
)
