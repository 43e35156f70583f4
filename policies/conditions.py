"""Conditions: a small, typed part of Python's expressions, checked when the pack is loaded.

Allowed are facts and `params.` names, whole numbers, words in quotes, `and or not`,
`== != < <= > >=`, `in` and `not in` with a written-out list, `+` and `-` between numbers.
Everything else is a problem with its line and column. Nothing of a pack is executed as is:
the compiler writes its own code from the checked tree.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from ruamel.yaml.nodes import Node

from policies.expressions import Compare, Expression, Fixed, Join, Not, Read, Sum, Within
from policies.facts import Fact, FactType
from policies.params import ParamValue
from policies.problems import did_you_mean, words
from policies.source import Source

Sign = Literal["==", "!=", "<", "<=", ">", ">="]
MAX_CHARS: Final = 2000
MAX_DEPTH: Final = 40
_TOKENS = re.compile(r"\"[^\"]*\"|'[^']*'|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|[#\\]", re.ASCII)
_COMPARE: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_KEYWORDS: Final = ("and", "or", "not", "in")


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition: its text, the facts it reads, and its tree."""

    text: str
    facts: tuple[str, ...]
    tree: Expression


@dataclass(frozen=True, slots=True)
class _Term:
    """A typed piece: `type` is bool, int, word or instant. A `fixed` piece reads no fact."""

    type: str
    node: Expression
    fixed: bool = False

    @property
    def fact(self) -> Fact | None:
        """The fact, where the piece is just that."""
        return self.node.fact if isinstance(self.node, Read) else None

    @property
    def value(self) -> ParamValue | None:
        """The value, where the piece is just that."""
        return self.node.value if isinstance(self.node, Fixed) else None


class _Bad(Exception):
    """The condition cannot be used; the problem is noted already."""


def read_condition(
    source: Source,
    node: Node,
    *,
    facts: Mapping[str, Fact],
    params: Mapping[str, ParamValue],
    kinds: Iterable[str],
) -> Condition | None:
    """Check one condition; None, with every problem noted, when it cannot be used."""
    text = source.string(node, "a condition")
    if text is None:
        return None
    source.no_comment(node, "the condition")
    if len(text) > MAX_CHARS:
        source.say(node, f"a condition may hold {MAX_CHARS} characters")
        return None
    return _Reader(source, node, str(node.value), facts, params, tuple(kinds)).read()


class _Reader:
    def __init__(
        self,
        source: Source,
        node: Node,
        text: str,
        facts: Mapping[str, Fact],
        params: Mapping[str, ParamValue],
        kinds: tuple[str, ...],
    ) -> None:
        self.source, self.node, self.text = source, node, text
        self.facts, self.params, self.kinds = facts, params, kinds
        self.names: dict[int, str] = {}
        self.read_facts: dict[str, None] = {}
        self.failed = False

    def read(self) -> Condition | None:
        # Dots become underscores so that a name such as action.class, a keyword to Python,
        # is one name at the same column. Leading white space would be an indent.
        lead = len(self.text) - len(self.text.lstrip())
        flat = " ".join(self.text[lead:].split("\n")).rstrip()
        self.offsets = lead
        self.flat = flat
        written = _TOKENS.sub(self._note, flat)
        if self.failed:
            return None
        try:
            tree = ast.parse(written, mode="eval")
        except SyntaxError as error:
            at = min((error.offset or len(flat)) - 1, len(flat) - 1)  # no offset: it ends too early
            self._say_at(at, "not a condition such as customer.orders > 3 and not cart.in_stock")
            return None
        except (ValueError, RecursionError, MemoryError):
            self._say_at(0, "not a condition: it cannot be parsed")
            return None
        try:
            term = self._term(tree.body, 0)
            if term.type != "bool":
                self._fail(tree.body, f"a condition must be true or false, this is {_a(term)}")
        except _Bad:
            return None
        if self.failed:
            return None
        return Condition(" ".join(self.text.split()), tuple(self.read_facts), term.node)

    def _note(self, match: re.Match[str]) -> str:
        token = match.group()
        if token == "#" or "\\" in token:
            # Python would take the rest as a comment, or the mark as the start of an escape.
            self.failed = True
            self._say_at(match.start(), f"'{token}' is not allowed in a condition")
        if token[0] in "\"'" or token in _KEYWORDS:
            return token
        self.names[len(self.flat[: match.start()].encode())] = token
        return token.replace(".", "_") if "." in token else token

    # -- problems --------------------------------------------------------------------

    def _say_at(self, column: int, text: str) -> None:
        self.source.say(self.node, text, offset=self.offsets + column)

    def _say(self, node: ast.AST, text: str) -> None:
        self.failed = True
        column = len(self.flat.encode()[: getattr(node, "col_offset", 0)].decode())
        self._say_at(column, text)

    def _fail(self, node: ast.AST, text: str) -> _Bad:
        self._say(node, text)
        raise _Bad

    # -- terms -----------------------------------------------------------------------

    def _term(self, node: ast.expr, depth: int) -> _Term:
        if depth > MAX_DEPTH:
            raise self._fail(node, f"a condition may be nested {MAX_DEPTH} deep")
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._all(values, "and" if isinstance(op, ast.And) else "or", depth)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self._bool(operand, depth)
                return _Term("bool", Not(inner.node))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return _constant(-number)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                return self._sum(left, right, "+" if isinstance(op, ast.Add) else "-", depth)
            case ast.Compare():
                return self._compare(node, depth)
            case ast.Constant(value=bool()):
                raise self._fail(node, "True and False are not needed: write the fact, or not it")
            case ast.Constant(value=int() | str() as value):
                return _constant(value)
            case ast.Name():
                return self._name(node)
        raise self._fail(node, f"{_called(node)} is not allowed in a condition")

    def _all(self, values: list[ast.expr], joint: Literal["and", "or"], depth: int) -> _Term:
        terms: list[_Term] = []
        for value in values:
            try:
                terms.append(self._bool(value, depth))
            except _Bad:
                continue  # look at the other parts too: all problems are told at once
        return _Term("bool", Join(joint, tuple(term.node for term in terms)))

    def _bool(self, node: ast.expr, depth: int) -> _Term:
        term = self._term(node, depth + 1)
        if term.type != "bool":
            raise self._fail(node, f"and, or, not join what is true or false, not {_a(term)}")
        return term

    def _sum(self, left: ast.expr, right: ast.expr, sign: Literal["+", "-"], depth: int) -> _Term:
        one, two = self._term(left, depth + 1), self._term(right, depth + 1)
        for node, term in ((left, one), (right, two)):
            if term.type != "int":
                raise self._fail(node, f"'{sign}' needs numbers, not {_a(term)}")
        fixed = one.fixed and two.fixed
        return _Term("int", Sum(one.node, sign, two.node), fixed=fixed)

    def _name(self, node: ast.Name) -> _Term:
        name = self.names.get(node.col_offset, node.id)
        if name.startswith("params."):
            key = name.removeprefix("params.")
            if key not in self.params:
                raise self._fail(node, f"unknown '{name}'{did_you_mean(key, self.params)}")
            value = self.params[key]
            if isinstance(value, tuple):
                raise self._fail(node, f"'{name}' is a list; lists are written out after 'in'")
            return _constant(value, param=key)
        fact = self.facts.get(name)
        if fact is None:
            known = [known for known in self.facts if set(self.kinds) <= set(_kinds(self, known))]
            hint = did_you_mean(name, known or self.facts)
            raise self._fail(node, f"unknown fact '{name}'{hint}")
        if absent := [kind for kind in self.kinds if kind not in fact.kinds]:
            raise self._fail(node, f"fact '{name}' is not declared for {words(absent)}")
        if fact.type is FactType.ZONES:
            raise self._fail(node, f"'{name}' holds zones; only quiet_hours reads them")
        if fact.type is FactType.SET:
            raise self._fail(node, f"'{name}' holds several words; require_wording reads them")
        if fact.type is FactType.JURISDICTIONS:
            raise self._fail(node, f"'{name}' holds places; only jurisdictions: reads them")
        self.read_facts[name] = None
        types = {FactType.ENUM: "word", FactType.BOOL: "bool", FactType.INT: "int"}
        return _Term(types.get(fact.type, "instant"), Read(fact))

    # -- comparisons -----------------------------------------------------------------

    def _compare(self, node: ast.Compare, depth: int) -> _Term:
        parts: list[Expression] = []
        left_node, left = node.left, self._term(node.left, depth + 1)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            sign = _COMPARE.get(type(op))
            if sign is None:
                raise self._fail(left_node, "'is' is not allowed in a condition; write == or !=")
            if sign in ("in", "not in"):
                if len(node.ops) > 1:
                    raise self._fail(node, "'in' stands alone, not in a chain of comparisons")
                return self._within(left_node, left, sign, right_node, depth)
            right = self._term(right_node, depth + 1)
            self._comparable(left_node, left, sign, right_node, right)
            parts.append(Compare(left.node, cast(Sign, sign), right.node))
            left_node, left = right_node, right
        return _Term("bool", parts[0] if len(parts) == 1 else Join("and", tuple(parts)))

    def _comparable(
        self, left_node: ast.expr, left: _Term, sign: str, right_node: ast.expr, right: _Term
    ) -> None:
        if left.fixed and right.fixed:
            raise self._fail(left_node, "two fixed values are compared: no fact is read here")
        pair = {left.type, right.type}
        if sign not in ("==", "!="):
            if pair not in ({"int"}, {"instant"}):
                names = " and ".join(_a(term, ordering=True) for term in (left, right))
                raise self._fail(left_node, f"cannot order {names}")
        elif len(pair) > 1:
            raise self._fail(left_node, f"cannot compare {_a(left)} with {_a(right)}")
        for node, fact, value, shown in (
            (right_node, left.fact, right.value, sign),
            (left_node, right.fact, left.value, _FLIP[sign]),
        ):
            if fact is not None and value is not None:
                self._possible(node, fact, shown, value)

    def _possible(self, node: ast.expr, fact: Fact, sign: str, value: ParamValue) -> None:
        if fact.type is FactType.ENUM and value not in fact.values:
            hint = did_you_mean(str(value), fact.values)
            raise self._fail(node, f"'{fact.name}' is never '{value}'{hint}")
        if fact.type is FactType.INT and isinstance(value, int):
            low, high = fact.low, fact.high
            never, always = _settled(sign, low, high, value)
            if never or always:
                word = "never" if never else "always"
                raise self._fail(node, f"'{fact.name}' is {low} to {high}: this is {word} true")

    def _within(self, node: ast.expr, left: _Term, sign: str, right: ast.expr, depth: int) -> _Term:
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            raise self._fail(right, f'after \'{sign}\' comes a list such as ("gold", "silver")')
        if left.fixed:
            raise self._fail(node, "two fixed values are compared: no fact is read here")
        values: list[bool | int | str] = []
        for item in right.elts:
            term = self._term(item, depth + 1)
            fixed = term.node
            if not isinstance(fixed, Fixed) or term.type != left.type or term.type == "bool":
                raise self._fail(item, f"this list holds fixed values that are {_a(left)}")
            if left.fact is not None:
                self._possible(item, left.fact, "==", fixed.value)
            values.append(fixed.value)
        return _Term("bool", Within(left.node, tuple(values), negated=sign == "not in"))


_FLIP: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _settled(sign: str, low: int, high: int, value: int) -> tuple[bool, bool]:
    """Whether `fact SIGN value` is never, or always, true of low..high."""
    match sign:
        case "<":
            return low >= value, high < value
        case "<=":
            return low > value, high <= value
        case ">":
            return high <= value, low > value
        case ">=":
            return high < value, low >= value
        case "==":
            return not low <= value <= high, low == high == value
        case _:
            return low == high == value, not low <= value <= high


def _constant(value: bool | int | str, *, param: str | None = None) -> _Term:
    types = {bool: "bool", int: "int", str: "word"}
    return _Term(types[type(value)], Fixed(value, param), fixed=True)


def _a(term: _Term, *, ordering: bool = False) -> str:
    names = {"bool": "bool", "int": "int", "word": "string", "instant": "instant"}
    name = names[term.type]
    return name if ordering else f"{'an' if name[0] == 'i' else 'a'} {name}"


def _kinds(reader: _Reader, name: str) -> tuple[str, ...]:
    return reader.facts[name].kinds


def _called(node: ast.AST) -> str:
    names: dict[type[ast.AST], str] = {
        ast.Call: "a call",
        ast.Attribute: "an attribute",
        ast.Subscript: "an index",
        ast.Lambda: "a lambda",
        ast.IfExp: "if ... else",
        ast.Constant: "this constant",
        ast.JoinedStr: "an f-string",
        ast.NamedExpr: "':='",
        ast.BinOp: "this operator",
        ast.UnaryOp: "this operator",
        ast.Tuple: "a list here",
        ast.List: "a list here",
    }
    return names.get(type(node), "this")
