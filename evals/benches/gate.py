"""`gate`: one full decision of the commerce pack, with reasons, facts and obligations; and how many
recorded decisions a second are decided again under a draft.

Deciding again is measured apart from what comes before it, opening the sealed journal.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from agent.documents import shipped_packs
from agent.shadow import Recorded, shadow
from agent.shadow_counting import Ledger
from agent.shadow_reading import recorded
from evals.flat_pack import flat_commerce
from policies.facts import KINDS
from policies.pack import Pack, load_pack
from policies.proofs.check import examine
from store.database import Database
from store.journal import LABEL

NAME = "gate"
WHAT = (
    "a full decision with reasons; DESIGN asks for a median of at most 10 us at 30 rules, and for "
    "250,000 recorded decisions a second under a draft, `policy check` of 200 rules in at most 5 s"
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

_READ: dict[str, Any] = {"action.tool_listed": True, "agent.autonomy": "supervised"}


def run(*, rounds: int = _ROUNDS, proved: int = _RULES) -> dict[str, Any]:
    """Microseconds of thread CPU a decision: median and 99th percentile; seconds a check."""
    text = flat_commerce()
    pack = load_pack(text, file="commerce.yaml", library=shipped_packs())
    night = {**_CONTACT, "now_us": _CONTACT["now_us"] + 10 * 3_600_000_000}
    outcome = pack.decide("contact", _CONTACT, call_digest="bench").outcome.value
    return {
        "rules": len(pack.rules),
        "outcome": outcome,
        "contact_us": _measure(pack, _CONTACT, rounds),
        "contact_in_quiet_hours_us": _measure(pack, night, rounds),
        "shadow_replay_decisions_s": _shadow(pack, text, 5 * rounds, reads=4),
        "shadow_replay_contacts_s": _shadow(pack, text, 5 * rounds),
        "journal_entries_opened_s": _opening(pack, rounds),
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


def _shadow(pack: Pack, text: str, looks: int, *, reads: int = 0) -> int:
    """Recorded decisions of the gate a second of thread CPU, under a draft with a tighter cap.

    Every contact is somebody's own at an hour of its own, so that nothing can be remembered.
    `reads`: how many reads stand before each contact, as in a cart's recovery.
    """
    changed = text.replace("max: 3, window", "max: 2, window").replace("version: 1", "version: 2")
    draft = load_pack(changed, file="draft.yaml")
    past = [_look(pack, n, contact=n % (reads + 1) == reads) for n in range(looks)]
    begun = time.thread_time()
    counting = Ledger(draft, {pack.sha256: pack}, {}, past)
    found = shadow(past, draft, counting=counting)
    spent = time.thread_time() - begun
    if not found.otherwise:
        raise AssertionError("the draft changed nothing, so nothing was measured")
    return round(looks / spent)


def _look(pack: Pack, n: int, *, contact: bool) -> Recorded:
    at = _CONTACT["now_us"] + (n % 480) * 60_000_000
    facts = {**_CONTACT, "now_us": at, "cap.weekly.used": 2 if n % 50 == 49 else n % 2}
    body = _body(pack, facts if contact else _READ, n, "contact" if contact else "read")
    return recorded(body, f"dec_{n}", f"cus_{n}", at)


def _body(pack: Pack, facts: dict[str, Any], n: int, kind: str) -> dict[str, Any]:
    """What the journal holds of one call."""
    verdict = pack.decide(kind, facts, call_digest="bench")
    return {
        "call": {"id": "c1", "tool": "send_email", "args": {"message": "cart_reminder"}},
        "action_kind": kind,
        "overrides": {},
        "facts": {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items()},
        "verdict": verdict.as_json(),
        "result": None,
        "effect_id": f"eff_{n}" if kind == "contact" else None,
    }


def _opening(pack: Pack, rounds: int) -> int:
    """Sealed entries of one contact each, unsealed and read, a second of thread CPU."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(Path(folder))
        try:
            seal, body = db.vault.seal_json, _body(pack, _CONTACT, 0, "contact")
            for n in range(100):
                db.vault.ensure(f"cus_{n}")
            sealed = [seal(f"cus_{n % 100}", LABEL, body) for n in range(min(rounds, 2_000))]
            begun = time.thread_time()
            for n, blob in enumerate(sealed):
                recorded(db.vault.open_json(LABEL, blob), f"dec_{n}", f"cus_{n}", 0)
            return round(len(sealed) / (time.thread_time() - begun))
        finally:
            db.close()
