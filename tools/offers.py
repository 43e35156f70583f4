"""`get_offer_history` and `create_offer`: single-use discount codes that are real.

A code is claimed with its share of the pack's budgets held; redemption charges it, expiry and
taking an unused code back return it. A message that names a discount must name the `offer_id`.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection

from store import wakeups
from store.ids import new_id
from store.schema import offers
from store.sealing import Vault
from tools.cap_facts import offer_cap_facts
from tools.catalogue import worst_margin
from tools.instants import DAY_US, HOUR_US, MINUTE_US, instant
from tools.margin import FULL_BP, discount_minor
from tools.person_facts import cart_facts, given, last_code_at, person_facts
from tools.picture import Picture
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
    ToolRefused,
)


class GetOfferHistory(Args):
    """No arguments."""


class CreateOffer(Args):
    """A percentage in basis points (1000 = 10 %), good for so many hours."""

    discount_bp: Annotated[int, Field(ge=1, le=FULL_BP)]
    valid_hours: Annotated[int, Field(ge=1, le=24 * 30)]


def _history(picture: Picture, args: GetOfferHistory, setting: Setting) -> dict[str, Any]:
    last = last_code_at(picture)
    usual = [o.discount_bp for o in picture.offers if o.status == "redeemed"]
    return {
        "offered": len(given(picture.offers)),
        "taken": picture.profile.discounts_taken,
        "days_since_last": None if last is None else max(0, picture.now_us - last) // DAY_US,
        "usual_discount_bp": sorted(usual)[len(usual) // 2] if usual else None,
    }


def offer_cost(picture: Picture, discount_bp: int) -> int | None:
    """What the discount costs on the whole cart, in minor units; None where a price is unknown."""
    if not picture.lines or any(
        line.price_minor is None or line.quantity is None for line in picture.lines
    ):
        return None
    return sum(
        discount_minor(
            price_minor=line.price_minor or 0,
            quantity=line.quantity or 0,
            discount_bp=discount_bp,
        )
        for line in picture.lines
    )


def _facts(picture: Picture, args: CreateOffer, setting: Setting) -> dict[str, FactValue]:
    facts = {
        **person_facts(picture, purpose=setting.agent.purpose),
        **cart_facts(picture),
        **offer_cap_facts(picture, setting),
        "action.purpose": setting.agent.purpose,
        "action.discount_bp": args.discount_bp,
    }
    lowest, after = worst_margin(picture, 0), worst_margin(picture, args.discount_bp)
    facts["cart.priced"] = lowest is not None
    if lowest is not None and after is not None:
        facts |= {"margin.lowest_bp": lowest, "margin.after_discount_bp": after}
    cost = offer_cost(picture, args.discount_bp)
    if cost is not None:
        facts["action.cost_minor"] = cost
    if picture.cart_value_minor is not None:
        facts["cart.value_minor"] = picture.cart_value_minor
    ages = [line.fetched_at for line in picture.lines]
    if ages and all(at is not None for at in ages):
        oldest = min(at for at in ages if at is not None)
        facts["product.age_minutes"] = max(0, picture.now_us - oldest) // MINUTE_US
    for budget_id, left in picture.budgets.items():
        facts[f"budget.{budget_id}.left_minor"] = left
    return facts


def _basis(picture: Picture, args: CreateOffer, setting: Setting) -> tuple[object, ...]:
    return (offer_cost(picture, args.discount_bp), picture.cart_currency)


def _prepare(picture: Picture, args: CreateOffer, setting: Setting, effect_id: str) -> Prepared:
    cost = offer_cost(picture, args.discount_bp)
    if cost is None or picture.cart_currency is None:
        raise ToolRefused(
            "the cart has a line without a price: it may be mentioned, not discounted"
        )
    offer_id = new_id("off")
    expires_at = picture.now_us + args.valid_hours * HOUR_US
    code = setting.fresh_code()
    result = {
        "offer_id": offer_id,
        "discount_bp": args.discount_bp,
        "cost_minor": cost,
        "currency": picture.cart_currency,
        "expires_at": instant(expires_at).isoformat(),
    }
    write = partial(
        _write_offer,
        row={
            "id": offer_id,
            "decision_id": setting.decision_id,
            "journey_id": setting.journey_id,
            "customer_id": picture.customer_id,
            "discount_bp": args.discount_bp,
            "cost_minor": cost,
            "currency": picture.cart_currency,
            "created_at": picture.now_us,
            "expires_at": expires_at,
            "status": "issued",
        },
        code=code,
    )
    return Prepared(
        kind=ActionKind.OFFER.value,
        channel="none",
        purpose=setting.agent.purpose,
        expires_at=expires_at,
        amount_minor=cost,
        currency=picture.cart_currency,
        basis=_basis(picture, args, setting),
        body={"offer_id": offer_id},
        result=result,
        write=write,
    )


def _write_offer(
    conn: Connection,
    vault: Vault,
    effect_id: str,
    *,
    row: dict[str, Any],
    code: str,
) -> None:
    conn.execute(
        offers.insert().values(
            **row,
            effect_id=effect_id,
            code_hash=vault.lookup("offer", code),
            code_sealed=vault.seal(row["customer_id"], "offers.code", code.encode()),
        )
    )
    wakeups.schedule(
        conn,
        kind="effect_expiry",
        ref=effect_id,
        due_at=row["expires_at"],
        customer_id=row["customer_id"],
        journey_id=row["journey_id"],
    )


TOOLS = (
    Tool(
        name="get_offer_history",
        kind=ActionKind.READ,
        description="Discount codes this customer was given and used.",
        args=GetOfferHistory,
        answer=_history,
    ),
    Tool(
        name="create_offer",
        kind=ActionKind.OFFER,
        description="Make a single-use percentage code for this cart. Answers an offer_id.",
        args=CreateOffer,
        facts=_facts,
        basis=_basis,
        prepare=_prepare,
        reversibility=Reversibility.COMPENSABLE,
        risk=Risk.MEDIUM,
        cost=Cost.BUDGET,
    ),
)
