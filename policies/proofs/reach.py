"""Which answers can calls get at all: by kind, by the agent's autonomy, by class of message."""

from __future__ import annotations

from typing import Final

from policies.facts import FactType
from policies.proofs.logic import Possible, Term
from policies.proofs.report import Reach
from policies.proofs.setting import Setting
from policies.verdict import Outcome

AUTONOMY: Final = "agent.autonomy"
CLASS: Final = "action.class"


def reach(setting: Setting) -> list[Reach]:
    """Every combination of autonomy and class there is for this kind."""
    found = []
    for autonomy, with_it in _choices(setting, AUTONOMY):
        for message_class, of_it in _choices(setting, CLASS):
            outcomes, told = [], True
            for outcome in Outcome:
                term = setting.answers.answers[outcome]
                possible = setting.logic.possible(term, *with_it, *of_it)
                if possible is Possible.YES:
                    outcomes.append(outcome)
                told = told and possible is not Possible.UNKNOWN
            found.append(Reach(setting.kind, autonomy, message_class, tuple(outcomes), told))
    return found


def _choices(setting: Setting, name: str) -> list[tuple[str | None, list[Term]]]:
    fact = setting.answers.facts.get(name)
    if fact is None or fact.type is not FactType.ENUM:
        return [(None, [])]
    words = setting.space.of(fact).words
    return [(word, [term]) for word, term in words.items()]
