"""What a check finds in a pack: dead rules, redundant ones, cases left open, possible answers."""

from __future__ import annotations

import pytest

from evals.flat_pack import flat_commerce
from policies.pack import PolicyError, load_pack
from policies.proofs.check import examine
from policies.proofs.report import Report
from policies.proofs.setting import decided
from policies.verdict import Outcome
from tests.policies.packs import SMALL, TOOLED, commerce, swapped


def looked(text: str) -> Report:
    report = examine(load_pack(text, file="p.yaml"), texts={"p.yaml": text}, kinds=TOOLED)
    assert report.finished
    return report


def found(text: str) -> list[str]:
    return [str(one) for one in looked(text).findings]


def with_hard(*rules: str) -> str:
    added = "".join(f"  - {{{rule}, because: So it is}}\n" for rule in rules)
    return swapped("soft:\n", f"{added}soft:\n")


def place(text: str, words: str) -> str:
    """Where a passage stands, as a finding gives it."""
    before = text[: text.index(words)]
    return f"p.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "


#: What is always so of the small pack: it has no table for these kinds.
UNCOVERED = [
    f"p.yaml:1:1: calls of {kind} never go without a person, whatever the facts"
    for kind in ("control", "read", "suppression", "ticket")
]
OPEN = "no row of matrix covers every call of {}: an approver signs those"


def usual(text: str) -> list[str]:
    at = place(text, "matrix\n")
    return [*UNCOVERED, at + OPEN.format("contact"), at + OPEN.format("offer")]


def told(text: str) -> list[str]:
    """What a check finds beyond the usual of the small pack."""
    return [one for one in found(text) if one not in usual(text)]


def test_nothing_is_found_in_the_shipped_pack() -> None:
    assert found(flat_commerce()) == []


def test_the_small_pack_leaves_cases_to_an_approver_and_an_example_is_given() -> None:
    report = looked(SMALL)
    assert sorted(str(one) for one in report.findings) == sorted(usual(SMALL))
    assert not report.errors
    (contact,) = [one for one in report.findings if OPEN.format("contact") in one.text]
    assert contact.case is not None and contact.case.told["agent.autonomy"] == "assisted"
    verdict = decided(load_pack(SMALL, file="p.yaml"), contact.case)
    assert verdict.outcome is Outcome.APPROVAL
    assert "matrix.unmatched" in {one.rule for one in verdict.fired}


def test_a_rule_that_contradicts_itself_can_never_fire() -> None:
    text = with_hard(
        "id: both, never_when: action.discount_bp > 900 and action.discount_bp < 800",
        "id: sum, on: [offer], never_when: action.cost_minor + action.discount_bp < 0",
    )
    says = "can never fire: no facts within the declared bounds fit it"
    assert told(text) == [
        f"{place(text, 'both, never')}both {says}",
        f"{place(text, 'sum, on')}sum {says}",
    ]


def test_a_rule_implied_by_another_is_redundant_and_the_other_is_named() -> None:
    text = with_hard("id: way_too_much, never_when: action.discount_bp > 3000")
    assert told(text) == [
        f"{place(text, 'way_too')}way_too_much is redundant: "
        "too_much already denies whenever it fires"
    ]


def test_a_rule_that_two_others_cover_together_is_redundant() -> None:
    text = with_hard(
        "id: cheap, on: [offer], never_when: item.margin_bp < 100",
        "id: fine, on: [offer], never_when: item.margin_bp >= 90 and customer.segment == 'new'",
        "id: new, on: [offer], never_when: customer.segment == 'new'",
    )
    assert any("fine is redundant: new already denies" in one for one in told(text))
    assert any("new is redundant: cheap or fine already denies" in one for one in told(text))
    split = with_hard(
        "id: thin, on: [offer], never_when: item.margin_bp < 100",
        "id: fat, on: [offer], never_when: item.margin_bp >= 90",
        "id: new, on: [offer], never_when: customer.segment == 'new'",
    )
    assert "p.yaml:1:1: calls of offer are always denied, whatever the facts" in found(split)


def test_two_rules_that_say_the_same_are_told_once_at_the_later_one() -> None:
    text = with_hard("id: again, never_when: customer.suppressed")
    assert told(text) == [
        f"{place(text, 'again, never')}again says what suppressed says already: "
        "they fire for the same calls"
    ]


def test_a_soft_rule_that_is_denied_anyway_never_gets_a_reason() -> None:
    rule = "  - {id: mild, on: [offer], avoid_when: action.discount_bp > 4000, because: Hm}\n"
    text = swapped("caps:\n", f"{rule}caps:\n")
    assert told(text) == [
        f"{place(text, 'mild, on')}mild is redundant: "
        "too_much answers at least as strictly whenever it fires"
    ]


def test_a_rule_that_asks_for_what_is_denied_is_redundant() -> None:
    rule = (
        "ask:\n  - {id: sign, on: [offer], ask_when: action.discount_bp > 2500, of: approver, "
        "because: Hm}\n"
    )
    text = swapped("caps:\n", f"{rule}caps:\n")
    (only,) = told(text)
    assert "sign is redundant: too_much answers at least as strictly" in only


def test_a_row_that_comes_only_to_calls_that_are_denied_never_matters() -> None:
    text = swapped(
        "      | alone  |",
        "      | much   | autonomous     | > params.most_bp   || review   | Look         |\n"
        "      | alone  |",
    )
    assert told(text) == [
        f"{place(text, 'much   | auto')}row matrix.much never matters: "
        "too_much denies whenever it comes to it"
    ]


def test_a_part_of_a_rule_that_can_never_be_true_is_told() -> None:
    text = with_hard(
        "id: parts, on: [offer], never_when: action.discount_bp > 1900 or "
        "(action.cost_minor > 10 and action.cost_minor < 9)"
    )
    assert any(
        "this part can never be true, in calls of offer: "
        "((action.cost_minor > 10) and (action.cost_minor < 9))" in one
        for one in told(text)
    )


def test_what_stale_facts_forbid_is_no_case() -> None:
    facts = "  item.age: {int: [0, 900], for: [offer]}\n"
    text = swapped("  learned.score", f"{facts}  learned.score").replace(
        "item.margin_bp: {int: [-10000, 10000], for: [offer]}",
        "item.margin_bp: {int: [-10000, 10000], for: [offer], age: item.age, max_age_minutes: 60}",
    )
    text = text.replace(
        "soft:\n", "  - {id: stale, never_when: item.age > 60, because: Old}\nsoft:\n", 1
    )
    assert any("stale can never fire" in one for one in told(text))


def test_a_call_that_nothing_can_stop_is_told() -> None:
    rows = "      | alone  | autonomous     | -                  || allow    | It may       |\n"
    text = SMALL + (
        "  - id: tickets\n    on: [ticket]\n    outcome: gate\n    because: All may\n    table: |\n"
        "      | row | agent.open || gate |\n      | any | - || allow |\n"
    )
    text = swapped(
        "  agent.autonomy:", "  agent.open: {bool, for: [ticket]}\n  agent.autonomy:", text
    )
    assert rows in text
    assert "p.yaml:1:1: calls of ticket are always allowed, whatever the facts" in found(text)


def test_the_answers_that_calls_can_get_are_told_by_autonomy_and_class() -> None:
    report = examine(commerce(), kinds=TOOLED)
    can_be = {
        (one.kind, one.autonomy, one.message_class): {outcome.value for outcome in one.outcomes}
        for one in report.reach
    }
    assert all(one.told for one in report.reach)
    assert can_be["contact", "assisted", "marketing"] == {"approval", "deny"}
    assert can_be["contact", "autonomous", "service"] == {"allow", "deny"}
    assert "review" in can_be["contact", "supervised", "marketing"]
    assert can_be["read", None, None] == {"allow", "deny"}
    assert {one.kind for one in report.reach} == {
        "read", "contact", "offer", "ticket", "suppression", "control", "subscription",
    }  # fmt: skip
    assert can_be["subscription", None, None] == {"approval", "deny"}


def test_a_check_that_is_cut_short_says_so_and_claims_nothing() -> None:
    report = examine(load_pack(SMALL, file="p.yaml"), over=lambda: True)
    assert not report.finished and not report.held
    hurried = examine(load_pack(with_hard("id: x, never_when: action.discount_bp > 3000"),
                                file="p.yaml"), effort=1)  # fmt: skip
    assert not any("redundant" in one.text for one in hurried.findings)
    assert any("in time" in one.text for one in hurried.findings)


def test_the_same_pack_is_told_the_same_every_time() -> None:
    text = with_hard("id: way_too_much, never_when: action.discount_bp > 3000")
    assert looked(text) == looked(text)


SABOTAGED_TABLE = """\
  - id: D
    on: [offer]
    hit: unique
    outcome: max_discount_bp
    exceeds: action.discount_bp
    because: Loyalty and margin
    table: |
      | row | customer.segment | item.margin_bp || max_discount_bp |
      | D4  | gold             | < 2000         || 500             |
      | D5  | gold             | 2000..3500     || 1000            |
      | D6  | gold             | >= 3502        || 1500            |
      | D7  | silver           | < 2000         || 300             |
      | D8  | silver           | >= 1999        || 500             |
      | D9  | new              | -              || 100             |
"""


def test_a_sabotaged_pack_is_refused_with_gap_and_overlap_then_told_what_is_dead_in_it() -> None:
    broken = SMALL + SABOTAGED_TABLE
    with pytest.raises(PolicyError) as caught:
        load_pack(broken, file="p.yaml")
    says = " ".join(str(problem) for problem in caught.value.problems)
    assert "rows D7 and D8 overlap, e.g. at customer.segment silver, item.margin_bp 1999" in says
    assert "no row covers customer.segment gold, item.margin_bp 3501" in says
    again = "      | again  | supervised     | <= 900             || review   | No row       |\n"
    unreachable = swapped("      | larger |", f"{again}      | larger |")
    with pytest.raises(PolicyError, match="row again can never be reached"):
        load_pack(unreachable, file="p.yaml")
    mended = with_hard(
        "id: never, never_when: action.discount_bp > 900 and action.discount_bp < 800",
        "id: implied, never_when: action.discount_bp > 2500 and customer.suppressed",
    ) + SABOTAGED_TABLE.replace("3502", "3501").replace(">= 1999", ">= 2000")
    says = " ".join(told(mended))
    assert "never can never fire" in says and "implied is redundant" in says
