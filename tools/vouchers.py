"""`issue_voucher`: money for whoever our service failed, made by the system that redeems it.

Amount and currency are facts the pack bounds by the delay and the person's standing; what it costs
is held out of the month's budget when it is claimed and spent once the other system has it. What
happened stands in the journey's event (`disruption`, `booking`), never in what a model says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from tools.cap_facts import offer_cap_facts
from tools.instants import DAY_US, instant
from tools.person_facts import person_facts
from tools.picture import Picture
from tools.requests import asked
from tools.tool import (
    ActionKind,
    Args,
    Cost,
    FactValue,
    Prepared,
    Reversibility,
    Risk,
    Setting,
    Tool,
)

LARGEST_MINOR = 1_000_000_000
#: What an event may say of a disruption and a booking, and the fact that it becomes.
_SAID: Mapping[tuple[str, str], tuple[str, type]] = {
    ("disruption", "minutes_late"): ("disruption.minutes_late", int),
    ("disruption", "ours"): ("disruption.ours", bool),
    ("booking", "minor_alone"): ("booking.minor_alone", bool),
    ("booking", "refund_wanted"): ("booking.refund_wanted", bool),
}


class IssueVoucher(Args):
    """How much, in minor units of the deployment's currency, and for how many days it is good."""

    amount_minor: Annotated[int, Field(ge=1, le=LARGEST_MINOR)]
    valid_days: Annotated[int, Field(ge=1, le=730)]


def said_by_the_event(context: Mapping[str, Any]) -> dict[str, FactValue]:
    """The facts that the journey's event states, of the right type; anything else is missing."""
    found: dict[str, FactValue] = {}
    for (part, name), (fact, kind) in _SAID.items():
        stated = context.get(part)
        value = stated.get(name) if isinstance(stated, Mapping) else None
        if type(value) is kind and isinstance(value, (bool, int)):
            found[fact] = value
    return found


def _facts(picture: Picture, args: IssueVoucher, setting: Setting) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {
        **person_facts(picture, purpose=setting.agent.purpose),
        **offer_cap_facts(picture, setting),
        **said_by_the_event(setting.context),
        "action.purpose": setting.agent.purpose,
        "action.cost_minor": args.amount_minor,
        "action.currency": setting.pack.currency,
    }
    loyalty = picture.profile.traits.get("loyalty")
    if loyalty is not None and isinstance(loyalty.value, str):
        facts["customer.loyalty"] = loyalty.value
    for budget_id, left in picture.budgets.items():
        facts[f"budget.{budget_id}.left_minor"] = left
    return facts


def _basis(picture: Picture, args: IssueVoucher, setting: Setting) -> tuple[object, ...]:
    return (tuple(sorted(said_by_the_event(setting.context).items())), setting.pack.currency)


def _prepare(picture: Picture, args: IssueVoucher, setting: Setting, effect_id: str) -> Prepared:
    expires_at = picture.now_us + args.valid_days * DAY_US
    return asked(
        kind=ActionKind.OFFER.value,
        channel="voucher",
        to=picture.customer_id,
        what={
            "action": "issue",
            "customer_id": picture.customer_id,
            "amount_minor": args.amount_minor,
            "currency": setting.pack.currency,
            "expires_at": instant(expires_at).isoformat(),
        },
        setting=setting,
        expires_at=expires_at,
        amount_minor=args.amount_minor,
        currency=setting.pack.currency,
        basis=_basis(picture, args, setting),
        result={"amount_minor": args.amount_minor, "currency": setting.pack.currency},
    )


TOOLS = (
    Tool(
        name="issue_voucher",
        kind=ActionKind.OFFER,
        description="Issue a voucher over an amount, where our service fell short.",
        args=IssueVoucher,
        facts=_facts,
        basis=_basis,
        prepare=_prepare,
        channel="voucher",
        risk=Risk.MEDIUM,
        cost=Cost.BUDGET,
        reversibility=Reversibility.FINAL,
    ),
)
