"""What changes between two packs: each change with a real case, and silence only where proved."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from evals.flat_pack import flat_commerce
from policies.facts import KINDS
from policies.pack import Pack, PolicyError, load_pack
from policies.proofs.diff import Diff, diff
from policies.proofs.setting import decided
from policies.verdict import Outcome
from tests.policies.packs import SMALL, ask, swapped
from tests.policies.proofs.drawn import facts, numbers_of

SHOP = flat_commerce()
Row = tuple[str, tuple[str, ...], Outcome, Outcome]


def pack_of(text: str) -> Pack:
    return load_pack(text, file="p.yaml")


def compared(before: str, after: str) -> Diff:
    """A comparison of which every case was asked of both gates again."""
    old, new = pack_of(before), pack_of(after)
    found = diff(old, new)
    for one in found.outcomes:
        assert decided(old, one.case).outcome is one.before
        assert decided(new, one.case).outcome is one.after
    for owed in found.owed:
        assert decided(old, owed.case).obligations != decided(new, owed.case).obligations
    return found


def rows(found: Diff) -> set[Row]:
    return {(one.kind, one.rules, one.before, one.after) for one in found.outcomes}


def test_a_lower_floor_newly_allows_and_the_case_stands_right_at_the_floor() -> None:
    after = swapped("min_margin_bp: {value: 1500,", "min_margin_bp: {value: 1000,", SHOP)
    found = compared(SHOP, after)
    first = next(one for one in found.outcomes if one.after is Outcome.ALLOW)
    assert (first.kind, first.rules, first.before) == ("offer", ("margin_floor",), Outcome.DENY)
    assert first.case.facts["action.discount_bp"] == 1
    assert first.case.facts["margin.after_discount_bp"] == 1000
    (altered,) = found.altered
    assert (altered.section, altered.name) == ("params", "min_margin_bp")
    assert (altered.before, altered.after) == ("1500", "1000")
    assert not found.untold and not found.answers_alike


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("customer.suppressed\n", "customer.suppressed and action.discount_bp > 0\n",
         ("contact", ("suppressed",), Outcome.DENY, Outcome.ALLOW)),
        ("most_bp: 2000", "most_bp: 1900",
         ("contact", ("too_much",), Outcome.REVIEW, Outcome.DENY)),
        ('avoid_when: action.channel == "sms"', 'avoid_when: action.channel == "email"',
         ("contact", ("prefer_email",), Outcome.ALLOW, Outcome.NEEDS_REASON)),
        ("    max: 3", "    max: 2", ("contact", ("weekly",), Outcome.ALLOW, Outcome.DENY)),
        ('to: "08:00"', 'to: "09:00"',
         ("contact", ("quiet_hours",), Outcome.ALLOW, Outcome.DENY)),
        ("gold             | >= 2000        || 1500", "gold             | >= 2000        || 1400",
         ("offer", ("tier.gold",), Outcome.REVIEW, Outcome.DENY)),
        ("| supervised     | -                  || review ",
         "| supervised     | -                  || approval",
         ("offer", ("matrix.larger",), Outcome.REVIEW, Outcome.APPROVAL)),
        ("obeys: {class: [marketing]}\n    because: Three", "obeys: {}\n    because: Three",
         ("contact", ("weekly",), Outcome.ALLOW, Outcome.DENY)),
        ("enum: [email, sms], for", "enum: [email, sms, push], for",
         ("contact", ("facts",), Outcome.DENY, Outcome.ALLOW)),
        ("item.margin_bp: {int: [-10000,", "item.margin_bp: {int: [0,",
         ("offer", ("facts",), Outcome.ALLOW, Outcome.DENY)),
    ],
)  # fmt: skip
def test_a_change_is_told_by_the_rule_behind_it(old: str, new: str, row: Row) -> None:
    assert row in rows(compared(SMALL, swapped(old, new)))


def test_a_row_and_the_row_it_takes_from_are_told_together() -> None:
    after = swapped(
        "      | small  |",
        "      | tiny   | supervised     | <= 10              || approval | Hm           |\n"
        "      | small  |",
    )
    assert rows(compared(SMALL, after)) >= {
        ("contact", ("matrix.small", "matrix.tiny"), Outcome.ALLOW, Outcome.APPROVAL)
    }


def test_a_rule_that_is_added_and_one_that_goes_are_told() -> None:
    rule = "  - {id: extra, never_when: action.discount_bp > 1500, because: Hm}\n"
    after = swapped("soft:\n", f"{rule}soft:\n")
    added, gone = compared(SMALL, after), compared(after, SMALL)
    assert [(one.section, one.name, one.what) for one in added.altered] == [
        ("rules", "extra", "added")
    ]
    assert [one.what for one in gone.altered] == ["removed"]
    back = {(kind, rules, two, one) for kind, rules, one, two in rows(gone)}
    assert rows(added) == back


def test_a_redundant_rule_is_told_as_text_and_changes_no_answer() -> None:
    rule = "  - {id: extra, never_when: action.discount_bp > 2500, because: Hm}\n"
    found = compared(SMALL, swapped("soft:\n", f"{rule}soft:\n"))
    assert found.answers_alike and [one.name for one in found.altered] == ["extra"]


def test_another_reason_or_order_of_words_changes_no_answer() -> None:
    after = swapped("They asked us to stop", "Stop").replace("[gold, silver, new]",
                                                             "[new, gold, silver]")  # fmt: skip
    found = compared(SMALL, after)
    assert found.answers_alike and not found.owed
    assert {one.name for one in found.altered} == {"suppressed", "customer.segment"}
    assert compared(SMALL, SMALL) == Diff((), (), (), (), finished=True)


def test_a_fact_that_changes_its_type_is_denied_by_one_of_the_two() -> None:
    after = swapped("learned.score: {int: [0, 100]", "learned.score: {enum: [low, high]").replace(
        "learned.score < 10", 'learned.score == "low"'
    )
    found = rows(compared(SMALL, after))
    assert ("contact", ("facts",), Outcome.ALLOW, Outcome.DENY) in found or any(
        "facts" in rules and two is Outcome.DENY for _, rules, _, two in found
    )
    assert any("facts" in rules and one is Outcome.DENY for _, rules, one, _ in found)


def test_what_is_owed_otherwise_is_told_where_the_answer_stays() -> None:
    footer = "  - {id: foot, on: [contact], never_when: action.discount_bp > 3, then: {%s}, because: Hm}\n"  # noqa: E501
    after = swapped("soft:\n", footer % "require_footer: true" + "soft:\n")
    found = compared(SMALL, after)
    assert not found.outcomes and [one.what for one in found.owed] == [
        "the footer that a message must carry"
    ]
    after = swapped("soft:\n", footer % 'defer_until_local: "10:00"' + "soft:\n")
    assert "when a message is put off" in {one.what for one in compared(SMALL, after).owed}
    tier = swapped(">= 2000        || 1500", ">= 2000        || 1600")
    assert {one.what for one in compared(SMALL, tier).owed} == {"the highest discount it may name"}


def test_a_comparison_without_time_proves_nothing() -> None:
    after = pack_of(swapped("most_bp: 2000", "most_bp: 1900"))
    for hurry in ({"over": lambda: True}, {"effort": 1}):
        found = diff(pack_of(SMALL), after, **hurry)  # type: ignore[arg-type]
        assert not found.answers_alike and found.untold


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """The small pack with one or two numbers, signs or words in its rules made others."""
    text = SMALL
    for _ in range(draw(st.integers(1, 2))):
        old, news = draw(st.sampled_from(_CHANGES))
        if old in text:
            text = text.replace(old, draw(st.sampled_from(news)), 1)
    return text


_CHANGES: list[tuple[str, list[str]]] = [
    ("most_bp: 2000", ["most_bp: 1999", "most_bp: 1000", "most_bp: 9999"]),
    ("free_bp: 1000", ["free_bp: 0", "free_bp: 1001", "free_bp: 2000", "free_bp: 3000"]),
    ("never_when: customer.suppressed", ["never_when: not customer.suppressed"]),
    ("customer.orders > 500", ["customer.orders >= 501", "customer.orders >= 500"]),
    ("learned.score < 10", ["learned.score <= 9", "learned.score < 11"]),
    ("max: 3", ["max: 4", "max: 999999"]),
    ('from: "21:00"', ['from: "20:59"', 'from: "07:59"']),
    ("| thin | -                | < 2000 ", ["| thin | -                | < 1999 "]),
    (">= 2000        || 500 ", [">= 2000        || 0   ", ">= 1999        || 500 "]),
    ("|| 0               |", ["|| 1               |", "|| 9000            |"]),
    ("| autonomous     | -                  || allow ", [
        "| autonomous     | >= 1               || allow ",
        "| autonomous     | -                  || review",
    ]),
    ("int: [0, 1000], for: [contact]", ["int: [0, 900], for: [contact]"]),
    ("soft:\n", ["soft:\n  - {id: x, avoid_when: customer.suppressed, because: Hm}\n"]),
    ("hard:\n", [
        "hard:\n  - {id: x, never_when: action.discount_bp > 2400, because: Hm}\n",
        "hard:\n  - {id: x, never_when: action.cost_minor > 99999, because: Hm}\n",
    ]),
]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutants(), st.integers(0, 2**32))
def test_where_no_change_is_told_two_thousand_random_calls_are_answered_alike(
    text: str, seed: int
) -> None:
    try:
        after = pack_of(text)
    except PolicyError:
        assume(False)
    found = compared(SMALL, text)
    if not found.answers_alike:
        assert found.outcomes or found.untold
        return
    before, chance, near = pack_of(SMALL), Random(seed), numbers_of(SMALL, text)
    for n in range(2_000):
        kind = ("contact", "offer", *KINDS)[n % 8]
        drawn: dict[str, Any] = facts(before, kind, chance, near)
        assert ask(before, kind, drawn).outcome is ask(after, kind, drawn).outcome
