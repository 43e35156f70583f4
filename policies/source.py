"""A pack's text as nodes that know their line and column.

Every reader below notes what is wrong and returns None, so that one look at a pack finds
all its problems, not the first. YAML 1.2: `no` is a word, a key given twice is an error.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from policies.problems import Problem, did_you_mean

MAX_CHARS = 1_000_000
RESERVED = frozenset(
    {"autonomy", "cannot_be_met", "override_of_hard", "quiet_hours", "unmatched", "malformed_call"}
    | {"brake", "lease", "blast_radius"}
)
"""Ids of what engine and gate say by themselves; no rule may be called the same."""
_INT = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")


@dataclass
class Source:
    """One file being read, with the problems found so far and the ids that are taken, and where."""

    file: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def root(
        self, what: str = "a pack is a mapping that starts with 'policy:' and 'version:'"
    ) -> Node | None:
        """Parse the text; None (and a problem, `what`) when it is no YAML mapping."""
        if len(self.text) > MAX_CHARS:
            self.say_at(0, 0, f"a pack may hold {MAX_CHARS} characters, this is longer")
            return None
        try:
            node = YAML(typ="safe", pure=True).compose(self.text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = " ".join(str(error.problem or error.context or "not YAML").split())
            self.say_at(mark.line if mark else 0, mark.column if mark else 0, what)
            return None
        except YAMLError as error:
            self.say_at(0, 0, " ".join(str(error).split()))
            return None
        except (RecursionError, ValueError) as error:
            self.say_at(0, 0, f"cannot be read as YAML ({type(error).__name__})")
            return None
        if not isinstance(node, MappingNode):
            self.say_at(0, 0, what)
            return None
        return node

    def say_at(self, line: int, col: int, text: str) -> None:
        """Note a problem at a place counted from 0."""
        self.problems.append(Problem(self.file, line + 1, col + 1, text))

    def say(self, node: Node, text: str, *, offset: int = 0) -> None:
        """Note a problem at a node, or `offset` characters into its value."""
        line, col = self.place(node, offset)
        self.say_at(line, col, text)

    def place(self, node: Node, offset: int) -> tuple[int, int]:
        """Line and column (from 0) of a character of a scalar's value, folded or not."""
        index: int = node.start_mark.index
        if isinstance(node, ScalarNode) and (offset or node.style):
            index = self._walk(node, offset)
        before = self.text[:index]
        return before.count("\n"), index - (before.rfind("\n") + 1)

    def _walk(self, node: ScalarNode, offset: int) -> int:
        index: int = node.start_mark.index
        if node.style in ("|", ">"):
            index = self.text.find("\n", index) + 1
        elif node.style in ("'", '"'):
            index += 1
        steps = len("".join(node.value[:offset].split()))
        # Folding changes white space only: the n-th visible character stays the n-th.
        while index < len(self.text) and (steps or self.text[index].isspace()):
            steps -= not self.text[index].isspace()
            index += 1
        return index

    # -- readers ---------------------------------------------------------------------

    def mapping(
        self,
        node: Node,
        what: str,
        *,
        needs: Iterable[str] = (),
        may: Iterable[str] | None = (),
    ) -> dict[str, Node] | None:
        """Keys to nodes. `needs` must be there; any other key than `may` is a problem.

        `may=None` takes every key (names chosen by the pack's author).
        """
        if not isinstance(node, MappingNode):
            self.say(node, f"{what} must be a mapping of keys and values")
            return None
        found: dict[str, Node] = {}
        lines: dict[str, int] = {}
        known = [*needs, *may] if may is not None else None
        for key_node, value in node.value:
            if not isinstance(key_node, ScalarNode):
                self.say(key_node, f"a key of {what} must be one word")
                continue
            key = str(key_node.value)
            if key in lines:
                self.say(key_node, f"key '{key}' already used on line {lines[key]}")
                continue
            lines[key] = key_node.start_mark.line + 1
            if known is not None and key not in known:
                self.say(key_node, f"unknown key '{key}' in {what}{did_you_mean(key, known)}")
                continue
            found[key] = value
        absent = [key for key in needs if key not in lines]
        for key in absent:
            self.say(node, f"{what} lacks the key '{key}'")
        return None if absent else found

    def items(self, node: Node, what: str) -> list[Node]:
        """The members of a list; a problem and nothing when it is none."""
        if isinstance(node, SequenceNode):
            return list(node.value)
        self.say(node, f"{what} must be a list")
        return []

    def string(self, node: Node, what: str) -> str | None:
        """A text that is not empty."""
        if isinstance(node, ScalarNode) and _kind(node) in ("str", "timestamp"):
            if value := str(node.value).strip():
                if not _SURROGATE.search(value):
                    return value
                self.say(node, f"{what} holds half a character, which cannot be written down")
                return None
            self.say(node, f"{what} is empty")
            return None
        self.say(node, f"{what} must be text")
        return None

    def integer(self, node: Node, what: str) -> int | None:
        """A whole number in plain decimal digits."""
        value = self.scalar(node)
        if type(value) is int:
            return value
        self.say(node, f"{what} must be a whole number")
        return None

    def scalar(self, node: Node) -> bool | int | str | None:
        """A bool, whole number or text; None for anything else, without a problem noted."""
        if not isinstance(node, ScalarNode):
            return None
        kind, value = _kind(node), str(node.value)
        if kind == "bool":
            return {"true": True, "false": False}.get(value.lower())
        if kind == "int":
            return int(value.replace("_", "")) if _INT.match(value) and len(value) < 20 else None
        return value if kind in ("str", "timestamp") else None

    def words(self, node: Node, what: str, known: Iterable[str] | None = None) -> tuple[str, ...]:
        """A list of different words, each one of `known` when that is given."""
        allowed = list(known) if known is not None else None
        out: list[str] = []
        for item in self.items(node, what):
            value = self.string(item, f"a member of {what}")
            if value is None:
                continue
            if value in out:
                self.say(item, f"'{value}' stands twice in {what}")
            elif allowed is not None and value not in allowed:
                self.say(item, f"unknown '{value}' in {what}{did_you_mean(value, allowed)}")
            else:
                out.append(value)
        if not out and isinstance(node, SequenceNode) and not node.value:
            self.say(node, f"{what} is empty")
        return tuple(out)

    def identifier(self, node: Node, *, within: str = "") -> str | None:
        """An id that no other rule of the file has; `within` prefixes a row's table."""
        value = self.string(node, "id")
        return value if value and self.claim_id(node, value, within=within) else None

    def claim_id(self, node: Node, value: str, *, within: str = "", offset: int = 0) -> bool:
        """Note an id as taken; False and a problem when it is malformed or taken already."""
        if value in RESERVED:
            self.say(node, f"the engine itself uses the id '{value}'", offset=offset)
            return False
        if not _ID.match(value):
            self.say(node, f"'{value}' is not an id such as no_code_twice or H1", offset=offset)
            return False
        full = f"{within}.{value}" if within else value
        if full in self.seen:
            taken = f"id {full} already used on {self.seen[full]}"
            self.say(node, taken, offset=offset)
            return False
        self.seen[full] = f"line {self.place(node, offset)[0] + 1}"
        return True

    def line(self, node: Node, offset: int = 0) -> int:
        """The line a node, or a character of it, stands on, counted from 1."""
        return self.place(node, offset)[0] + 1

    def no_comment(self, node: Node, what: str) -> None:
        """Refuse a comment behind a value: YAML would cut a condition at ` #`."""
        if not isinstance(node, ScalarNode) or node.style in ("|", ">"):
            return
        end: int = node.end_mark.index
        stop = self.text.find("\n", end)
        rest = self.text[end : stop if stop >= 0 else len(self.text)]
        if rest.lstrip().startswith("#"):
            index = end + rest.index("#")
            before = self.text[:index]
            self.say_at(
                before.count("\n"),
                index - (before.rfind("\n") + 1),
                f"' #' ends {what} here: YAML takes the rest as a comment; "
                "put comments on a line of their own",
            )


def _kind(node: ScalarNode) -> str:
    tag: Any = node.tag
    return str(tag).rpartition(":")[2]
