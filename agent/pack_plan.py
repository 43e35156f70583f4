"""What would be in force once some texts were: worked out before anything is written.

Other packs may stand on a text that changes, so all of them are read with it; what would break any
of them is refused with its problems. Whether two people are needed is asked of what is in force
now, and of every pack that the change touches: also of one whose goal it takes over, so that
nobody goes around a pack by putting another beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.errors import Invalid
from agent.pack_proofs import unkept
from policies.pack import Pack, PolicyError, load_pack
from store.documents import Key
from tools.pack_set import Compiled, PackSet


@dataclass(frozen=True, slots=True)
class Wish:
    """A text that somebody wants in force. `file` names it in problems."""

    name: str
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`base`: what was in force when it was made; it holds as long as that is so.

    `changed`: the packs that would come into force, each with the wish that brings it. `before`:
    the digests of what they replace, by name.
    """

    base: Key
    wishes: tuple[Wish, ...]
    changed: tuple[tuple[Pack, Wish], ...]
    before: Mapping[str, str]
    two_people: bool

    def version(self, wish: Wish) -> int:
        """The version that a wish's text gives itself."""
        return next(pack.version for pack, _ in self.changed if pack.name == wish.name)


def plan(
    base: Key,
    now: PackSet,
    wishes: tuple[Wish, ...],
    *,
    compiled: Compiled,
    default: str,
    proved: bool = True,
) -> Plan:
    """Work out what these texts would bring about. Raises `Invalid` with every problem.

    `proved`: packs that break their own invariants are refused. What ships was proved before.
    """
    texts = {**now.texts, **{wish.name: wish.text for wish in wishes}}
    then = PackSet(texts, compiled)
    problems: list[str] = []
    for wish in wishes:
        problems += _wrong(wish, then)
    if problems:
        raise Invalid("\n".join(dict.fromkeys(problems)))
    touched = sorted({name for wish in wishes for name in then.on_top_of(wish.name)})
    for name in touched:
        if name in then.broken and name not in now.broken:
            problems.append(f"the pack '{name}' stands on this text and could not be used any more")
            problems += [str(problem) for problem in then.broken[name].problems]
    problems += _contested(then, default)
    if problems:
        raise Invalid("\n".join(dict.fromkeys(problems)))
    for name in touched if proved else ():
        if name not in then.broken:
            problems += unkept(then.pack(name))
    if problems:
        raise Invalid("\n".join(dict.fromkeys(problems)))
    before = {name: now.pack(name).sha256 for name in now.names if name not in now.broken}
    changed = tuple(
        (pack, _brought_by(pack, wishes))
        for name in touched
        if name not in then.broken and before.get(name) != (pack := then.pack(name)).sha256
    )
    return Plan(base, wishes, changed, before, _two_people(now, then, touched, default))


def _wrong(wish: Wish, then: PackSet) -> list[str]:
    """What is wrong with a text by itself, in the words of its own file."""
    if wish.name in then.broken:
        try:
            load_pack(wish.text, file=wish.file, library=then.texts)
        except PolicyError as broken:
            return [str(problem) for problem in broken.problems]
        return [str(problem) for problem in then.broken[wish.name].problems]
    pack = then.pack(wish.name)
    if pack.name != wish.name:
        return [f"the text is the pack '{pack.name}', not '{wish.name}'"]
    return []


def _contested(then: PackSet, default: str) -> list[str]:
    """Goals and budgets that two packs would have a say in."""
    problems = [
        f"the goal '{goal}' would be decided by the packs {' and '.join(names)}; a goal has one"
        for goal, names in then.goals.items()
        if len(names) > 1
    ]
    counted: dict[str, tuple[str, str]] = {}
    for name in then.names:
        if name in then.broken:
            continue
        pack = then.pack(name)
        for budget in pack.budgets:
            other, currency = counted.setdefault(budget.id, (name, pack.currency))
            if currency != pack.currency:
                problems.append(
                    f"the budget '{budget.id}' is counted in {currency} by the pack '{other}' and "
                    f"in {pack.currency} by '{name}'; call one of them something else"
                )
    return problems


def _brought_by(pack: Pack, wishes: tuple[Wish, ...]) -> Wish:
    """The highest of a pack's texts that is among the wishes."""
    by_name = {wish.name: wish for wish in wishes}
    return next(by_name[text.name] for text in reversed(pack.texts) if text.name in by_name)


def _two_people(now: PackSet, then: PackSet, touched: list[str], default: str) -> bool:
    """Whether anything that decides now, and would decide otherwise, asks for two people."""
    asked = {name for name in touched if name in now.texts}
    for goal in {*now.goals, *then.goals}:
        before, after = (packs.goals.get(goal, [default]) for packs in (now, then))
        if before != after:
            asked.update(name for name in before if name in now.texts)
    return any(now.asks_for_two(name) for name in asked)
