"""The flip: the smallest change of one fact that would have changed the gate's answer.

Found by search over the compiled pack, from the recorded facts: every other value of a yes-or-no or a
list, the nearest number on either side. One fact at a time, the rest as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.facts import FactType
from policies.pack import Pack
from policies.verdict import FactValue

#: Facts that cannot be otherwise, or that say only how the question was put.
_FIXED = frozenset({"now_us", "customer.zones", "action.tool_listed", "cart.currency"})


@dataclass(frozen=True, slots=True)
class Flip:
    """Were `fact` `value`, the answer would be `outcome`. `cost`: how far that is, 0 to 1."""

    fact: str
    value: FactValue
    outcome: str
    cost: float


def flips(
    pack: Pack,
    *,
    kind: str,
    facts: Mapping[str, FactValue],
    overrides: Mapping[str, str],
    most: int = 3,
) -> list[Flip]:
    """The nearest changes of one fact that give another answer, nearest first."""

    def answer(changed: Mapping[str, FactValue]) -> str:
        return pack.decide(kind, changed, call_digest="", overrides=overrides).outcome.value

    now = answer(facts)
    found: list[Flip] = []
    for name in sorted(pack.needs(kind) - _FIXED):
        if name not in facts:
            continue
        fact, value = pack.facts[name], facts[name]
        if fact.type is FactType.INT and isinstance(value, int):
            low, high = int(fact.low), int(fact.high)
            for bound in (low, high):
                near = _nearest(lambda v, n=name: answer({**facts, n: v}), value, bound, now)
                if near is not None:
                    reach = max(1, abs(value), 1)
                    found.append(
                        Flip(name, near, answer({**facts, name: near}), abs(near - value) / reach)
                    )
        else:
            others: tuple[Any, ...] = (not value,) if isinstance(value, bool) else fact.values
            for other in others:
                if other != value and (changed := answer({**facts, name: other})) != now:
                    found.append(Flip(name, other, changed, 1.0))
    found.sort(key=lambda f: (f.cost, f.fact, str(f.value)))
    return found[:most]


def _nearest(answer: Any, start: int, bound: int, now: str) -> int | None:
    """The value nearest to `start` towards `bound` with another answer; None where there is none."""
    if start == bound or answer(bound) == now:
        return None
    same, other = start, bound
    while abs(other - same) > 1:
        middle = (same + other) // 2
        same, other = (middle, other) if answer(middle) == now else (same, middle)
    return other
