"""Named values of a pack, and which way a pack built on it may move them.

`most: 20` is fixed for whoever builds on the pack. `most: {value: 20, stricter: lower}` may be
lowered there, never raised: stricter wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from policies.problems import did_you_mean, words
from policies.source import Source
from policies.zones import known

ParamValue: TypeAlias = bool | int | str | tuple[str, ...]
Stricter: TypeAlias = Literal["lower", "higher", "more"]
_STRICTER: Final = ("lower", "higher", "more")


@dataclass(frozen=True, slots=True)
class Param:
    """One named value. `stricter`: which way it may be moved; None: it stays as it is."""

    name: str
    value: ParamValue
    stricter: Stricter | None
    file: str
    line: int

    def may_become(self, value: ParamValue) -> bool:
        """Whether another value is as strict or stricter."""
        if type(value) is not type(self.value):
            return False
        if isinstance(value, tuple) and isinstance(self.value, tuple):
            return self.stricter == "more" and set(self.value) <= set(value)
        if type(value) is not int or type(self.value) is not int:
            return False
        if self.stricter == "lower":
            return value <= self.value
        return self.stricter == "higher" and value >= self.value


def read_params(source: Source, node: Node, before: Mapping[str, Param]) -> dict[str, Param]:
    """Read `params:` of one text; `before`: those of the packs it is built on."""
    params: dict[str, Param] = {}
    for key, body in (source.mapping(node, "params", may=None) or {}).items():
        if not (key.isidentifier() and key.isascii()):
            source.say(body, f"'{key}' is not a name such as max_discount_bp")
            continue
        param = _read(source, key, body)
        if param is None:
            continue
        if key in before and not _stricter(source, body, param, before[key]):
            continue
        params[key] = param
    return params


def _read(source: Source, key: str, body: Node) -> Param | None:
    held, stricter = body, None
    if isinstance(body, MappingNode):
        keys = source.mapping(body, f"params.{key}", needs=("value", "stricter"))
        if keys is None:
            return None
        held = keys["value"]
        stricter = _direction(source, keys["stricter"], key)
        if stricter is None:
            return None
    value: ParamValue | None
    if isinstance(held, SequenceNode):
        value = source.words(held, f"params.{key}")
        for item in held.value if key.startswith("zones") else ():
            if not known(str(item.value)):
                source.say(item, f"unknown time zone '{item.value}'")
    else:
        value = source.scalar(held)
        if value is None or value == "":
            source.say(held, f"params.{key} must be a whole number, text or list of texts")
            return None
    fits = stricter is None or (stricter == "more") == isinstance(value, tuple)
    if not fits or (stricter in ("lower", "higher") and type(value) is not int):
        source.say(body, f"params.{key}: a number is stricter lower or higher, a list more")
        return None
    return Param(key, value, stricter, source.file, source.line(body))


def _direction(source: Source, node: Node, key: str) -> Stricter | None:
    said = source.string(node, "stricter:")
    for word in _STRICTER:
        if said == word:
            return word
    if said is not None:
        hint = did_you_mean(said, _STRICTER)
        source.say(node, f"stricter: of params.{key} is one of {words(_STRICTER)}{hint}")
    return None


def _stricter(source: Source, node: Node, param: Param, old: Param) -> bool:
    """Note a problem where a param of the packs below is set to something milder."""
    place = f"line {old.line} of {old.file}"
    if old.stricter is None:
        source.say(node, f"params.{param.name} is set on {place}, which does not let it be moved")
    elif not old.may_become(param.value):
        source.say(node, f"params.{param.name} is {_said(old)} on {place}; here it may only be "
                         f"{_direction_said(old)}")  # fmt: skip
    elif param.stricter not in (None, old.stricter):
        source.say(node, f"params.{param.name} is stricter {old.stricter}, as {place} says")
    else:
        return True
    return False


def _said(param: Param) -> str:
    return words(param.value) if isinstance(param.value, tuple) else str(param.value)


def _direction_said(old: Param) -> str:
    return "a longer list that holds these" if old.stricter == "more" else f"{old.stricter} or same"
