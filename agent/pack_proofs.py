"""What is proved of policy packs, for people: findings, invariants, what changes between two.

Proving takes a bounded time and a thread of its own; what there was no time for is told, and never
taken for proved. Everything that reads the text of a pack here does so through `loaded`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic
from typing import Any, Final

from agent.errors import NotReady
from agent.fact_words import moment, name_of, value_of
from policies.limits import NOW, ZONES
from policies.pack import Pack, PolicyError, load_pack
from policies.proofs.cases import Case
from policies.proofs.check import broken_promises, examine, nobody
from policies.proofs.diff import Diff, diff
from policies.proofs.promises import ANSWERS
from policies.proofs.report import Finding, Report
from policies.verdict import Outcome
from tools.registry import TOOLS

LIMIT_S: Final = 20.0
_AT_ONCE: Final = 2
_KINDS: Final = sorted({tool.kind.value for tool in TOOLS.values()})
_DESK = BoundedSemaphore(_AT_ONCE)
Told = Callable[[int, int], None]


def loaded(text: str, file: str, library: Mapping[str, str]) -> Pack:
    """The pack of a text, read on top of others by name. Raises `PolicyError`."""
    return load_pack(text, file=file, library=library)


def check_and_prove(
    text: str,
    *,
    file: str,
    library: Mapping[str, str],
    limit_s: float = LIMIT_S,
    tell: Told = nobody,
) -> dict[str, Any]:
    """What is wrong with a text, and what can be proved of it. Raises `NotReady`.

    `problems` are what stops it from being published; `findings` tell more of the pack, each with
    an example in words. `finished`: it was not cut short, so that no finding means there is none.
    """
    try:
        pack = loaded(text, file, library)
    except PolicyError as broken:
        problems = [str(problem) for problem in broken.problems]
        return {"ok": False, "problems": problems, "findings": []}
    with _desk(limit_s) as over:
        texts = {text.file: text.text for text in pack.texts}
        report = examine(pack, texts=texts, kinds=_KINDS, over=over, tell=tell)
    return {
        "ok": not report.errors,
        "problems": [_line(one, pack) for one in report.errors],
        "policy": pack.name,
        "version": pack.version,
        **_told(report, pack),
    }


def compare(
    before: Pack, after: Pack, *, limit_s: float = LIMIT_S, tell: Told = nobody
) -> dict[str, Any]:
    """What changes from one pack to another, each change with an example. Raises `NotReady`."""
    with _desk(limit_s) as over:
        found = diff(before, after, over=over, tell=tell)
    return {
        "before": {"policy": before.name, "version": before.version},
        "after": {"policy": after.name, "version": after.version},
        **_changes(found, before, after),
    }


def unkept(pack: Pack, *, limit_s: float = LIMIT_S) -> list[str]:
    """Each invariant of a pack that does not hold, or is not proved, with an example."""
    if not pack.content.invariants:
        return []
    with _desk(limit_s) as over:
        return [_line(one, pack) for one in broken_promises(pack, over=over)]


@contextmanager
def _desk(limit_s: float) -> Iterator[Callable[[], bool]]:
    """One of the few places where something is proved, with the end of its time."""
    if not _DESK.acquire(timeout=limit_s):
        raise NotReady("other packs are being proved; try again in a moment")
    try:
        end = monotonic() + limit_s
        yield lambda: monotonic() > end
    finally:
        _DESK.release()


def _told(report: Report, pack: Pack) -> dict[str, Any]:
    tools: dict[str, list[str]] = {}
    for tool in TOOLS.values():
        tools.setdefault(tool.kind.value, []).append(tool.name)
    return {
        "findings": [_finding(one, pack) for one in report.findings],
        "invariants": [
            {"id": one.id, "because": one.because, "on": list(one.on), "at_least": one.at_least}
            for one in report.held
        ],
        "answers": [
            {
                "kind": one.kind,
                "tools": tools.get(one.kind, []),
                "autonomy": one.autonomy,
                "class": one.message_class,
                "can_be": [outcome.value for outcome in one.outcomes],
                "settled": one.told,
            }
            for one in report.reach
        ],
        "finished": report.finished,
    }


def _finding(finding: Finding, pack: Pack) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "col": finding.col,
        "severity": finding.severity,
        "rule": finding.about,
        "text": finding.text,
        "example": example(finding.case, pack) if finding.case else [],
    }


def _line(finding: Finding, pack: Pack) -> str:
    shown = said(example(finding.case, pack)) if finding.case else ""
    return f"{finding}{f'; for example {shown}' if shown else ''}"


def said(shown: list[dict[str, Any]]) -> str:
    """An example in one line: `the discount: 1 %, the margin after the discount: 10 %`."""
    return ", ".join(f"{one['name']}: {one['words']}" for one in shown)


def example(case: Case, pack: Pack) -> list[dict[str, Any]]:
    """The facts that make a case what it is, raw and in words."""
    return [
        {
            "fact": fact,
            "name": _name(fact, pack),
            "value": list(value) if isinstance(value, tuple) else value,
            "words": _words(fact, value, pack.currency),
        }
        for fact, value in case.told.items()
    ]


def _name(fact: str, pack: Pack) -> str:
    known = pack.facts.get(fact)
    return known.says if known is not None and known.says else name_of(fact)


def _words(fact: str, value: Any, currency: str) -> str:
    if fact == NOW:
        return moment(value, None)
    if fact == ZONES:
        return ", ".join("UTC" if zone == "Etc/UTC" else zone for zone in value)
    return value_of(fact, value, currency)


def _changes(found: Diff, before: Pack, after: Pack) -> dict[str, Any]:
    return {
        "changed": [
            {
                "section": one.section,
                "name": one.name,
                "what": one.what,
                "before": one.before,
                "after": one.after,
            }
            for one in found.altered
        ],
        "answers": [
            {
                "kind": one.kind,
                "rules": list(one.rules),
                "because": _because(one.rules, before, after),
                "before": one.before,
                "after": one.after,
                "text": f"{', '.join(one.rules)}: {_headline(one.before, one.after)}",
                "example": example(one.case, after),
            }
            for one in found.outcomes
        ],
        "obligations": [
            {"kind": one.kind, "what": one.what, "example": example(one.case, after)}
            for one in found.owed
        ],
        "untold": list(found.untold),
        "answers_alike": found.answers_alike,
    }


def _because(rules: tuple[str, ...], before: Pack, after: Pack) -> list[str]:
    views = [after.rule(rule) or before.rule(rule) for rule in rules]
    return [view.because for view in views if view is not None]


def _headline(before: Outcome, after: Outcome) -> str:
    return f"NEWLY {ANSWERS[after].upper()}, was {ANSWERS[before]}"
