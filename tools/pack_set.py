"""Every pack in force at one moment, compiled, and which of them decides what.

A pack may stand on others and may name the goals that it decides; whatever no pack names, the
deployment's own pack decides. A pack in force that can no longer be read (this version of Usher
knows more words than the last) answers for nothing, and its goals fall to nobody else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import lru_cache
from threading import Lock

from policies.jurisdictions import NAME
from policies.outline import Outline, outline
from policies.pack import Pack, PolicyError, load_pack
from store.documents import digest

_MOST_KEPT = 64


class NoPack(LookupError):
    """There is no policy pack to decide this, so nothing can be allowed."""


class Compiled:
    """Packs compiled once for the texts that they are made of. Safe to use from any thread."""

    def __init__(self) -> None:
        self._packs: OrderedDict[tuple[str, ...], Pack] = OrderedDict()
        self._lock = Lock()

    def take(self, name: str, texts: Mapping[str, str]) -> Pack:
        """The pack of this name, made of these texts by name. Raises `PolicyError`."""
        used = [*layers(name, texts), *([NAME] if NAME in texts else [])]
        key = tuple(digest(texts[one]) for one in used)
        with self._lock:
            pack = self._packs.get(key)
            if pack is not None:
                self._packs.move_to_end(key)
                return pack
        pack = load_pack(texts[name], file=f"{name}.yaml", library=texts)
        with self._lock:
            self._packs[key] = pack
            while len(self._packs) > _MOST_KEPT:
                self._packs.popitem(last=False)
        return pack


class PackSet:
    """The packs of these texts. Reading one that is broken raises what is wrong with it."""

    def __init__(self, texts: Mapping[str, str], compiled: Compiled) -> None:
        self.texts = dict(texts)
        self.broken: dict[str, PolicyError] = {}
        self._packs: dict[str, Pack] = {}
        self._goals: dict[str, list[str]] = {}
        self._unreadable: PolicyError | None = None
        for name in self.names:
            try:
                pack = self._packs[name] = compiled.take(name, texts)
            except PolicyError as broken:
                self.broken[name] = broken
                said = _said(texts[name])
                goals = () if said is None else said.goals
                self._unreadable = broken if said is None else self._unreadable
            else:
                goals = pack.goals
            for goal in goals:
                self._goals.setdefault(goal, []).append(name)

    @property
    def names(self) -> list[str]:
        """Every pack, by name; what they are only read with is no pack."""
        return sorted(self.texts.keys() - {NAME})

    @property
    def goals(self) -> dict[str, list[str]]:
        """Goals that packs name, each with its packs; more than one is a mistake."""
        return {goal: list(names) for goal, names in self._goals.items()}

    def pack(self, name: str) -> Pack:
        """One pack. Raises `NoPack`, and `PolicyError` where it cannot be used."""
        if name in self.broken:
            raise self.broken[name]
        found = self._packs.get(name)
        if found is None:
            raise NoPack(f"no live policy pack '{name}': put one with PUT /v1/policies/{name}")
        return found

    def decides(self, goal: str) -> str | None:
        """The pack that names this goal; None: the deployment's own decides it."""
        if self._unreadable is not None:
            raise self._unreadable
        names = self._goals.get(goal, [])
        if len(names) > 1:
            raise NoPack(f"the goal '{goal}' is named by the packs {', '.join(names)}")
        return names[0] if names else None

    def in_use(self, default: str, goals: Collection[str] | None = None) -> list[str]:
        """The packs that decide something: the deployment's own, and those that name goals.

        `goals`: only these count, where it is said which there are.
        """
        asked = self._goals if goals is None else goals
        named = {name for goal in asked for name in self._goals.get(goal, ())}
        return [default, *sorted(named - {default})]

    def on_top_of(self, name: str) -> list[str]:
        """This pack and every pack that stands on it."""
        return [one for one in self.names if name in layers(one, self.texts)]

    def asks_for_two(self, name: str) -> bool:
        """Whether a change of this pack needs a second person; of a broken one, if it may."""
        if name in self._packs:
            return self._packs[name].four_eyes
        said = [_said(self.texts[one]) for one in layers(name, self.texts)]
        return any(one is None or one.four_eyes for one in said)


def layers(name: str, texts: Mapping[str, str]) -> list[str]:
    """The names of the texts that a pack is made of, the lowest first, as far as they are there."""
    found: list[str] = []
    current: str | None = name
    while current is not None and current in texts and current not in found:
        found.append(current)
        said = _said(texts[current])
        current = None if said is None else said.extends
    return found[::-1]


@lru_cache(maxsize=_MOST_KEPT)
def _said(text: str) -> Outline | None:
    return outline(text, file="pack")
