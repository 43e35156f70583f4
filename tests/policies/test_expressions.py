"""Trees: written down and weighed they agree; what cannot be told is never taken for false."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from policies.expressions import (
    Compare,
    Expression,
    Fixed,
    Join,
    Not,
    Read,
    Sum,
    Within,
    code,
    nodes,
    truth,
)
from policies.facts import Fact, FactType

N = Read(Fact("n", FactType.INT, ("contact",), -10, 10))
M = Read(Fact("m", FactType.INT, ("contact",), -10, 10))
B = Read(Fact("b", FactType.BOOL, ("contact",)))
C = Read(Fact("c", FactType.BOOL, ("contact",)))
W = Read(Fact("w", FactType.ENUM, ("contact",), values=("gold", "new")))
OF = {name: name for name in "nmbcw"}
SIGNS: dict[Any, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def written(tree: Expression, **facts: Any) -> bool:
    """What the code says that the compiler makes of it."""
    return bool(eval(code(tree, OF), {}, facts))


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 2), (3, 2), (-1, 1)])
def test_a_comparison_is_what_its_sign_says(sign: Any, n: int, m: int) -> None:
    tree = Compare(N, sign, M)
    assert truth(tree, {"n": n, "m": m}) is written(tree, n=n, m=m) is SIGNS[sign](n, m)


@pytest.mark.parametrize("known", [{}, {"n": 1}, {"m": 1}])
def test_p6_a_comparison_with_an_unknown_side_cannot_be_told(known: dict[str, int]) -> None:
    assert truth(Compare(N, "<", M), known) is None
    assert truth(Compare(Sum(N, "+", M), "<", Fixed(3)), known) is None
    assert truth(Not(Compare(N, "<", M)), known) is None


def test_sums_add_and_take_away() -> None:
    for n, m in product(range(-2, 3), repeat=2):
        for sign, value in (("+", n + m), ("-", n - m)):
            tree = Compare(Sum(N, sign, M), "==", Fixed(value))  # type: ignore[arg-type]
            assert truth(tree, {"n": n, "m": m}) is written(tree, n=n, m=m) is True
            off = Compare(Sum(N, sign, M), "==", Fixed(value + 1))  # type: ignore[arg-type]
            assert truth(off, {"n": n, "m": m}) is written(off, n=n, m=m) is False


@pytest.mark.parametrize(("word", "inside"), [("gold", True), ("new", False)])
def test_a_list_holds_what_it_names_and_nothing_else(word: str, inside: bool) -> None:
    listed, none_of = (Within(W, ("gold", "silver"), negated) for negated in (False, True))
    assert truth(listed, {"w": word}) is written(listed, w=word) is inside
    assert truth(none_of, {"w": word}) is written(none_of, w=word) is not inside
    alone = Within(W, ("golden",), negated=False)
    assert truth(alone, {"w": "gold"}) is written(alone, w="gold") is False
    assert truth(listed, {}) is truth(none_of, {}) is None


@pytest.mark.parametrize("joint", ["and", "or"])
@pytest.mark.parametrize(("b", "c"), list(product([True, False, None], repeat=2)))
def test_p6_and_and_or_are_told_where_one_part_settles_them(
    joint: Any, b: bool | None, c: bool | None
) -> None:
    tree = Join(joint, (B, C))
    known = {name: value for name, value in (("b", b), ("c", c)) if value is not None}
    settles = joint == "or"
    if settles in (b, c):
        expected: bool | None = settles
    else:
        expected = None if None in (b, c) else not settles
    assert truth(tree, known) is expected
    assert truth(Not(tree), known) is (None if expected is None else not expected)
    if len(known) == 2:
        assert written(tree, **known) is expected
        assert written(Not(tree), **known) is not expected


def test_a_join_may_stand_inside_a_comparison_of_yes_and_no() -> None:
    tree = Compare(Compare(N, ">", Fixed(0)), "!=", Join("and", (B, Not(C))))
    for n, b, c in product([0, 1], [True, False], [True, False]):
        expected = (n > 0) != (b and not c)
        assert truth(tree, {"n": n, "b": b, "c": c}) is written(tree, n=n, b=b, c=c) is expected
    assert truth(tree, {"n": 1, "b": True}) is None
    assert truth(Compare(Within(W, ("new",), False), "==", B), {"w": "new", "b": True}) is True


def test_a_fixed_value_is_itself() -> None:
    assert truth(Fixed(True), {}) is True
    assert truth(Fixed(False), {}) is False
    assert code(Fixed("gold"), {}) == "'gold'"


def test_every_node_is_walked_once_the_outermost_first() -> None:
    summed = Sum(N, "+", M)
    compared = Compare(summed, "<", Fixed(3))
    listed = Within(W, ("gold",), negated=False)
    tree = Join("or", (compared, Not(listed)))
    assert list(nodes(tree)) == [
        tree, compared, summed, N, M, Fixed(3), Not(listed), listed, W,
    ]  # fmt: skip
