"""A signature over a budget: the month's budget is raised by what the signed call lacks, and by no
more than the person who signed was shown (P2, P9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from policies.pack import Pack
from policies.verdict import FiredKind, Outcome
from store import extensions
from store.extensions import Extension
from tools import budgets


def lacks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Which budgets a question is over, and by how much as it was asked; [] where it is over none.

    `body` is what the question disclosed.
    """
    found = []
    for fired in body.get("fired", []):
        if (fired["kind"], fired["outcome"]) != (FiredKind.BUDGET, Outcome.APPROVAL):
            continue
        amounts = {name: value for name, value in fired["facts"].items() if type(value) is int}
        left = amounts.pop(f"budget.{fired['rule']}.left_minor", None)
        charge = next(iter(amounts.values()), None)
        if left is not None and charge is not None:
            found.append({"budget": fired["rule"], "amount_minor": charge - left})
    return found


def raise_budgets(
    conn: Connection,
    pack: Pack,
    body: Mapping[str, Any],
    *,
    approval_id: str,
    by: str,
    now_us: int,
) -> Sequence[dict[str, Any]]:
    """Write down what this signature adds to each budget. Under another pack than was shown it adds
    nothing: the call will be decided anew."""
    if body.get("policy_sha256") != pack.sha256:
        return []
    shown = {over["budget"]: over["amount_minor"] for over in lacks(body)}
    left = budgets.left(conn, pack, now_us) if shown else {}
    raised = []
    for budget in pack.budgets:
        charge = body["facts"].get(budget.charges)
        if budget.id not in shown or not budget.signed or type(charge) is not int:
            continue
        amount = min(shown[budget.id], charge - left[budget.id])
        if amount <= 0:
            continue
        key = budgets.key_of(budget, now_us)
        extensions.extend(
            conn, Extension(approval_id, key, amount, pack.currency, by=by, at=now_us)
        )
        raised.append({"budget": budget.id, "amount_minor": amount})
    return raised
