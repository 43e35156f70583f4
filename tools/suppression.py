"""`suppress_customer`: stop contacting somebody, and what is queued for them, in the same unit.

Nothing a planner says can lift a suppression.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import Field, model_validator
from sqlalchemy import Connection

from customers import suppression
from customers.stopping import stop_queued
from store.ids import new_id
from store.sealing import Vault
from tools.instants import DAY_US
from tools.picture import Picture
from tools.tool import ActionKind, Args, Prepared, Reversibility, Risk, Setting, Tool


class SuppressCustomer(Args):
    """`all`: no contact at all. `purpose`: no marketing. `address`: nothing on that channel."""

    scope: Literal["all", "purpose", "address"]
    channel: Literal["email", "sms"] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=300)]

    @model_validator(mode="after")
    def _names_its_channel(self) -> SuppressCustomer:
        if self.scope == "address" and self.channel is None:
            raise ValueError("scope 'address' needs the channel")
        if self.scope == "all" and self.channel is not None:
            raise ValueError("scope 'all' is every channel; leave the channel out or use 'address'")
        return self


def _prepare(
    picture: Picture, args: SuppressCustomer, setting: Setting, effect_id: str
) -> Prepared:
    suppression_id = new_id("sup")
    return Prepared(
        kind=ActionKind.SUPPRESSION.value,
        channel="none",
        expires_at=picture.now_us + DAY_US,
        body={
            "scope": args.scope,
            "channel": args.channel,
            "reason": args.reason,
            "suppression_id": suppression_id,
        },
        result={"scope": args.scope, "channel": args.channel},
        write=partial(
            _write,
            customer_id=picture.customer_id,
            args=args,
            suppression_id=suppression_id,
            by=setting.agent.name,
            now_us=picture.now_us,
        ),
    )


def _write(
    conn: Connection,
    vault: Vault,
    effect_id: str,
    *,
    customer_id: str,
    args: SuppressCustomer,
    suppression_id: str,
    by: str,
    now_us: int,
) -> None:
    suppression.suppress(
        conn,
        vault,
        suppression_id=suppression_id,
        customer_id=customer_id,
        scope=args.scope,
        channel=args.channel,
        reason=args.reason,
        by=f"agent:{by}",
        now_us=now_us,
    )
    stop_queued(
        conn,
        customer_id,
        channel=args.channel,
        purpose=suppression.MARKETING if args.scope == "purpose" else None,
        reason="an agent stopped contact with this person",
        now_us=now_us,
    )


TOOLS = (
    Tool(
        name="suppress_customer",
        kind=ActionKind.SUPPRESSION,
        description="Stop contacting this customer: altogether, for marketing, or on one channel.",
        args=SuppressCustomer,
        prepare=_prepare,
        reversibility=Reversibility.REVERSIBLE,
        risk=Risk.LOW,
    ),
)
