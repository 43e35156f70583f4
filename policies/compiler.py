"""From a checked pack to one Python function per kind of action.

The function loads and type-checks every fact first; then it looks at every rule, never
stopping at the first. When a fact is missing, stale or malformed, a second function looks at
the rules that can be told all the same (`policies.closing`).

For whoever decides hundreds of thousands of recorded calls again, `compile_outlook` builds the same
function without reasons and digests: the same rules, in less than half the time.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, TypeAlias

from policies.clauses import Clauses
from policies.closing import Decide, closed
from policies.content import ENGINE, Content
from policies.facts import LAST_INSTANT_US, Fact, FactType, good_set, good_zones
from policies.jurisdictions import holding
from policies.limits import NOW
from policies.obligations import clock, lower, require_wording
from policies.quiet import CannotBeMet, free_until, next_local, quiet_spell
from policies.scope import CONTACT, test
from policies.verdict import Fired, FiredKind, Outcome, Verdict

__all__ = ["ENGINE", "Content", "Decide", "Outlook", "compile_kind", "compile_outlook"]

#: Outcome and obligations; None where a fact is missing, stale or malformed: ask in full.
Outlook: TypeAlias = Callable[
    [Mapping[str, Any], str, Mapping[str, str]], tuple[Outcome, dict[str, Any]] | None
]

#: What each minute of the day looks like on a clock.
_CLOCKS: Final = tuple(clock(minute) for minute in range(1440))
_SLOW: Final = "return slow(facts, call_digest, overrides)"


def lifted(overrides: Mapping[str, str], rule: str) -> bool:
    """Whether a soft rule is lifted: a reason in words is given for it."""
    reason = overrides.get(rule)
    return isinstance(reason, str) and bool(reason.strip())


def compile_kind(content: Content, kind: str) -> Decide:
    """Build the function that decides calls of one kind."""
    facts = content.facts_for(kind)
    clauses = Clauses(content, kind, {name: f"f{i}" for i, name in enumerate(facts)})
    space = _space(clauses) | {"F": Fired, "V": Verdict, "sha256": sha256}
    exec(compile(_source(clauses, facts), f"<{content.name} {kind}>", "exec"), space)
    decide: Decide = space["decide"]
    space["slow"] = closed(content, kind, clauses.every, decide=decide, partial=space["partial"])
    return decide


def compile_outlook(content: Content, kind: str) -> Outlook:
    """Build the function that says what `compile_kind`'s would answer, and not why."""
    facts = content.facts_for(kind)
    of = {name: f"f{i}" for i, name in enumerate(facts)}
    clauses = Clauses(content, kind, of, reasons=False)
    space = _space(clauses) | {"slow": _ask_in_full}
    exec(compile(_source(clauses, facts), f"<{content.name} {kind}, outlook>", "exec"), space)
    outlook: Outlook = space["decide"]
    return outlook


def _space(clauses: Clauses) -> dict[str, Any]:
    """The names that both functions' code uses."""
    return {
        "good_zones": good_zones,
        "good_set": good_set,
        "require_wording": require_wording,
        "quiet_spell": quiet_spell,
        "free_until": free_until,
        "CLOCKS": _CLOCKS,
        "next_local": next_local,
        "CannotBeMet": CannotBeMet,
        "lower": lower,
        "lifted": lifted,
        "NOT_LIFTABLE": clauses.content.not_liftable(),
        "laws": holding(clauses.content.laws, len(clauses.content.quiet)),
        **{f"H{number}": quiet.hours for number, quiet in enumerate(clauses.content.quiet)},
        **clauses.places(),
        **{f"K_{member.name}": member for member in FiredKind},
        **{f"O_{member.name}": member for member in Outcome},
    }


def _ask_in_full(*asked: object) -> None:
    return None


def _source(clauses: Clauses, facts: Mapping[str, Fact]) -> str:
    content, kind, of = clauses.content, clauses.kind, clauses.of
    load = [f"{of[name]} = get({name!r})" for name in facts]
    scopes = {name: test(fact.when, of) if kind == CONTACT else "" for name, fact in facts.items()}
    needed = {scope: f"w{i}" for i, scope in enumerate(sorted({*scopes.values()} - {""}))}
    always = [_check(fact, of) for name, fact in facts.items() if not scopes[name]]
    always += [_fresh(fact, of) for name, fact in facts.items() if fact.age and not scopes[name]]
    # What tells whether a fact is needed is among those that always are.
    weigh = [f"{var} = {scope}" for scope, var in needed.items()]
    held = [(needed[scopes[name]], fact) for name, fact in facts.items() if scopes[name]]
    for var, good in (
        *((var, _check(fact, of)) for var, fact in held),
        *((var, _fresh(fact, of)) for var, fact in held if fact.age),
    ):
        weigh += [f"if {var} and not ({good}):", f"    {_SLOW}"]
    hold = [f"hold = {of[NOW]}", "held = []"] if clauses.defers else []
    digest = "".join(
        f"{name}={{{_printed(fact, of[name], needed.get(scopes[name]))}}}\\n"
        for name, fact in facts.items()
    )
    answer = [
        "fired.sort()",
        "return V(fired[0][1].outcome, tuple([one for _, one in fired]), owed, "
        f"{content.name!r}, {content.version}, {content.sha256!r}, {ENGINE!r}, call_digest, "
        f'sha256(f"{kind}\\n{digest}".encode()).hexdigest())',
    ]
    full = [
        "def decide(facts, call_digest, overrides):",
        "    get = facts.get",
        *_in(load),
        f"    if not ({' and '.join(always) or 'True'}):",
        f"        {_SLOW}",
        *_in(weigh),
        "    fired = []",
        "    add = fired.append",
        "    owed = {}",
        *_in(hold),
        *(line for clause in clauses.every for line in _in(clause.lines)),
        *(_in(answer) if clauses.reasons else ["    return min(fired)[1], owed"]),
    ]
    partial = [
        "def partial(facts, missing, untold, overrides, fired, owed, blame):",
        "    get = facts.get",
        "    add = fired.append",
        *_in(load),
        *_in(hold),
    ]
    for number, clause in enumerate(clauses.every):
        partial.append(f"    if {number} not in untold:")
        if clause.if_unknown == clause.lines:
            partial += _in(_in(clause.lines))
            continue
        partial.append(f"        if missing.isdisjoint({clause.reads!r}):")
        partial += _in(_in(_in(clause.lines)))
        partial.append("        else:")
        partial += _in(_in(_in(clause.if_unknown)))
    return "\n".join([*full, *partial, ""])


def _in(lines: list[str] | tuple[str, ...]) -> list[str]:
    return [f"    {line}" for line in lines]


def _check(fact: Fact, of: Mapping[str, str]) -> str:
    var = of[fact.name]
    match fact.type:
        case FactType.BOOL:
            return f"type({var}) is bool"
        case FactType.INT:
            return f"type({var}) is int and {fact.low} <= {var} <= {fact.high}"
        case FactType.ENUM:
            return f"type({var}) is str and {var} in {fact.values!r}"
        case FactType.SET:
            return f"good_set({var}, {fact.values!r})"
        case FactType.ZONES:
            return f"good_zones({var})"
        case FactType.JURISDICTIONS:
            return f"good_set({var}, {fact.values!r})"
        case FactType.INSTANT:
            return f"type({var}) is int and 0 <= {var} <= {LAST_INSTANT_US}"


def _fresh(fact: Fact, of: Mapping[str, str]) -> str:
    return f"{of[str(fact.age)]} <= {fact.max_age}"


def _printed(fact: Fact, var: str, needed: str | None) -> str:
    """A good fact's value in the digest: `line_of` writes the same; `-` where it is not needed."""
    listed = fact.type in (FactType.ZONES, FactType.SET, FactType.JURISDICTIONS)
    value = f"','.join({var})" if listed else var
    return f"{value} if {needed} else '-'" if needed else value
