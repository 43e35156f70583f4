"""Comparisons as data, `{fact, op, value}`: read aloud with ease, and nothing that could be run.

A fact that is not there makes every comparison false, `is_not` too: a condition holds only on
what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from prompts.source import Strict

Value = bool | int | str | list[str] | list[int]


class Op(StrEnum):
    """How a fact is compared with a value."""

    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    IN = "in"
    NOT_IN = "not_in"


class Condition(Strict):
    """One comparison. `fact` is a name, dotted where it lies inside another value."""

    fact: str = Field(min_length=1, max_length=120)
    op: Op = Field(strict=False)
    value: Value

    @model_validator(mode="after")
    def _fits(self) -> Condition:
        listed = isinstance(self.value, list)
        if self.op in (Op.IN, Op.NOT_IN) and not listed:
            raise ValueError(f"'{self.op}' needs a list, such as [gold, platinum]")
        if self.op not in (Op.IN, Op.NOT_IN) and listed:
            raise ValueError(f"'{self.op}' needs one value; for a list use 'in' or 'not_in'")
        if self.op in _ORDER and type(self.value) is not int:
            raise ValueError(f"'{self.op}' needs a whole number")
        return self

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether the facts say so. Both a flat key `cart.lines` and a nested one are found."""
        fact = look_up(facts, self.fact)
        if fact is None:
            return False
        if self.op in _ORDER:
            return type(fact) is int and _ORDER[self.op](fact, self.value)
        if isinstance(self.value, list):
            among = any(_same(fact, value) for value in self.value)
            return among is (self.op is Op.IN)
        return _same(fact, self.value) is (self.op is Op.IS)


_ORDER = {
    Op.AT_LEAST: lambda fact, value: fact >= value,
    Op.AT_MOST: lambda fact, value: fact <= value,
    Op.MORE_THAN: lambda fact, value: fact > value,
    Op.LESS_THAN: lambda fact, value: fact < value,
}


def look_up(facts: Mapping[str, Any], name: str) -> Any:
    """Return the value of a flat or nested fact; None where there is none."""
    if name in facts:
        return facts[name]
    value: Any = facts
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _same(fact: Any, value: Any) -> bool:
    # `True == 1` in Python, not in a marketer's file.
    return type(fact) is type(value) and fact == value
