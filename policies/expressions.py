"""A checked condition as a tree of typed nodes, which others write down, weigh or prove.

`code` writes it as Python, `truth` weighs it where some facts are not known (Kleene's three values:
true, false, cannot be told). What cannot be told is never taken for false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from policies.facts import Fact

Number: TypeAlias = "Fixed | Read | Sum"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number, a word, or yes or no: written out, or taken from `params`."""

    value: bool | int | str
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """The value of a fact."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Sum:
    """Two numbers, added or taken away."""

    left: Expression
    sign: Literal["+", "-"]
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values of one type, compared."""

    left: Expression
    sign: Literal["==", "!=", "<", "<=", ">", ">="]
    right: Expression


@dataclass(frozen=True, slots=True)
class Within:
    """Whether a value is one of those listed, or is none of them."""

    left: Expression
    values: tuple[bool | int | str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of what is true or false."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Join:
    """All of the parts (`and`), or at least one (`or`)."""

    joint: Literal["and", "or"]
    parts: tuple[Expression, ...]


Expression: TypeAlias = Fixed | Read | Sum | Compare | Within | Not | Join

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def code(node: Expression, of: Mapping[str, str]) -> str:
    """The tree as a Python expression; `of` names the variable that holds each fact."""
    match node:
        case Fixed(value=value):
            return repr(value)
        case Read(fact=fact):
            return of[fact.name]
        case Sum(left=left, sign=sign, right=right) | Compare(left=left, sign=sign, right=right):
            return f"({code(left, of)} {sign} {code(right, of)})"
        case Within(left=left, values=values, negated=negated):
            listed = f"({', '.join(repr(value) for value in values)},)"
            return f"({code(left, of)} {'not in' if negated else 'in'} {listed})"
        case Not(part=part):
            return f"(not {code(part, of)})"
        case Join(joint=joint, parts=parts):
            return f"({f' {joint} '.join(code(part, of) for part in parts)})"


def truth(node: Expression, values: Mapping[str, Any]) -> bool | None:
    """Whether it is true of these facts; None where that hangs on a fact that is not there."""
    match node:
        case Not(part=part):
            inner = truth(part, values)
            return None if inner is None else not inner
        case Join(joint=joint, parts=parts):
            settles = joint == "or"
            told = [truth(part, values) for part in parts]
            if settles in told:
                return settles
            return None if None in told else not settles
        case _:
            value = _value(node, values)
            return None if value is None else bool(value)


def _value(node: Expression, values: Mapping[str, Any]) -> Any:
    """What a node comes to; None where a fact that it reads is not there."""
    match node:
        case Fixed(value=value):
            return value
        case Read(fact=fact):
            return values.get(fact.name)
        case Sum(left=left, sign=sign, right=right):
            one, two = _value(left, values), _value(right, values)
            if one is None or two is None:
                return None
            return one + two if sign == "+" else one - two
        case Compare(left=left, sign=sign, right=right):
            one, two = _value(left, values), _value(right, values)
            return None if one is None or two is None else _COMPARE[sign](one, two)
        case Within(left=left, values=listed, negated=negated):
            one = _value(left, values)
            return None if one is None else (one in listed) is not negated
        case _:
            return truth(node, values)


def nodes(node: Expression) -> Iterator[Expression]:
    """The node and everything under it."""
    yield node
    match node:
        case Sum(left=left, right=right) | Compare(left=left, right=right):
            yield from nodes(left)
            yield from nodes(right)
        case Within(left=part) | Not(part=part):
            yield from nodes(part)
        case Join(parts=parts):
            for part in parts:
                yield from nodes(part)
