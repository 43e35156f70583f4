"""One file of this room being read: its YAML with the place of every value, and its problems.

Nothing stops at the first finding: the readers note what is wrong, and `finish` raises all of it
as `FILE:LINE:COL: text`. YAML 1.2 (`no` is a word); a key given twice is a problem; a key that
the model does not know is a problem that names the closest one it does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prompts.problems import Problem, PromptError, did_you_mean

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]

MAX_CHARS: Final = 200_000
_INT = re.compile(r"[-+]?[0-9][0-9_]{0,18}", re.ASCII)
_FENCE = "---"


class Strict(BaseModel):
    """A part of a file: frozen, typed as written, nothing undeclared."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Source:
    """A file's text. `front` is its YAML as plain values, `body` what stands below it."""

    def __init__(self, text: str, file: str, *, only_yaml: bool = False) -> None:
        """Read the text; whatever is wrong is noted in `problems`."""
        self.file = file
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
        self.problems: list[Problem] = []
        self.body = ""
        self.body_line = 1
        self._places: dict[Path, tuple[int, int]] = {(): (1, 1)}
        self._top = 1
        yaml = self.text if only_yaml else self._split()
        self.front: dict[str, Any] | None = None if yaml is None else self._compose(yaml)

    # -- noting problems -------------------------------------------------------------

    def say(self, path: Sequence[str | int], text: str) -> None:
        """Note a problem at a value of the front matter, or at the nearest one above it."""
        line, col = self._places[self._known(path)]
        self.say_at(line, col, text)

    def say_at(self, line: int, col: int, text: str) -> None:
        """Note a problem at a place counted from 1."""
        self.problems.append(Problem(self.file, line, col, text))

    def finish(self) -> None:
        """Raise `PromptError` if anything was noted."""
        if self.problems:
            raise PromptError(self.problems)

    # -- reading ---------------------------------------------------------------------

    def model(self, kind: type[M], **more: Any) -> M | None:
        """Validate the front matter; None, with all problems noted, when it does not fit."""
        if self.front is None:
            return None
        try:
            return kind.model_validate({**self.front, **more})
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=True):
                self._explain(kind, detail["loc"], detail["type"], detail)
            return None

    def _split(self) -> str | None:
        lines = self.text.split("\n")
        if lines[0].rstrip() != _FENCE:
            self.say_at(1, 1, "the file must start with front matter between two lines '---'")
            return None
        for n, line in enumerate(lines[1:], start=1):
            if line.rstrip() == _FENCE:
                self.body = "\n".join(lines[n + 1 :])
                self.body_line = n + 2
                self._top = 2
                return "\n".join(lines[1:n])
        self.say_at(1, 1, "the front matter has no closing line '---'")
        return None

    def _compose(self, yaml: str) -> dict[str, Any] | None:
        if len(self.text) > MAX_CHARS:
            self.say_at(1, 1, f"a file may hold {MAX_CHARS} characters, this is longer")
            return None
        try:
            node = YAML(typ="rt").compose(yaml)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, col = (mark.line, mark.column) if mark else (0, 0)
            what = " ".join(str(error.problem or error.context or "not YAML").split())
            self.say_at(line + self._top, col + 1, what)
            return None
        except (YAMLError, RecursionError, ValueError) as error:
            self.say_at(self._top, 1, f"cannot be read as YAML: {' '.join(str(error).split())}")
            return None
        if not isinstance(node, MappingNode):
            self.say_at(self._top, 1, "there must be keys and values, such as 'name: shopping'")
            return None
        value = self._plain(node, (), set())
        return value if isinstance(value, dict) else None

    def _plain(self, node: Node, path: Path, above: set[int]) -> Any:
        mark = node.start_mark
        self._places[path] = (mark.line + self._top, mark.column + 1)
        if id(node) in above:
            self.say(path, "an anchor may not hold itself")
            return None
        within = above | {id(node)}
        if isinstance(node, MappingNode):
            return self._mapping(node, path, within)
        if isinstance(node, SequenceNode):
            return [self._plain(item, (*path, n), within) for n, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: MappingNode, path: Path, above: set[int]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            line, col = mark.line + self._top, mark.column + 1
            if not isinstance(key_node, ScalarNode):
                self.say_at(line, col, "a key must be one word")
                continue
            key = str(key_node.value)
            if key in found:
                first = self._places[(*path, key)][0]
                self.say_at(line, col, f"key '{key}' already used on line {first}")
                continue
            found[key] = self._plain(value_node, (*path, key), above)
            self._places[(*path, key)] = (line, col)
        return found

    # -- explaining what pydantic found ------------------------------------------------

    def _known(self, path: Sequence[str | int]) -> Path:
        known: Path = ()
        for part in path:
            # Parts that name a member of a union, not a value of the file, are passed over.
            if (*known, part) in self._places:
                known = (*known, part)
        return known

    def _explain(
        self, kind: type[BaseModel], loc: tuple[str | int, ...], error: str, detail: Any
    ) -> None:
        key = str(loc[-1]) if loc else ""
        if error == "extra_forbidden":
            known = sorted(_keys_at(kind, loc[:-1]))
            hint = did_you_mean(key, known) or f"; there are: {', '.join(known)}"
            self.say(loc, f"unknown key '{key}'{hint}")
        elif error == "missing":
            self.say(loc[:-1], f"the key '{key}' is missing{_within(self._known(loc[:-1]))}")
        elif error in ("enum", "literal_error"):
            expected = str(detail["ctx"]["expected"])
            close = did_you_mean(str(detail["input"]), re.findall(r"'([^']*)'", expected))
            self.say(loc, f"'{detail['input']}' is not one of {expected}{close}")
        elif error in ("value_error", "assertion_error"):
            self.say(loc, str(detail["ctx"]["error"]))
        else:
            message = str(detail["msg"])
            what = f"'{key}'" if isinstance(loc[-1] if loc else 0, str) else "this"
            self.say(loc, f"{what}: {message[:1].lower()}{message[1:]}")


def _within(path: Path) -> str:
    names = [str(part) for part in path if isinstance(part, str)]
    return f" in '{'.'.join(names)}'" if names else ""


def _scalar(node: Node) -> bool | int | str | None:
    value = str(node.value)
    kind = str(node.tag).rpartition(":")[2]
    if kind == "bool":
        return value.lower() == "true"
    if kind == "null":
        return None
    if kind == "int" and _INT.fullmatch(value):
        return int(value.replace("_", ""))
    return value


def _keys_at(kind: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """Names of the keys that the models at this place know."""
    models: set[type[BaseModel]] = {kind}
    for part in loc:
        below = {
            found
            for model in models
            for name, info in model.model_fields.items()
            if part in (name, info.alias)
            for found in _models_in(info.annotation)
        }
        models = below or models
    return {
        info.alias or name
        for model in models
        for name, info in model.model_fields.items()
        if not info.exclude
    }


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
