"""Grading a case on the final store: what was expected of each of its people, and no violation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evals.case_files import Case, Expect
from evals.case_run import Played
from evals.oracle import Oracle, Violation
from evals.record import Record
from prompts.durations import microseconds


@dataclass(frozen=True, slots=True)
class Grade:
    """How one case came out. `missed`: what was expected and is not so, in words."""

    case: str
    missed: tuple[str, ...]
    violations: tuple[Violation, ...]

    @property
    def passed(self) -> bool:
        """Whether it came out as it must."""
        return not self.missed and not self.violations


def grade(cases: Iterable[Case], played: Played) -> tuple[Grade, ...]:
    """One grade a case."""
    violations = Oracle(played.record).violations()
    return tuple(_grade(case, played, violations) for case in cases)


def _grade(case: Case, played: Played, violations: list[Violation]) -> Grade:
    mine = {case.user(person) for person in case.people}
    missed = [
        f"{person}: {said}"
        for person, expect in case.expect.items()
        for said in _missed(expect, case.user(person), played.record, played.began[case.name])
    ]
    texts = [letter.text for letter in played.record.letters if letter.user in mine]
    missed += [
        f"a letter says '{word}'" for word in case.forbidden if any(word in t for t in texts)
    ]
    missed += [
        f"an answer was {said}" for said in played.answers[case.name] if said == "taken twice"
    ]
    return Grade(case.name, tuple(missed), tuple(v for v in violations if v.user in mine))


def _missed(expect: Expect, user: str, record: Record, began: int) -> Iterable[str]:
    letters = [letter for letter in record.letters if letter.user == user]
    codes = [code for code in record.codes if code.user == user and code.status != "void"]
    asked = [question for question in record.questions if question.user == user]
    counts = {
        "letters": len(letters),
        "email": sum(letter.channel == "email" for letter in letters),
        "sms": sum(letter.channel == "sms" for letter in letters),
        "codes": len(codes),
        "reached": sum(j.user == user and j.status == "reached" for j in record.journeys),
        "tickets": sum(ticket.user == user for ticket in record.tickets),
    }
    for name, count in counts.items():
        wanted = getattr(expect, name)
        if wanted is not None and not wanted.holds(count):
            yield f"{count} {name}, expected {wanted}"
    if expect.discount_bp is not None:
        for code in codes:
            if not expect.discount_bp.holds(code.discount_bp):
                yield f"a code of {code.discount_bp} bp, expected {expect.discount_bp}"
    for status, wanted in (expect.questions or {}).items():
        count = sum(question.status == status for question in asked)
        if not wanted.holds(count):
            yield f"{count} questions {status}, expected {wanted}"
    if expect.given_reason is not None:
        sent = {letter.effect_id for letter in letters}
        gave = any(m.overrides and m.effect_id in sent for m in record.moves)
        if gave is not expect.given_reason:
            yield "an exception without its reason" if expect.given_reason else "an exception"
    if expect.within is not None:
        low, high = (microseconds(one) for one in expect.within)
        for letter in letters:
            if not low <= letter.at - began <= high:
                yield f"a letter {(letter.at - began) / 3.6e9:.1f} hours after the beginning"
