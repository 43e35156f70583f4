"""Figures of a trial, counted on its record, and what repeated trials say together."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Any

from evals.oracle import Oracle
from evals.record import Record
from evals.worlds.shop import Cart

_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Rounded to what can be meant."""
        return {k: round(getattr(self, k), 4) for k in ("value", "low", "high")}


def pass_hat(successes: int, trials: int, k: int) -> float:
    """pass^k: the chance that k of these trials, drawn without putting back, all succeed."""
    return comb(successes, k) / comb(trials, k)


def share(hits: int, of: int) -> Interval:
    """A share with Wilson's interval; nothing of nothing is 0, and could be anything."""
    if of == 0:
        return Interval(0.0, 0.0, 1.0)
    z, p = 1.96, hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def mean(values: Sequence[float]) -> Interval:
    """A mean with a bootstrap interval; the same values give the same interval."""
    if not values:
        return Interval(0.0, 0.0, 0.0)
    rng, n = random.Random(len(values)), len(values)
    means = sorted(sum(rng.choices(values, k=n)) / n for _ in range(_RESAMPLES))
    return Interval(sum(values) / n, means[int(0.025 * _RESAMPLES)], means[int(0.975 * _RESAMPLES)])


def margin_by_person(record: Record, carts: Iterable[Cart]) -> dict[str, int]:
    """What each person's orders of this trial earned: net of tax and discount, less cost.

    Read from the orders in the store; a code is worth what the store says it was made for.
    """
    priced = {a.sku: a for a in record.articles}
    off = {code.code: code.discount_bp for code in record.codes}
    earned = {cart.user_id: 0 for cart in carts}
    for order in record.history:
        if order.name != "Order Completed" or "cart_id" not in order.properties:
            continue
        for line in order.properties["products"]:
            article = priced[line["sku"]]
            discount_bp = off.get(str(order.properties.get("coupon")), 0)
            gross = (article.price_minor or 0) * (10_000 - discount_bp) * line["quantity"]
            net = gross // (10_000 + article.tax_bp)
            earned[order.user] += net - (article.cost_minor or 0) * line["quantity"]
    return earned


def cohort_figures(record: Record, carts: Sequence[Cart]) -> dict[str, Any]:
    """The figures of a cohort. Money in minor units."""
    oracle = Oracle(record)
    violations, over = oracle.violations(), oracle.over_blocked()
    people = sorted({cart.user_id for cart in carts})
    margins = margin_by_person(record, carts)
    reached = sum(1 for j in record.journeys if j.status == "reached")
    sends = [m for m in record.moves if m.tool in ("send_email", "send_sms")]
    refused = [m for m in sends if m.outcome == "deny"]
    annoyed = {e.user for e in record.history if e.name in ("Unsubscribed", "Complaint Received")}
    used = [code for code in record.codes if code.status == "redeemed"]
    return {
        "people": len(people),
        "carts": len(carts),
        "violations": [{"rule": v.rule, "user": v.user, "where": v.where} for v in violations],
        "goal_completion": share(reached, len(record.journeys)).as_json(),
        "margin_a_person": mean([margins[user] for user in people]).as_json(),
        "margins": [margins[user] for user in people],
        "discounts_used_minor": sum(code.cost_minor for code in used),
        "contacts_a_person": round(len(record.letters) / max(1, len(people)), 3),
        "annoyed": share(len(annoyed & set(people)), len(people)).as_json(),
        "over_blocked": {
            "refused": len(refused),
            "without_ground": len(over),
            "by": _counted(",".join(one.refused_by) for one in over),
        },
        **asked_and_cost(record),
    }


def asked_and_cost(record: Record) -> dict[str, Any]:
    """What people were asked, and what planning took."""
    decided = [q for q in record.questions if q.status in ("approved", "edited", "rejected")]
    yes = sum(q.status != "rejected" for q in decided)
    n = max(1, len(record.decisions))
    return {
        "decisions": len(record.decisions),
        "approvals": {
            "asked": len(record.questions),
            "answered": len(decided),
            "precision": share(yes, len(decided)).as_json(),
        },
        "steps_a_decision": round(len(record.moves) / n, 3),
        "mishaps": sum(len(d.mishaps) for d in record.decisions),
        "cost": {
            "llm_calls": sum(d.llm_calls for d in record.decisions),
            "prompt_tokens": sum(d.prompt_tokens for d in record.decisions),
            "completion_tokens": sum(d.completion_tokens for d in record.decisions),
            "minor": sum(d.cost_minor for d in record.decisions),
        },
        "faults": list(record.loose),
    }


def lift(of: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, float]:
    """The difference in margin a person, person by person: both met the same people."""
    pairs = zip(of["margins"], over["margins"], strict=True)
    return mean([float(a - b) for a, b in pairs]).as_json()


def _counted(words: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items()))
