"""The terms of a pack say what its gate says: the same answer to the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from evals.flat_pack import flat_commerce
from policies.facts import KINDS
from policies.limits import NOW
from policies.obligations import CAP_DISCOUNT_BP, REQUIRE_FOOTER
from policies.pack import Pack, load_pack
from policies.proofs.answers import NO_LIMIT
from policies.proofs.logic import EFFORT, Possible, Term, no_end
from policies.proofs.setting import Setting
from policies.proofs.space import Family
from policies.verdict import Outcome
from tests.policies.packs import SMALL, ask, commerce, small, swapped
from tests.policies.proofs.drawn import facts, numbers_of

ODD = swapped(
    "soft:\n",
    """\
  - id: sums
    on: [contact]
    never_when: >-
      customer.orders + action.discount_bp - 3 > 1999 and (action.channel == "sms") !=
      customer.suppressed or 3 <= action.useful_minutes < 5
    obeys: {class: [marketing]}
    because: Odd
  - id: later
    on: [contact]
    never_when: customer.orders in (1, 2, 500) or not (action.channel not in ("sms",))
    obeys: {class: [marketing]}
    then: {defer_until_local: "11:30", cap_discount_bp: 700}
    because: Odd too
soft:
""",
)


def fixed(setting: Setting, drawn: Mapping[str, Any]) -> list[Term]:
    """What makes the space the one case of these facts."""
    terms = list(setting.finder.exact)
    for name, wanted in drawn.items():
        (unknown,) = setting.space.unknowns[name]
        if unknown.family is Family.WORD:
            terms.append(unknown.words[wanted])
        elif unknown.family is not Family.ZONES:
            term = unknown.term if unknown.family is Family.TRUTH else unknown.term == wanted
            terms.append(setting.logic.negated(term) if wanted is False else term)
    return [setting.logic.named(setting.logic.all(terms))]


def agrees(pack: Pack, text: str, *, rounds: int, seed: int) -> None:
    chance, near = Random(seed), numbers_of(text)
    for kind in KINDS:
        setting = Setting(pack, kind, effort=EFFORT, over=no_end)
        for _ in range(rounds):
            drawn = facts(pack, kind, chance, near, zones=False)
            if NOW in drawn:
                drawn[NOW] -= drawn[NOW] % 60_000_000
            verdict = ask(pack, kind, drawn)
            if verdict.missing:  # too old: no case of this space
                assert setting.logic.possible(*fixed(setting, drawn)) is Possible.NO
                continue
            assert setting.logic.possible(*fixed(setting, drawn)) is Possible.YES
            told = [one for one in Outcome if setting.logic.value(setting.answers.answers[one])]
            assert told == [verdict.outcome], (kind, drawn, verdict.as_json())
            owed = verdict.obligations
            limit = setting.logic.value(setting.answers.limit)
            assert limit == owed.get(CAP_DISCOUNT_BP, NO_LIMIT)
            footer = setting.logic.value(setting.answers.footer)
            assert footer == owed.get(REQUIRE_FOOTER, False)
            fires = {one.rule for one in setting.answers.said if setting.logic.value(one.fires)}
            assert {one.rule for one in verdict.fired} == fires, (kind, drawn)


@pytest.mark.parametrize("seed", range(2))
def test_the_terms_of_the_shipped_pack_say_what_its_gate_says(seed: int) -> None:
    agrees(commerce(), flat_commerce(), rounds=25, seed=seed)


@pytest.mark.parametrize("seed", range(2))
def test_the_terms_of_a_pack_that_defers_and_asks_say_what_its_gate_says(seed: int) -> None:
    agrees(small(), SMALL, rounds=25, seed=seed)


def test_sums_chains_lists_and_two_deferrals_are_written_right() -> None:
    pack = load_pack(ODD, file="odd.yaml")
    agrees(pack, ODD + " 30 150 210 1499", rounds=80, seed=11)
