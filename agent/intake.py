"""The intake: what comes in from outside is checked, written to the inbox, and only then answered.

A time that lies ahead of ours is taken as now: nothing has happened in the future. Whoever a
message names must be somebody; a message that names nobody is refused, never parked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.accepting import Accepted, Incoming, accept
from agent.errors import BadRequest, Invalid
from agent.lane_unit import Ground
from agent.messages import Message, TriggerRequest
from agent.plain import unplain
from customers.identifiers import identifiers_of
from customers.zones import known_zone
from store.clock import Clock
from store.database import Database
from store.ids import new_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MOST_ITEMS = 1_000


class Intake:
    """Accepts messages and triggers. `ring` is called once something new is durable."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def take(self, source: str, messages: Sequence[Message]) -> list[Accepted]:
        """Accept Segment messages, all or none. Raises `BadRequest` for one that names nobody."""
        now_us = self._clock.now_us()
        incoming = [self._incoming(k, message, now_us) for k, message in enumerate(messages)]
        return await self._db.write(accept, self._db.vault, source, incoming, now_us=now_us)

    async def take_trigger(
        self, source: str, request: TriggerRequest, *, event_id: str, ground: Ground, currency: str
    ) -> Accepted:
        """Accept a trigger. Raises `Invalid` for a goal nobody pursues or a foreign currency."""
        if request.goal not in ground.agents:
            known = ", ".join(sorted(ground.agents))
            raise Invalid(f"no agent pursues the goal '{request.goal}'; there are: {known}")
        problem = unplain(request.context, where="context")
        if problem is not None:
            raise BadRequest(problem)
        _check_cart(request.context, currency)
        now_us = self._clock.now_us()
        key = request.idempotencyKey
        incoming = Incoming(
            event_id=event_id,
            kind="trigger",
            message_id=None if key is None else f"trigger:{key}",
            body=_trigger_body(request, now_us),
            urgent=True,
        )
        if not identifiers_of(incoming.body):
            raise BadRequest("the customer's identifiers are not usable: empty, junk or malformed")
        taken = await self._db.write(accept, self._db.vault, source, [incoming], now_us=now_us)
        return taken[0]

    def _incoming(self, index: int, message: Message, now_us: int) -> Incoming:
        where = f"message {index} ({message.type})"
        for field, value in message:
            problem = unplain(value, where=field)
            if problem is not None:
                raise BadRequest(f"{where}: {problem}")
        body = message.model_dump(mode="json", exclude_none=True)
        stated = message.occurred_at
        at = now_us if stated is None else (stated - _EPOCH) // _MICROSECOND
        body["occurred_at_us"] = min(max(1, at), now_us)
        if not identifiers_of(body):
            raise BadRequest(
                f"{where} names nobody: give userId or anonymousId (or an e-mail or phone trait); "
                "values such as 'undefined' or 'anonymous' count as none"
            )
        _check_zone(body, where)
        context = body.get("context")
        historical = isinstance(context, Mapping) and context.get("historical") is True
        return Incoming(
            event_id=new_id("evt"),
            kind=message.type,
            message_id=message.messageId,
            body=body,
            historical=historical,
        )


def _trigger_body(request: TriggerRequest, now_us: int) -> dict[str, Any]:
    who = request.customer.model_dump(exclude_none=True)
    traits = {key: who.pop(key) for key in ("email", "phone") if key in who}
    context: dict[str, Any] = {"traits": traits} if traits else {}
    if "timezone" in request.context:
        context["timezone"] = request.context["timezone"]
    return {
        "type": "trigger",
        "goal": request.goal,
        "properties": dict(request.context),
        "context": context,
        "occurred_at_us": now_us,
        **who,
    }


def _check_zone(body: Mapping[str, Any], where: str) -> None:
    context = body.get("context") or {}
    inner = context.get("traits")
    stated = {
        "context.timezone": context.get("timezone"),
        "context.traits.timezone": inner.get("timezone") if isinstance(inner, Mapping) else None,
        "traits.timezone": (body.get("traits") or {}).get("timezone"),
    }
    for field, zone in stated.items():
        if zone is not None and known_zone(zone) is None:
            raise BadRequest(
                f"{where}: {field} is not the name of an IANA time zone such as Europe/Berlin"
            )


def _check_cart(context: Mapping[str, Any], currency: str) -> None:
    cart = context.get("cart")
    if cart is None:
        return
    if not isinstance(cart, Mapping):
        raise Invalid("context.cart must be an object: {id, value_minor, currency, items}")
    stated = cart.get("currency")
    if stated is not None and stated != currency:
        raise Invalid(
            f"context.cart.currency is not {currency}, the currency of the policy pack in force; "
            "nothing is converted"
        )
    if not isinstance(cart.get("id", ""), (str, int)):
        raise Invalid("context.cart.id must be a text or a whole number")
    items = cart.get("items", [])
    if not isinstance(items, list) or not all(
        isinstance(i, Mapping) and i.get("sku") and isinstance(i["sku"], (str, int)) for i in items
    ):
        raise Invalid("context.cart.items must be a list of {sku, quantity, price_minor?}")
    if len(items) > MOST_ITEMS:
        raise Invalid(f"context.cart.items: no cart holds more than {MOST_ITEMS} lines")
    for item in items:
        for field, least in (("quantity", 1), ("price_minor", 0)):
            value = item.get(field)
            if value is not None and (type(value) is not int or not least <= value <= 10**12):
                raise Invalid(f"context.cart.items: {field} must be a whole number from {least}")
    value = cart.get("value_minor")
    if value is not None and (type(value) is not int or not 0 <= value <= 10**12):
        raise Invalid("context.cart.value_minor must be a whole number of minor units")
