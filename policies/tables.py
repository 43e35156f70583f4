"""Decision tables, written with pipes: conditions left of `||`, what follows right of it.

`hit: first` takes the first row that fits, `unique` promises that only one can. `-` is any
value. Gaps, overlaps and rows that can never be reached are found when the pack is loaded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import Node, ScalarNode

from policies.coverage import Box, TooManyCases, examine
from policies.facts import KINDS, LEARNED, Fact, FactType
from policies.obligations import CAP_AMOUNT_MINOR, CAP_DISCOUNT_BP
from policies.params import ParamValue
from policies.problems import did_you_mean, words
from policies.scope import CONTACT
from policies.source import Source
from policies.verdict import Outcome

GATE: Final = "gate"
#: What a table may limit, and the obligation that follows.
LIMITS: Final = {"max_discount_bp": CAP_DISCOUNT_BP, "max_amount_minor": CAP_AMOUNT_MINOR}
_OUTCOMES: Final = (GATE, *LIMITS)
_NO_COLUMN: Final = (FactType.ZONES, FactType.SET, FactType.JURISDICTIONS, FactType.INSTANT)
_YES_NO: Final = {"yes": True, "no": False, "true": True, "false": False}
_RANGE = re.compile(r"(<=|>=|<|>)\s*(\S+)\Z|(\S+?)\s*\.\.\s*(\S+)\Z|(\S+)\Z")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell lets pass: words, bools or one interval of numbers; all None is `-`."""

    values: tuple[str | bool, ...] | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its id, a cell a column, the gate's answer or a limit, and why."""

    id: str
    cells: tuple[Cell, ...]
    gate: Outcome | None
    limit: int
    because: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """One decision table; `exceeds` is the fact that a limit is held against."""

    id: str
    on: tuple[str, ...]
    outcome: str
    exceeds: str | None
    because: str
    line: int
    columns: tuple[Fact, ...]
    rows: tuple[Row, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """Every fact the table reads."""
        names = [column.name for column in self.columns]
        if self.exceeds and self.exceeds not in names:
            names.append(self.exceeds)
        return tuple(names)


def read_table(
    source: Source, node: Node, *, facts: Mapping[str, Fact], params: Mapping[str, ParamValue]
) -> Table | None:
    """Read one member of `tables:`; None, with its problems noted, when it cannot be used."""
    keys = source.mapping(
        node, "a table", needs=("id", "on", "outcome", "table"), may=("because", "hit", "exceeds")
    )
    if keys is None:
        return None
    name = source.identifier(keys["id"])
    on = source.words(keys["on"], "on:", KINDS)
    because = source.string(keys["because"], "because:") if "because" in keys else ""
    hit = source.string(keys["hit"], "hit:") if "hit" in keys else "first"
    if hit not in ("first", "unique"):
        source.say(keys["hit"], f"hit: is first or unique, not '{hit}'")
    outcome = source.string(keys["outcome"], "outcome:")
    if outcome not in _OUTCOMES:
        hint = did_you_mean(outcome or "", _OUTCOMES)
        source.say(keys["outcome"], f"outcome: is one of {words(_OUTCOMES)}, not '{outcome}'{hint}")
        return None
    exceeds = source.string(keys["exceeds"], "exceeds:") if "exceeds" in keys else None
    if (outcome in LIMITS) != (exceeds is not None):
        source.say(node, f"exceeds: belongs to {' and '.join(LIMITS)}, and only there")
        return None
    if exceeds and not _usable(source, keys["exceeds"], 0, exceeds, facts, on):
        return None
    if exceeds and facts[exceeds].type is not FactType.INT:
        source.say(keys["exceeds"], f"exceeds: '{exceeds}' must be a number")
        return None
    if not isinstance(keys["table"], ScalarNode):
        source.say(keys["table"], "table: must be text with pipes after 'table: |'")
        return None
    if name is None or because is None or not on:
        return None
    grid = _Grid(source, keys["table"], name, outcome, because, facts, params, on)
    rows = grid.read()
    if rows is None:
        return None
    _examine(source, keys["table"], rows, grid, unique=hit == "unique", gap_ok=outcome == GATE)
    line = source.line(keys["id"])
    return Table(name, on, outcome, exceeds, because, line, tuple(grid.columns), tuple(rows))


def _usable(
    source: Source,
    node: Node,
    offset: int,
    name: str,
    facts: Mapping[str, Fact],
    on: tuple[str, ...],
) -> bool:
    fact = facts.get(name)
    if fact is None:
        source.say(node, f"unknown fact '{name}'{did_you_mean(name, facts)}", offset=offset)
    elif absent := [kind for kind in on if kind not in fact.kinds]:
        source.say(node, f"fact '{name}' is not declared for {words(absent)}", offset=offset)
    elif name.startswith(LEARNED):
        source.say(node, f"'{name}' is learned; only soft rules may read it", offset=offset)
    elif fact.when and CONTACT in on:
        source.say(node, f"'{name}' is not always known, as its when: says", offset=offset)
    elif fact.type in _NO_COLUMN:
        source.say(node, f"'{name}' cannot be a column: {fact.shape()}", offset=offset)
    else:
        return True
    return False


class _Grid:
    def __init__(
        self,
        source: Source,
        node: ScalarNode,
        table: str,
        outcome: str,
        because: str,
        facts: Mapping[str, Fact],
        params: Mapping[str, ParamValue],
        on: tuple[str, ...],
    ) -> None:
        self.source, self.node, self.table = source, node, table
        self.outcome, self.because = outcome, because
        self.facts, self.params, self.on = facts, params, on
        self.columns: list[Fact] = []
        self.offsets: list[int] = []

    def _say(self, offset: int, text: str) -> None:
        self.source.say(self.node, text, offset=offset)

    def read(self) -> list[Row] | None:
        before = len(self.source.problems)
        rows: list[Row] = []
        start, width = 0, -1
        for line in str(self.node.value).split("\n"):
            if line.strip():
                left, right = self._cells(line, start)
                if width < 0:
                    width = self._header(left, right, start)
                    if width < 0:
                        return None
                elif len(left) != len(self.columns) + 1 or not 1 <= len(right) <= width:
                    self._say(
                        start, f"this row has other columns than the first line: {line.strip()}"
                    )
                elif row := self._row(left, right, line):
                    rows.append(row)
                    self.offsets.append(left[0][1])
            start += len(line) + 1
        if not rows and len(self.source.problems) == before:
            self._say(0, "the table has no rows")
        return rows if len(self.source.problems) == before else None

    def _cells(self, line: str, start: int) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """Split a line at its pipes into (text, offset in the node), left and right of `||`."""
        middle = line.find("||")
        halves: list[list[tuple[str, int]]] = []
        ends = [(0, middle), (middle + 2, len(line))] if middle >= 0 else [(0, len(line)), (0, 0)]
        for first, last in ends:
            cells: list[tuple[str, int]] = []
            part = line[first:last]
            at = first
            for piece in part.split("|"):
                lead = len(piece) - len(piece.lstrip())
                cells.append((piece.strip(), start + at + (lead if piece.strip() else 0)))
                at += len(piece) + 1
            halves.append(cells)
        left, right = halves
        if left and not left[0][0]:
            left = left[1:]
        if right and not right[-1][0]:
            right = right[:-1]
        return left, right

    def _header(self, left: list[tuple[str, int]], right: list[tuple[str, int]], start: int) -> int:
        shape = f"| row | a fact | ... || {self.outcome} | because |"
        if (
            not left
            or left[0][0] != "row"
            or [cell for cell, _ in right]
            not in (
                [self.outcome],
                [self.outcome, "because"],
            )
        ):
            self._say(start, f"the first line of a table reads {shape}")
            return -1
        good = True
        for name, offset in left[1:]:
            if not _usable(self.source, self.node, offset, name, self.facts, self.on):
                good = False
            elif self.facts[name] in self.columns:
                self._say(offset, f"'{name}' stands in two columns")
                good = False
            else:
                self.columns.append(self.facts[name])
        return len(right) if good else -1

    def _row(
        self, left: list[tuple[str, int]], right: list[tuple[str, int]], line: str
    ) -> Row | None:
        name, offset = left[0]
        good = self.source.claim_id(self.node, name, within=self.table, offset=offset)
        cells: list[Cell] = []
        for fact, (text, at) in zip(self.columns, left[1:], strict=True):
            cell = self._cell(fact, text, at)
            good = good and cell is not None
            cells.append(cell or Cell())
        gate, limit = None, 0
        answer, at = right[0]
        if self.outcome == GATE:
            if answer in set(Outcome):
                gate = Outcome(answer)
            else:
                known = [outcome.value for outcome in Outcome]
                hint = did_you_mean(answer, known)
                self._say(at, f"'{answer}' is not one of {words(known)}{hint}")
                good = False
        else:
            number = self._number(answer, at)
            good = good and number is not None
            limit = number or 0
        because = right[1][0] if len(right) > 1 and right[1][0] not in ("", "-") else self.because
        if not because:
            self._say(offset, f"row {name} says no because, and the table says none for all")
            good = False
        if not good:
            return None
        row_line = self.source.line(self.node, offset)
        return Row(name, tuple(cells), gate, limit, because, row_line, " ".join(line.split()))

    def _number(self, text: str, offset: int) -> int | None:
        if text.startswith("params."):
            value = self.params.get(text.removeprefix("params."))
            if type(value) is int:
                return value
            hint = did_you_mean(text, [f"params.{key}" for key in self.params])
            self._say(offset, f"'{text}' is no number among params{hint}")
            return None
        if re.fullmatch(r"-?[0-9]{1,18}", text):
            return int(text)
        self._say(offset, f"'{text}' is not a whole number")
        return None

    def _cell(self, fact: Fact, text: str, offset: int) -> Cell | None:
        if text == "-":
            return Cell()
        if fact.type is FactType.BOOL:
            if text in _YES_NO:
                return Cell(values=(_YES_NO[text],))
            self._say(offset, f"'{text}' is not yes, no or - ('{fact.name}' is a bool)")
            return None
        if fact.type is FactType.ENUM:
            picked = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
            for word in picked:
                if word not in fact.values:
                    hint = did_you_mean(word, fact.values)
                    self._say(offset, f"'{fact.name}' is never '{word}'{hint}")
                    return None
            return Cell(values=picked)
        return self._span(fact, text, offset)

    def _span(self, fact: Fact, text: str, offset: int) -> Cell | None:
        match = _RANGE.match(text)
        numbers = [part for part in (match.group(2, 3, 4, 5) if match else ()) if part]
        if match is None or not all(
            re.fullmatch(r"-?[0-9]{1,18}|params\.\w+", part) for part in numbers
        ):
            self._say(offset, f"'{text}' is not a range such as < 2000 or 2000..3999")
            return None
        ends = [self._number(part, offset) for part in numbers]
        if None in ends:
            return None
        first, last = int(ends[0] or 0), int(ends[-1] or 0)
        low, high = {
            "<": (fact.low, first - 1),
            "<=": (fact.low, first),
            ">": (first + 1, fact.high),
            ">=": (first, fact.high),
        }.get(match.group(1), (first, last))
        low, high = max(low, fact.low), min(high, fact.high)
        if low > high:
            self._say(
                offset, f"'{text}' holds no value: '{fact.name}' is {fact.low} to {fact.high}"
            )
            return None
        return Cell(span=(low, high))


def _examine(
    source: Source, node: Node, rows: list[Row], grid: _Grid, *, unique: bool, gap_ok: bool
) -> None:
    atoms = [_atoms(fact, [row.cells[i] for row in rows]) for i, fact in enumerate(grid.columns)]
    full: Box = tuple((1 << len(parts)) - 1 for parts in atoms)
    boxes = [
        tuple(_mask(cell, parts) for cell, parts in zip(row.cells, atoms, strict=True))
        for row in rows
    ]

    def witness(box: Box) -> str:
        named = zip(grid.columns, atoms, box, strict=True)
        return words(f"{fact.name} {_sample(parts, mask)}" for fact, parts, mask in named)

    try:
        findings = examine(boxes, full, unique=unique)
    except TooManyCases:
        source.say(node, "this table tells too many cases apart to be checked; split it")
        return
    for index in findings.unreachable:
        text = f"row {rows[index].id} can never be reached: the rows above cover it"
        source.say(node, text, offset=grid.offsets[index])
    for first, second, box in findings.overlaps:
        text = f"rows {rows[first].id} and {rows[second].id} overlap, e.g. at {witness(box)}"
        source.say(node, text, offset=grid.offsets[second])
    if findings.gap is not None and not gap_ok:
        source.say(node, f"no row covers {witness(findings.gap) or 'anything'}")


def _atoms(fact: Fact, cells: list[Cell]) -> list[str | bool | tuple[int, int]]:
    if fact.type is FactType.BOOL:
        return [False, True]
    if fact.type is FactType.ENUM:
        return list(fact.values)
    spans = [cell.span for cell in cells if cell.span]
    starts = {fact.low} | {low for low, _ in spans} | {high + 1 for _, high in spans}
    ordered = sorted(start for start in starts if start <= fact.high)
    ends = [start - 1 for start in ordered[1:]] + [fact.high]
    return list(zip(ordered, ends, strict=True))


def _mask(cell: Cell, parts: list[str | bool | tuple[int, int]]) -> int:
    mask = 0
    for index, part in enumerate(parts):
        if isinstance(part, tuple):
            inside = cell.span is None or cell.span[0] <= part[0] <= cell.span[1]
        else:
            inside = cell.values is None or part in cell.values
        mask |= inside << index
    return mask


def _sample(parts: list[str | bool | tuple[int, int]], mask: int) -> str:
    part = next(part for index, part in enumerate(parts) if mask >> index & 1)
    if isinstance(part, tuple):
        return str(part[0])
    return {True: "yes", False: "no"}.get(part, str(part)) if isinstance(part, bool) else part
