"""Pictures without a database: one ordinary customer with one ordinary cart, and what may differ.

Everything else is the shipped one: agents, messages, brand, the commerce pack.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from agent.documents import shipped_packs
from customers.profile import Profile, Trait
from evals.flat_pack import flat_commerce
from policies.pack import Pack, load_pack
from prompts.agents import Autonomy
from prompts.library import Library
from tools.cart import CartLine
from tools.gate import Decided, Proposed, decide
from tools.instants import DAY_US, HOUR_US, instant
from tools.picture import CHANNELS, PURPOSES, Offer, PastContact, Picture
from tools.registry import TOOLS
from tools.tool import Setting

#: 2026-01-05T10:00:00Z, a Monday: eleven in the morning in Berlin.
NOW = 1_767_607_200_000_000
LAMP = CartLine(
    sku="lamp",
    name="Desk lamp Alba",
    quantity=1,
    price_minor=11_900,
    cost_minor=4_000,
    currency="EUR",
    tax_bp=1_900,
    free_stock=5,
    fetched_at=NOW - HOUR_US,
)
OFFER = Offer(
    id="off_1",
    journey_id="jrn_1",
    discount_bp=1_000,
    cost_minor=1_190,
    currency="EUR",
    code="ALBA234567",
    created_at=NOW - HOUR_US,
    expires_at=NOW + 3 * DAY_US,
    status="issued",
)


@cache
def library() -> Library:
    """The shipped files, as the service reads them."""
    return Library.read(tools=TOOLS)


@cache
def pack(*changes: tuple[str, str]) -> Pack:
    """The shipped commerce pack, with passages of it changed."""
    return load_pack(pack_text(*changes), file="commerce.yaml", library=shipped_packs())


def pack_text(*changes: tuple[str, str]) -> str:
    """The text of the shipped pack with passages of it changed, which must be there."""
    text = flat_commerce()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def a_profile(**traits: Any) -> Profile:
    """Somebody in Berlin who reads English and has never ordered."""
    stated = {"timezone": "Europe/Berlin", "locale": "en", "firstName": "Ada", **traits}
    kept = {k: Trait(v, NOW - DAY_US, "identify") for k, v in stated.items() if v is not None}
    return Profile(traits=kept)


def a_picture(**changes: Any) -> Picture:
    """A customer who may be written to, with one lamp in the cart."""
    lines = changes.get("lines", (LAMP,))
    plain = Picture(
        customer_id="cus_1",
        now_us=NOW,
        profile=a_profile(),
        addresses={"email": "ada@customer.example", "sms": "+4917612345678"},
        consents={(c, p): "granted" for c in CHANNELS for p in PURPOSES},
        suppressed={(c, p): False for c in CHANNELS for p in PURPOSES},
        zones=("Europe/Berlin",),
        zone_is_known=True,
        contacts=(),
        complaint_open=False,
        open_tickets=0,
        lines=lines,
        cart_value_minor=sum((x.price_minor or 0) * (x.quantity or 0) for x in lines),
        cart_currency="EUR",
        offers=(),
        budgets={"discounts": 500_000},
    )
    return replace(plain, **changes)


def a_setting(*, autonomy: str = "supervised", **changes: Any) -> Setting:
    """The shipping agent `shopping` pursuing `recover_cart` under the shipped pack."""
    agent = library().agents["shopping"].model_copy(update={"autonomy": Autonomy(autonomy)})
    plain = Setting(
        agent=agent,
        library=library(),
        pack=pack(),
        goal="recover_cart",
        journey_id="jrn_1",
        decision_id="dec_1",
        context={},
        mode="sandbox",
        sender={"email": "hello@haus-alba.example", "sms": "HausAlba"},
        public_url="https://shop.haus-alba.example",
        fresh_code=lambda: "ALBA765432",
        unsubscribe_token=lambda effect_id: f"{effect_id}.{'0' * 32}",
    )
    return replace(plain, **changes)


def a_contact(hours_ago: float, **changes: Any) -> PastContact:
    """A marketing e-mail that reached the customer so many hours ago (or will: negative)."""
    plain = PastContact(
        effect_id=f"eff_{hours_ago}",
        channel="email",
        message_class="marketing",
        purpose="marketing",
        at=NOW - int(hours_ago * HOUR_US),
        journey_id="jrn_9",
        status="sent",
    )
    return replace(plain, **changes)


def sending(
    message: str = "cart_reminder", *, hours: float = 48, now_us: int = NOW, **more: Any
) -> dict[str, Any]:
    """Arguments of a send tool, of use for so many hours."""
    until = instant(now_us + int(hours * HOUR_US)).isoformat()
    return {"message": message, "slots": {}, "useful_until": until, **more}


def a_call(tool: str, args: dict[str, Any], **more: Any) -> Proposed:
    """A call as a planner proposes it."""
    return Proposed(**{"id": "call_1", "tool": tool, "args": args, "confidence_bp": 8_000, **more})


def decided(
    tool: str,
    args: dict[str, Any],
    picture: Picture | None = None,
    setting: Setting | None = None,
    **more: Any,
) -> Decided:
    """What the gate says to a call."""
    return decide(picture or a_picture(), a_call(tool, args, **more), setting or a_setting())


def rules_of(answer: Decided) -> dict[str, str]:
    """Every rule that fired, with what it alone asks for."""
    return {fired.rule: fired.outcome.value for fired in answer.verdict.fired}


def denials(answer: Decided) -> set[str]:
    """The rules that said no."""
    return {rule for rule, outcome in rules_of(answer).items() if outcome == "deny"}
