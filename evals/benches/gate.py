"""`gate`: one full decision of the commerce pack, with reasons, facts and obligations."""

from __future__ import annotations

import time
from random import Random
from statistics import median, quantiles
from typing import Any

from agent.documents import SHIPPED_POLICIES
from policies.facts import KINDS
from policies.pack import load_pack
from policies.proofs.check import examine

NAME = "gate"
WHAT = (
    "a full decision with reasons; DESIGN asks for a median of at most 10 us at 30 rules, and for "
    "`policy check` of 200 rules in at most 5 s"
)
_ROUNDS = 20_000
_RULES = 200
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


def run(*, rounds: int = _ROUNDS, proved: int = _RULES) -> dict[str, Any]:
    """Microseconds of thread CPU a decision: median and 99th percentile; seconds a check."""
    text = (SHIPPED_POLICIES / "commerce.yaml").read_text(encoding="utf-8")
    pack = load_pack(text, file="commerce.yaml")
    night = {**_CONTACT, "now_us": _CONTACT["now_us"] + 10 * 3_600_000_000}
    outcome = pack.decide("contact", _CONTACT, call_digest="bench").outcome.value
    return {
        "rules": len(pack.rules),
        "outcome": outcome,
        "contact_us": _measure(pack, _CONTACT, rounds),
        "contact_in_quiet_hours_us": _measure(pack, night, rounds),
        "policy_check": _check(proved),
    }


def many(rules: int) -> str:
    """A pack of this many rules of four shapes, each asked of every kind of call."""
    chance = Random(rules)
    lines = ["policy: many", "version: 1", "currency: EUR", "facts:"]
    lines += ["  agent.autonomy: {enum: [assisted, supervised, autonomous]}"]
    lines += [f"  number.n{n}: {{int: [0, 10000]}}" for n in range(20)]
    lines += [f"  truth.n{n}: bool" for n in range(10)]
    lines += [f"  word.n{n}: {{enum: [a, b, c, d]}}" for n in range(6)]
    lines += ["hard:"]
    for n in range(rules):
        one, two, word = chance.randrange(20), chance.randrange(20), chance.randrange(6)
        limit, other = chance.randrange(5_000, 9_999), chance.randrange(10)
        condition = (
            f"number.n{one} > {limit} and truth.n{n % 10}",
            f'word.n{word} == "{chance.choice("abcd")}" and number.n{one} < {limit // 20}',
            f"number.n{one} + number.n{two} > {limit + 7_000}",
            f'truth.n{other} and word.n{word} in ("a", "b") and number.n{one} >= {limit}',
        )[chance.randrange(4)]
        lines += [f"  - {{id: H{n}, never_when: '{condition}', because: So it is}}"]
    lines += ["tables:", "  - id: matrix", f"    on: [{', '.join(KINDS)}]", "    outcome: gate"]
    lines += ["    because: So it is", "    table: |", "      | row | agent.autonomy || gate |"]
    lines += ["      | a | assisted || approval |", "      | b | supervised, autonomous || allow |"]
    return "\n".join(lines) + "\n"


def _check(rules: int) -> dict[str, Any]:
    pack = load_pack(many(rules), file="many.yaml")
    begun, clock = time.process_time(), time.perf_counter()
    report = examine(pack)
    return {
        "rules": rules,
        "cpu_s": round(time.process_time() - begun, 2),
        "seconds": round(time.perf_counter() - clock, 2),
        "questions": report.questions,
        "findings": len(report.findings),
        "finished": report.finished,
    }


def _measure(pack: Any, facts: dict[str, Any], rounds: int) -> dict[str, float]:
    times: list[float] = []
    for _ in range(rounds):
        begun = time.thread_time_ns()
        pack.decide("contact", facts, call_digest="bench")
        times.append((time.thread_time_ns() - begun) / 1_000)
    return {"p50": round(median(times), 1), "p99": round(quantiles(times, n=100)[98], 1)}
