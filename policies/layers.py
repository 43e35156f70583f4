"""A pack built on others: organisation, then industry, then goal.

`extends: NAME` puts a pack on top of another. Everything of the packs below stays in force: a pack
adds rules, caps, tables and facts, and moves a param only the way that is stricter. So the
strictest of all layers wins, and nobody loosens from above what was decided below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ruamel.yaml.nodes import Node

from policies.problems import did_you_mean
from policies.source import Source

SECTIONS: Final = (
    *("currency", "goals", "four_eyes", "params", "facts", "hard", "soft", "ask", "tables"),
    *("caps", "quiet_hours", "jurisdictions", "budgets", "approvals", "invariants"),
    "arbitration",
)
MOST_LAYERS: Final = 5


@dataclass(frozen=True, slots=True)
class Layer:
    """One text of a pack, opened: its name and version, its sections, and where it stands."""

    name: str
    version: int
    source: Source
    keys: Mapping[str, Node]

    @property
    def sha256(self) -> str:
        """The digest of this text alone."""
        return sha256(self.source.text.encode("utf-8", "surrogatepass")).hexdigest()


def open_layers(source: Source, library: Mapping[str, str]) -> list[Layer]:
    """The texts a pack is made of, the lowest first; problems are noted where they are.

    Empty where the pack cannot be read at all.
    """
    layers: list[Layer] = []
    seen: set[str] = set()
    current: Source | None = source
    while current is not None:
        layer, below = _open(current)
        if layer is None:
            return []
        layers.append(layer)
        seen.add(layer.name)
        current = None
        if below is None:
            break
        node, name = below
        if name in seen:
            layer.source.say(node, f"'{name}' is built on this pack: neither can be the lower one")
            return []
        if len(layers) == MOST_LAYERS:
            layer.source.say(node, f"a pack is made of {MOST_LAYERS} texts at most")
            return []
        text = library.get(name)
        if text is None:
            hint = did_you_mean(name, library)
            layer.source.say(node, f"there is no pack '{name}' to build on{hint}")
            return []
        current = Source(f"{name}.yaml", text, source.problems)
    layers.reverse()
    for lower, upper in zip(layers, layers[1:], strict=False):
        if upper.keys["extends"].value != lower.name:
            upper.source.say(upper.keys["extends"], f"that text is the pack '{lower.name}'")
            return []
    return layers


def digest(layers: list[Layer], also: Mapping[str, str]) -> str:
    """What the whole is known by: of one text its own digest, of several that of their list.

    `also`: other texts that it was read with, by name.
    """
    if len(layers) == 1 and not also:
        return layers[0].sha256
    listed = [f"{layer.name} {layer.sha256}\n" for layer in layers]
    listed += [f"{name} {sha256(also[name].encode()).hexdigest()}\n" for name in sorted(also)]
    return sha256("".join(listed).encode()).hexdigest()


def extends(text: str, *, file: str) -> str | None:
    """The pack that a text says it is built on, without reading the rest of it."""
    source = Source(file, text)
    root = source.root()
    keys = source.mapping(root, "the pack", may=None) if root is not None else None
    return None if keys is None or "extends" not in keys else str(keys["extends"].value)


def _open(source: Source) -> tuple[Layer | None, tuple[Node, str] | None]:
    root = source.root()
    if root is None:
        return None, None
    keys = source.mapping(root, "the pack", needs=("policy", "version"), may=("extends", *SECTIONS))
    if keys is None:
        return None, None
    name = source.string(keys["policy"], "policy:")
    version = source.integer(keys["version"], "version:")
    if version is not None and not 1 <= version < 2**31:
        source.say(keys["version"], "version: counts from 1")
    below = None
    absent: list[str] = []
    if "extends" in keys:
        said = source.string(keys["extends"], "extends:")
        if said is None:
            return None, None
        below = (keys["extends"], said)
    else:
        absent = [key for key in ("currency", "facts") if key not in keys]
        for key in absent:
            source.say(root, f"the pack lacks the key '{key}'")
    if absent or name is None or version is None:
        return None, None
    return Layer(name, version, source, keys), below
