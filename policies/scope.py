"""Which contacts something is about: `{class: [marketing]}`, as rules, limits and facts say it.

A rule or a limit `obeys`, a fact is needed only `when`. Calls of other kinds have no class or
channel: a scope narrows contacts and leaves everything else as it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node

from policies.facts import Fact, FactType
from policies.problems import words
from policies.source import Source

CONTACT: Final = "contact"
OFFER: Final = "offer"
Scope = Mapping[str, tuple[str, ...]]


def read_scope(
    source: Source,
    node: Node,
    what: str,
    facts: Mapping[str, Fact],
    *,
    on: str = CONTACT,
    only: tuple[str, ...] | None = None,
) -> Scope:
    """Read a scope against the enums that such calls have of their own, `action.class` and such.

    `only`: what may narrow it, of those.
    """
    out: dict[str, tuple[str, ...]] = {}
    choices = {
        name.removeprefix("action."): fact
        for name, fact in facts.items()
        if name.startswith("action.") and fact.type is FactType.ENUM and on in fact.kinds
    }
    if only is not None:
        choices = {key: fact for key, fact in choices.items() if key in only}
    for key, value in (source.mapping(node, what, may=choices) or {}).items():
        out[key] = source.words(value, f"{key}:", choices[key].values)
    return out


def read_when(source: Source, node: Node, facts: dict[str, Fact]) -> None:
    """Read the `when:` of every fact; by then all facts are known."""
    for key, body in node.value:
        fact = facts.get(str(key.value))
        if fact is None or not isinstance(body, MappingNode):
            continue
        for inner, value in body.value:
            if str(inner.value) != "when":
                continue
            if CONTACT not in fact.kinds or fact.name.startswith("action."):
                text = f"when: is for facts of {CONTACT} that are not the action's own"
                source.say(value, text)
            else:
                scope = read_scope(source, value, "when:", facts)
                facts[fact.name] = replace(fact, when=scope)


def reads(scope: Scope) -> tuple[str, ...]:
    """The facts that tell whether a contact is in the scope."""
    return tuple(f"action.{key}" for key in scope)


def test(scope: Scope, of: Mapping[str, str]) -> str:
    """Python code that is true of contacts in the scope; empty when that is all of them."""
    return " and ".join(f"{of[f'action.{key}']} in {values!r}" for key, values in scope.items())


def holds(scope: Scope, values: Mapping[str, Any]) -> bool:
    """Whether a contact with these facts is in the scope."""
    return all(values[f"action.{key}"] in allowed for key, allowed in scope.items())


def said(scope: Scope) -> str:
    """The scope in words; `all` when it is about every contact."""
    return " and ".join(f"{key} {' or '.join(values)}" for key, values in scope.items()) or "all"


def check_known(
    source: Source,
    node: Node,
    names: tuple[str, ...],
    facts: Mapping[str, Fact],
    *,
    on: tuple[str, ...],
    obeys: Scope,
) -> None:
    """Note a problem for each fact that something reads where it need not be known."""
    if CONTACT not in on:
        return
    for fact in (facts[name] for name in names if name in facts):
        if not all(key in obeys and set(obeys[key]) <= set(fact.when[key]) for key in fact.when):
            where = ", ".join(f"{key}: [{words(values)}]" for key, values in fact.when.items())
            text = f"'{fact.name}' is known only when {{{where}}}; add obeys: {{{where}}}"
            source.say(node, text)
