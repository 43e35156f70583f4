"""A form over a tool's argument schema: what a person types there becomes arguments again.

Percent is typed as percent and kept in basis points; an instant is typed with its zone. What cannot
be read stays as it was typed, so that the tool's own check says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from agent.fact_words import percent
from console import fields

_BP = "_bp"


class Form:
    """Arguments being edited. `args` are what the fields say now."""

    def __init__(
        self, schema: Mapping[str, Any], args: Mapping[str, Any], told: Callable[[], Any]
    ) -> None:
        self._schema = schema
        self._told = told
        self.before = dict(args)
        self.args = dict(args)
        self._shown = dict(args)

    def draw(self) -> None:
        """The fields, in the order of the schema."""
        for name, kind in self._schema.get("properties", {}).items():
            self._field(name, kind)

    def redraw(self) -> None:
        """Take what the fields say now as what they show when drawn next."""
        self._shown = dict(self.args)

    def changes(self) -> list[Change]:
        """What is different now, argument by argument."""
        return changes(self.before, self.args)

    def _field(self, name: str, kind: Mapping[str, Any]) -> None:
        value = self._shown.get(name, kind.get("default"))
        optional, kind = _of(kind)
        if kind.get("type") == "object":
            for slot, words in (value or {}).items():
                fields.lines(
                    f"{label_of(name)}: {label_of(slot)}", str(words), tell=self._slot(name, slot)
                )
        elif "enum" in kind:
            among = {str(each): label_of(str(each)) for each in kind["enum"]}
            among = ({"": "none"} if optional else {}) | among
            fields.choice(label_of(name), str(value or ""), among, tell=self._plain(name))
        elif kind.get("type") == "integer":
            shown = typed(name, value)
            fields.line(label_of(name), shown, tell=self._number(name), note=_bounds(name, kind))
        elif kind.get("format") == "date-time":
            note = "an instant with its zone, such as 2026-03-05T12:00:00+00:00"
            fields.line(label_of(name), str(value or ""), tell=self._plain(name), note=note)
        elif kind.get("maxLength", 0) > 100:
            fields.lines(
                label_of(name), str(value or ""), tell=self._plain(name), most=kind["maxLength"]
            )
        else:
            fields.line(label_of(name), str(value or ""), tell=self._plain(name))

    def _plain(self, name: str) -> fields.Told:
        def tell(text: str) -> None:
            self._set(name, text if text or self.before.get(name) == "" else None)

        return tell

    def _number(self, name: str) -> fields.Told:
        return lambda text: self._set(name, number(name, text))

    def _slot(self, name: str, slot: str) -> fields.Told:
        return lambda text: self._set(name, {**(self.args.get(name) or {}), slot: text})

    def _set(self, name: str, value: Any) -> None:
        self.args[name] = value
        self._told()


@dataclass(frozen=True, slots=True)
class Change:
    """One argument that differs, as people read it."""

    name: str
    before: str
    after: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every argument that differs; one line for each slot of a message."""
    found = []
    for name in [*before, *(n for n in after if n not in before)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += [
                Change(f"{label_of(name)}: {each.name}", each.before, each.after)
                for each in changes(old, new)
            ]
        else:
            found.append(Change(label_of(name), said(name, old), said(name, new)))
    return found


def said(name: str, value: Any) -> str:
    """An argument's value as people read it."""
    if value in (None, "", {}):
        return "nothing"
    if name.endswith(_BP) and isinstance(value, int):
        return percent(value)
    return str(value)


def label_of(name: str) -> str:
    """What an argument is called: `discount_bp` → `Discount, %`."""
    plain = name.removesuffix(_BP).replace("_", " ")
    return plain[:1].upper() + plain[1:] + (", %" if name.endswith(_BP) else "")


def typed(name: str, value: Any) -> str:
    """A number as it stands in its field."""
    if value is None:
        return ""
    return percent(value).removesuffix(" %") if name.endswith(_BP) else str(value)


def number(name: str, text: str) -> int | str | None:
    """What was typed as a whole number, in basis points for percent; as typed where it is none."""
    text = text.strip()
    if not text:
        return None
    try:
        read = Decimal(text.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        return text
    if not read.is_finite():
        return text
    scaled = read * 100 if name.endswith(_BP) else read
    return int(scaled) if scaled == scaled.to_integral_value() else text


def _bounds(name: str, kind: Mapping[str, Any]) -> str:
    least, most = kind.get("minimum"), kind.get("maximum")
    if least is None or most is None:
        return ""
    if name.endswith(_BP):
        return f"from {percent(least)} to {percent(most)}; the rules may allow less"
    return f"from {least:,} to {most:,}"


def _of(kind: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any]]:
    """Whether the value may be nothing, and what it is where it is something."""
    among = kind.get("anyOf")
    if not among:
        return False, kind
    rest = [each for each in among if each.get("type") != "null"]
    return len(rest) < len(among), rest[0] if rest else kind
