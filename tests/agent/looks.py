"""Recorded looks of the test's own: a pack decides, and what it said is what was recorded."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any

from agent.documents import shipped_packs
from agent.shadow import Recorded, Shadowed, Spoke
from agent.shadow_counting import Held
from evals.flat_pack import flat_commerce
from policies.pack import Pack, load_pack
from tools.picture import PastContact

TEXT = flat_commerce()
PACK = load_pack(TEXT, file="commerce.yaml", library=shipped_packs())
NOON = 1_772_539_200_000_000
HOUR = 3_600_000_000
DAY = 24 * HOUR
CONTACT: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "action.channel": "email",
    "action.class": "marketing",
    "action.purpose": "marketing",
    "action.has_offer": False,
    "action.names_discount": False,
    "action.discount_bp": 0,
    "action.offer_valid": True,
    "action.useful_minutes": 2_880,
    "customer.suppressed": False,
    "customer.consent": "granted",
    "customer.address_known": True,
    "customer.zones": ("Etc/UTC",),
    "now_us": NOON,
    "customer.open_complaint": False,
    "customer.orders": 3,
    "customer.minutes_since_purchase": 100_000,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cap.weekly.used": 0,
    "cap.daily_channel.used": 0,
}
OFFER: dict[str, Any] = {
    "action.tool_listed": True,
    "agent.autonomy": "supervised",
    "action.discount_bp": 1_000,
    "action.cost_minor": 1_200,
    "customer.suppressed": False,
    "customer.open_complaint": False,
    "customer.orders": 3,
    "customer.minutes_since_purchase": 100_000,
    "customer.segment": "gold",
    "customer.days_since_last_code": 36_500,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cart.priced": True,
    "margin.lowest_bp": 5_000,
    "margin.after_discount_bp": 4_444,
    "product.age_minutes": 10,
    "budget.discounts.left_minor": 500_000,
}
_N = count(1)


@cache
def draft(*changes: tuple[str, str]) -> Pack:
    """The shipped pack with other words in it, as version 2."""
    text = TEXT.replace("version: 1", "version: 2")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return load_pack(text, file="draft.yaml")


def look(
    kind: str = "contact",
    *,
    pack: Pack = PACK,
    who: str = "cus_ada",
    decision: str | None = None,
    call: str = "send",
    effect: str | None = None,
    overrides: dict[str, str] | None = None,
    shadowed: bool = False,
    stopped: bool = False,
    without: tuple[str, ...] = (),
    **facts: Any,
) -> Recorded:
    """One look; facts by name with `__` for the dot, as `cap__weekly__used=3`."""
    decision = decision or f"dec_{next(_N):06d}"
    given = {**(CONTACT if kind == "contact" else OFFER)}
    given |= {name.replace("__", "."): value for name, value in facts.items()}
    given = {name: value for name, value in given.items() if name not in without}
    verdict = pack.decide(kind, given, call_digest="", overrides=overrides or {})
    needed = pack.needs(kind)
    return Recorded(
        decision_id=decision,
        customer_id=who,
        at=given.get("now_us", NOON),
        call=f"{decision}:{call}",
        kind=kind,
        facts={name: value for name, value in given.items() if name in needed},
        overrides=overrides or {},
        outcome=verdict.outcome,
        owed=verdict.obligations,
        fired=tuple(Spoke(f.rule, f.because, f.kind, f.outcome) for f in verdict.fired),
        pack=pack.sha256,
        engine=verdict.engine,
        effect_id=effect,
        shadowed=shadowed,
        stopped=stopped,
    )


def held(effect: str, at: int, *, until: int | None = None, channel: str = "email") -> Held:
    """A marketing contact of the ledger that reached somebody at once."""
    contact = PastContact(effect, channel, "marketing", "marketing", at, "jrn_1", "sent")
    return Held(contact, at, until)


def sent(n: int, *, who: str = "cus_ada", day: int = 0, used: int = 0) -> tuple[Recorded, Held]:
    """The n-th contact of a person, sent at noon of a day, and its row in the ledger."""
    at = NOON + day * DAY
    one = look(who=who, effect=f"eff_{who}_{n}", now_us=at, cap__weekly__used=used)
    return one, held(f"eff_{who}_{n}", at)


def outcomes(shadowed: Shadowed) -> list[str]:
    """The answer to every call, in the order of its first look; as recorded where it is the sa"""
    said = {look.call: look.outcome.value for look in shadowed.looks}
    for again in shadowed.otherwise:
        said[again.call.call] = again.answer[0].value if again.answer else "unknown"
    return list(said.values())
