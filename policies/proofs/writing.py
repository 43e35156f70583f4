"""A condition's tree as a term over the unknowns of a space: the same meaning as its code."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from policies.expressions import Compare, Expression, Fixed, Join, Not, Read, Sum, Within
from policies.facts import FactType
from policies.proofs.logic import Term
from policies.proofs.space import Space

_SIGNS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def written(node: Expression, space: Space) -> Term:
    """What is true of a case where the condition is."""
    logic = space.logic
    match node:
        case Fixed(value=value):
            return logic.truth(bool(value))
        case Read(fact=fact):
            return space.of(fact).term
        case Not(part=part):
            return logic.negated(written(part, space))
        case Join(joint=joint, parts=parts):
            terms = [written(part, space) for part in parts]
            return logic.all(terms) if joint == "and" else logic.any(terms)
        case Within(left=left, values=values, negated=negated):
            same = logic.any(_same(left, Fixed(value), space) for value in values)
            return logic.negated(same) if negated else same
        case Compare(left=left, sign=sign, right=right):
            if sign == "==":
                return _same(left, right, space)
            if sign == "!=":
                return logic.negated(_same(left, right, space))
            return _SIGNS[sign](_number(left, space), _number(right, space))
    raise TypeError(f"a condition holds no {type(node).__name__}")


def _same(left: Expression, right: Expression, space: Space) -> Term:
    one, two = _words(left, space), _words(right, space)
    if one is not None and two is not None:
        logic = space.logic
        return logic.any(logic.all([one[word], two[word]]) for word in one if word in two)
    if _is_number(left):
        return _number(left, space) == _number(right, space)
    return written(left, space) == written(right, space)


def _words(node: Expression, space: Space) -> Mapping[str, Term] | None:
    match node:
        case Fixed(value=str() as word):
            return {word: space.logic.yes}
        case Read(fact=fact) if fact.type is FactType.ENUM:
            return space.of(fact).words
    return None


def _is_number(node: Expression) -> bool:
    match node:
        case Fixed(value=value):
            return type(value) is int
        case Read(fact=fact):
            return fact.type in (FactType.INT, FactType.INSTANT)
    return isinstance(node, Sum)


def _number(node: Expression, space: Space) -> Term:
    match node:
        case Fixed(value=value):
            return space.logic.number(int(value))
        case Read(fact=fact):
            return space.of(fact).term
        case Sum(left=left, sign=sign, right=right):
            one, two = _number(left, space), _number(right, space)
            return one + two if sign == "+" else one - two
    raise TypeError(f"{type(node).__name__} is no number")
