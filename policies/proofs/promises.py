"""Whether a pack keeps its invariants, in every case there could be.

Proved only where no case at all breaks it. Where one might, but none was found that the gate itself
confirms, it is not proved, and that is an error too.
"""

from __future__ import annotations

from policies.invariants import Invariant
from policies.proofs.cases import Case
from policies.proofs.logic import Possible, Term
from policies.proofs.report import Finding, Held
from policies.proofs.setting import Setting, decided
from policies.proofs.writing import written
from policies.verdict import Outcome

ANSWERS = {
    Outcome.ALLOW: "allowed",
    Outcome.NEEDS_REASON: "allowed for a reason",
    Outcome.REVIEW: "looked at by an operator",
    Outcome.APPROVAL: "signed by an approver",
    Outcome.DENY: "denied",
}


def kept(setting: Setting, invariant: Invariant) -> Finding | None:
    """None when it holds for calls of this kind, else what is wrong."""
    logic = setting.logic
    when = logic.named(written(invariant.condition.tree, setting.space))
    milder = logic.negated(setting.answers.reaches[invariant.at_least])
    possible = logic.possible(when, milder)
    if possible is Possible.NO:
        return None
    if possible is Possible.UNKNOWN:
        return _not_proved(setting, invariant, "it could not be decided in time")
    case = _case(setting, invariant, when)
    if case is None:
        why = "whether it holds hangs on time zones or on what this check does not see through"
        return _not_proved(setting, invariant, why)
    answer = decided(setting.pack, case).outcome
    text = (
        f"invariant {invariant.id} does not hold: calls of {setting.kind} with "
        f"{invariant.condition.text} must at least be {ANSWERS[invariant.at_least]}, "
        f"and can be {ANSWERS[answer]}"
    )
    return _finding(invariant, text, case=case)


def _case(setting: Setting, invariant: Invariant, when: Term) -> Case | None:
    """A case that breaks it, the mildest there is, and that the gate itself confirms."""
    for outcome in Outcome:
        if outcome.rank < invariant.at_least.rank:
            answer = setting.answers.answers[outcome]
            case = setting.finder.find([when, answer], invariant.condition.facts)
            if case is not None and decided(setting.pack, case).outcome is outcome:
                return case
    return None


def says_nothing(settings: list[Setting], invariant: Invariant) -> Finding | None:
    """A warning where the cases of an invariant cannot arise at all."""
    for setting in settings:
        when = setting.logic.named(written(invariant.condition.tree, setting.space))
        if setting.logic.possible(when) is not Possible.NO:
            return None
    text = f"invariant {invariant.id} is about no case that can arise: it holds, and says nothing"
    return Finding(invariant.file, invariant.line, invariant.col, "warning", invariant.id, text)


def held(invariant: Invariant) -> Held:
    """The invariant as one that was proved."""
    return Held(invariant.id, invariant.because, invariant.on, invariant.at_least)


def _not_proved(setting: Setting, invariant: Invariant, why: str) -> Finding:
    return _finding(
        invariant, f"invariant {invariant.id} is not proved for calls of {setting.kind}: {why}"
    )


def _finding(invariant: Invariant, text: str, case: Case | None = None) -> Finding:
    place = (invariant.file, invariant.line, invariant.col)
    return Finding(*place, "error", invariant.id, text, case)
