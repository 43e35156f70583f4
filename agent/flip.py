"""The flip: the smallest change that would have changed the gate's answer.

Found by search over the compiled pack, from the recorded facts. A change is a *lever*: one thing
about the person, the cart or the offer that could be otherwise, with every fact that hangs on it
(another discount is another margin after it), or one number of a rule (a limit, a cap). How the
question was put (the channel, the kind of message, the hour) is no lever.

A pack compares facts with constants and with each other, so its answer can change only next to one
of those numbers. They are all tried, nearest first: what is found is the nearest there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from policies.facts import FactType
from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import FactValue, Outcome, Verdict
from tools.margin import FULL_BP

#: Facts about the person, the cart and the shop that could be otherwise.
_ROOTS = ("customer.", "cart.", "product.", "cap.", "budget.")
#: Not levers: what says only how the question was put, or hangs on another fact.
_NEVER = frozenset({"customer.zones", "customer.jurisdictions", "customer.orders", "cart.currency"})
_MARGIN, _AFTER = "margin.lowest_bp", "margin.after_discount_bp"
_DISCOUNT, _COST = "action.discount_bp", "action.cost_minor"
_NUMBER = re.compile(r"\d+")
_PARAM = re.compile(r"params\.(\w+)")
#: Nobody offers less than one percent.
LEAST_DISCOUNT_BP = 100
#: Words differ from their neighbours by one; a number by its share of what it was.
_WORD_COST = 1.0

Facts = Mapping[str, FactValue]


@dataclass(frozen=True, slots=True)
class Flip:
    """Were `fact` `value` instead of `old`, the answer would be `outcome`.

    `kind`: `fact`, `param` (a number of the pack) or `cap` (what a cap allows). `cost`: how far
    off.
    """

    kind: str
    fact: str
    old: FactValue
    value: FactValue
    outcome: str
    cost: float


def flips(
    pack: Pack,
    *,
    kind: str,
    facts: Facts,
    overrides: Mapping[str, str],
    fixed: frozenset[str] = frozenset(),
    params: bool = True,
) -> list[Flip]:
    """The nearest change of one fact and of one number of the rules, nearest first; or none.

    `fixed`: facts that stay as they are. `params`: whether the numbers of the pack are tried, each
    of which has its texts read again. Where the call was held back, what would have been
    answered more mildly comes first.
    """
    asked = _Asked(pack, kind, facts, overrides, fixed)
    of_facts = sorted(_of_facts(asked), key=lambda f: (_stricter(f, asked), f.cost, f.fact))
    of_rules = sorted(_of_rules(asked, params), key=lambda f: (_stricter(f, asked), f.cost, f.fact))
    return sorted(
        [*of_facts[:1], *of_rules[:1]], key=lambda f: (_stricter(f, asked), f.cost, f.fact)
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    pack: Pack
    kind: str
    facts: Facts
    overrides: Mapping[str, str]
    fixed: frozenset[str] = frozenset()

    def answer(self, facts: Facts, pack: Pack | None = None) -> Verdict:
        return (pack or self.pack).decide(
            self.kind, facts, call_digest="", overrides=self.overrides
        )

    @property
    def now(self) -> Verdict:
        return self.answer(self.facts)


def _stricter(flip: Flip, asked: _Asked) -> bool:
    """Sorts first: of what was held back, what would have been answered more mildly."""
    now = asked.now.outcome
    return now is not Outcome.ALLOW and Outcome(flip.outcome).rank > now.rank


def with_fact(facts: Facts, name: str, value: FactValue) -> dict[str, FactValue]:
    """The facts were this one otherwise, and with it what hangs on it."""
    changed = {**facts, name: value}
    discount, lowest = _number(changed, _DISCOUNT), _number(changed, _MARGIN)
    if name in (_MARGIN, _DISCOUNT) and _AFTER in facts and None not in (discount, lowest):
        changed[_AFTER] = _after(lowest or 0, discount or 0)
    was, cost = _number(facts, _DISCOUNT), _number(facts, _COST)
    if name == _DISCOUNT and was and cost is not None and discount is not None:
        changed[_COST] = -(-cost * discount // was)
    return changed


def _number(facts: Facts, name: str) -> int | None:
    value = facts.get(name)
    return value if type(value) is int else None


def _after(lowest_bp: int, discount_bp: int) -> int:
    """The margin after a discount of what had this margin before; rounded against the discount."""
    if discount_bp >= FULL_BP:
        return -FULL_BP
    return max(-FULL_BP, FULL_BP - -(-(FULL_BP - lowest_bp) * FULL_BP // (FULL_BP - discount_bp)))


def _of_facts(asked: _Asked) -> Iterable[Flip]:
    now = asked.now.outcome
    for name in sorted(levers(asked.pack, asked.kind, asked.facts) - asked.fixed):
        fact, value = asked.pack.facts[name], asked.facts[name]
        if fact.type is FactType.INT and isinstance(value, int):
            low = LEAST_DISCOUNT_BP if name == _DISCOUNT else int(fact.low)
            tried: Iterable[FactValue] = _numbers(asked, name, low, int(fact.high))
        elif isinstance(value, bool):
            tried = (not value,)
        else:
            tried = (other for other in fact.values if other != value)
        best: dict[str, Flip] = {}
        for other in tried:
            outcome = asked.answer(with_fact(asked.facts, name, other)).outcome
            if outcome is not now and outcome.value not in best:
                cost = _cost(value, other)
                best[outcome.value] = Flip("fact", name, value, other, outcome.value, cost)
        yield from best.values()


def levers(pack: Pack, kind: str, facts: Facts) -> frozenset[str]:
    """The facts of this call that could be otherwise."""
    named = {n for n in pack.needs(kind) & facts.keys() if n.startswith(_ROOTS)} - _NEVER
    if _COST in facts:  # an offer: the discount and the margin are its own
        named |= {_DISCOUNT, _MARGIN} & facts.keys() & pack.needs(kind)
    return frozenset(named)


def _numbers(asked: _Asked, name: str, low: int, high: int) -> list[int]:
    """Every value next to which the answer could change, nearest first."""
    value = asked.facts[name]
    assert isinstance(value, int)
    marks = set(_constants(asked.pack))
    marks |= {v for v in asked.facts.values() if type(v) is int}
    if name in (_MARGIN, _DISCOUNT):
        marks |= _inverted(asked, name, marks)
    around = {mark + step for mark in marks for step in (-1, 0, 1)} | {low, high}
    return sorted(
        (v for v in around if low <= v <= high and v != value), key=lambda v: (abs(v - value), v)
    )


def _inverted(asked: _Asked, name: str, marks: set[int]) -> set[int]:
    """Where the margin after the discount, or what the discount costs, meets one of the numbers."""
    discount, lowest = asked.facts.get(_DISCOUNT), asked.facts.get(_MARGIN)
    cost = asked.facts.get(_COST)
    found: set[int] = set()
    if not isinstance(discount, int) or not isinstance(lowest, int):
        return found
    if name == _DISCOUNT and isinstance(cost, int) and cost > 0:
        found |= {mark * discount // cost for mark in marks}
    for mark in marks:
        if name == _MARGIN:
            found.add(FULL_BP - (FULL_BP - mark) * (FULL_BP - discount) // FULL_BP)
        elif mark < FULL_BP:
            found.add(FULL_BP - -(-(FULL_BP - lowest) * FULL_BP // (FULL_BP - mark)))
    return found


def _constants(pack: Pack) -> Iterable[int]:
    """Every number that stands in the pack."""
    for view in pack.rules:
        yield from (int(n) for n in _NUMBER.findall(view.condition))
    yield from (p for p in pack.params.values() if type(p) is int)


def _cost(old: FactValue, new: FactValue) -> float:
    if isinstance(old, bool) or not isinstance(old, int) or not isinstance(new, int):
        return _WORD_COST
    return abs(new - old) / max(1, abs(old))


# -- numbers of the rules --------------------------------------------------------------------------


def _of_rules(asked: _Asked, params: bool) -> Iterable[Flip]:
    """Limits and caps of the rules that gave this answer, moved just so far that it changes."""
    now = asked.now
    decisive = [f.rule for f in now.fired if f.outcome is now.outcome]
    for cap in asked.pack.caps:
        used = asked.facts.get(cap.fact)
        if cap.id in decisive and isinstance(used, int):
            caps = tuple(replace(c, max=used + 1) if c.id == cap.id else c for c in asked.pack.caps)
            other = Pack(replace(asked.pack.content, caps=caps), file=asked.pack.file)
            outcome = asked.answer(asked.facts, other).outcome
            if outcome is not now.outcome:
                cost = _cost(cap.max, used + 1)
                yield Flip("cap", cap.id, cap.max, used + 1, outcome.value, cost)
    for rule in decisive if params else ():
        view = asked.pack.rule(rule)
        if view is None:
            continue
        for param in dict.fromkeys(_PARAM.findall(view.condition)):
            near = [v for n in view.facts if type(v := asked.facts.get(n)) is int]
            flip = _of_param(asked, param, near)
            if flip is not None:
                yield flip


def _of_param(asked: _Asked, param: str, near: list[int]) -> Flip | None:
    value, now = asked.pack.params.get(param), asked.now.outcome
    if type(value) is not int:
        return None
    tried = {v + step for v in near for step in (-1, 0, 1)} - {value}
    for other in sorted(tried, key=lambda v: (abs(v - value), v)):
        pack = _with_param(asked.pack, param, other)
        outcome = now if pack is None else asked.answer(asked.facts, pack).outcome
        if outcome is not now:
            return Flip("param", param, value, other, outcome.value, _cost(value, other))
    return None


def _with_param(pack: Pack, param: str, value: int) -> Pack | None:
    """The pack of the same texts, were one number of them another, in whichever it stands."""
    *below, top = pack.texts
    library = {text.name: text.text for text in below}
    try:
        return load_pack(top.text, file=top.file, library=library, what_if={param: value})
    except PolicyError:
        return None
