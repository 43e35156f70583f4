"""`gate`: one full decision of the commerce pack, with reasons, facts and obligations."""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import Any

from agent.documents import SHIPPED_POLICIES
from policies.pack import load_pack

NAME = "gate"
WHAT = "a full decision with reasons; DESIGN asks for a median of at most 10 us at 30 rules"
_ROUNDS = 20_000
_CONTACT: dict[str, Any] = {
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
    "customer.zones": ("Europe/Berlin",),
    "now_us": 1_772_539_200_000_000,
    "customer.open_complaint": False,
    "customer.orders": 3,
    "customer.minutes_since_purchase": 100_000,
    "cart.in_stock": True,
    "cart.currency": "EUR",
    "cap.weekly.used": 1,
    "cap.daily_channel.used": 0,
}


def run(*, rounds: int = _ROUNDS) -> dict[str, Any]:
    """Microseconds of thread CPU a decision: median and 99th percentile."""
    text = (SHIPPED_POLICIES / "commerce.yaml").read_text(encoding="utf-8")
    pack = load_pack(text, file="commerce.yaml")
    night = {**_CONTACT, "now_us": _CONTACT["now_us"] + 10 * 3_600_000_000}
    outcome = pack.decide("contact", _CONTACT, call_digest="bench").outcome.value
    return {
        "rules": len(pack.rules),
        "outcome": outcome,
        "contact_us": _measure(pack, _CONTACT, rounds),
        "contact_in_quiet_hours_us": _measure(pack, night, rounds),
    }


def _measure(pack: Any, facts: dict[str, Any], rounds: int) -> dict[str, float]:
    times: list[float] = []
    for _ in range(rounds):
        begun = time.thread_time_ns()
        pack.decide("contact", facts, call_digest="bench")
        times.append((time.thread_time_ns() - begun) / 1_000)
    return {"p50": round(median(times), 1), "p99": round(quantiles(times, n=100)[98], 1)}
