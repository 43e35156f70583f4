"""Decision tables: every case once, no row in vain, and a typo in a cell is told at the cell."""

from __future__ import annotations

import pytest

from policies.pack import load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, OFFER, SMALL, ask, fired, refuses, small, swapped, told

GOLD = "      | gold | gold             | >= 2000        || 1500            |"
REST = "      | rest | silver, new      | >= 2000        || 500             |"
LARGER = "      | larger | supervised     | -                  || review   | Have a look  |"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (REST, "      | rest | ^silver, old      | >= 2000        || 500             |",
         "'customer.segment' is never 'old'; did you mean 'gold'?"),
        (REST, "      | rest | silver, new      | ^>= 4k          || 500             |",
         "'>= 4k' is not a range such as < 2000 or 2000..3999"),
        (REST, "      | rest | silver, new      | ^> 10000        || 500             |",
         "'> 10000' holds no value: 'item.margin_bp' is -10000 to 10000"),
        (REST, "      | rest | silver, new      | ^4000..2000     || 500             |",
         "'4000..2000' holds no value: 'item.margin_bp' is -10000 to 10000"),
        (REST, "      | rest | silver, new      | >= 2000        || ^5 %            |",
         "'5 %' is not a whole number"),
        (REST, "      | rest | silver, new      | >= 2000        || ^params.mst     |",
         "'params.mst' is no number among params; did you mean 'params.most_bp'?"),
        (REST, "      | ^gold | silver, new      | >= 2000        || 500             |",
         "id tier.gold already used on line 70"),
        (REST, "      | ^two words | silver, new      | >= 2000        || 500         |",
         "'two words' is not an id such as no_code_twice or H1"),
        (REST, "      | ^unmatched | silver, new      | >= 2000        || 500         |",
         "the engine itself uses the id 'unmatched'"),
        (REST, "      ^| rest | silver, new || 500 |",
         "this row has other columns than the first line: | rest | silver, new || 500 |"),
        (REST, "      ^| rest | silver, new | >= 2000 | 500 |",
         "this row has other columns than the first line: | rest | silver, new | >= 2000 | 500 |"),
        (GOLD, "      | ^gold | gold             | >= 1999        || 1500            |",
         "rows thin and gold overlap, e.g. at customer.segment gold, item.margin_bp 1999"),
        (LARGER, LARGER.replace("review  ", "^maybe   "),
         "'maybe' is not one of allow, needs_reason, review, approval, deny"),
        (LARGER, LARGER.replace("review  ", "^reviw   "),
         "'reviw' is not one of allow, needs_reason, review, approval, deny; "
         "did you mean 'review'?"),
        (LARGER, LARGER.replace("larger", "^larger").replace("Have a look ", "-            "),
         "row larger says no because, and the table says none for all"),
        (LARGER, LARGER + "\n      | ^never | supervised     | < 500              || deny | x |",
         "row never can never be reached: the rows above cover it"),
        ("      | row    | agent.autonomy", "      | row    | ^agent.autonmy",
         "unknown fact 'agent.autonmy'; did you mean 'agent.autonomy'?"),
        ("      | row    | agent.autonomy", "      | row    | ^customer.orders",
         "fact 'customer.orders' is not declared for offer"),
        ("      | row    | agent.autonomy", "      ^| name   | agent.autonomy",
         "the first line of a table reads | row | a fact | ... || gate | because |"),
        ("| agent.autonomy | action.discount_bp ", "| agent.autonomy | ^agent.autonomy     ",
         "'agent.autonomy' stands in two columns"),
        ("hit: unique", "hit: ^any", "hit: is first or unique, not 'any'"),
        ("outcome: gate", "outcome: ^gates",
         "outcome: is one of gate, max_discount_bp, max_amount_minor, not 'gates'; "
         "did you mean 'gate'?"),
        ("exceeds: action.discount_bp", "exceeds: ^customer.segment",
         "exceeds: 'customer.segment' must be a number"),
        ("exceeds: action.discount_bp", "exceeds: ^action.discount",
         "unknown fact 'action.discount'; did you mean 'action.discount_bp'?"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_told_at_its_cell(old: str, new: str, says: str) -> None:
    refuses(old, new, says)


def test_a_case_that_no_row_covers_is_told_with_a_witness() -> None:
    assert told(swapped(REST + "\n", "")) == [
        "p.yaml:68:7: no row covers customer.segment silver, item.margin_bp 2000"
    ]
    narrow = REST.replace(">= 2000", "> 2000 ")
    assert told(swapped(REST, narrow)) == [
        "p.yaml:68:7: no row covers customer.segment silver, item.margin_bp 2000"
    ]


def test_a_learned_value_decides_no_table() -> None:
    refuses(
        "  - id: matrix\n    on: [contact, offer]\n    outcome: gate\n    table: |\n"
        "      | row    | agent.autonomy |",
        "  - id: matrix\n    on: [contact]\n    outcome: gate\n    table: |\n"
        "      | row    | ^learned.score  |",
        "'learned.score' is learned; only soft rules may read it",
    )


def test_the_limit_of_the_row_that_fits_holds() -> None:
    pack = small()
    assert ask(pack, "offer", OFFER, action__discount_bp=1000).outcome is Outcome.ALLOW
    for segment, margin, most in (("gold", 2000, 1500), ("new", 2000, 500), ("gold", 1999, 0)):
        facts = {**OFFER, "customer.segment": segment, "item.margin_bp": margin}
        row = {"gold": "tier.gold", "new": "tier.rest"}[segment] if margin >= 2000 else "tier.thin"
        within = ask(pack, "offer", facts, action__discount_bp=most)
        assert row not in fired(within)
        assert within.obligations["cap_discount_bp"] == most
        over = ask(pack, "offer", facts, action__discount_bp=most + 1)
        assert fired(over)[row] == "deny" and over.outcome is Outcome.DENY


def test_the_first_row_that_fits_answers() -> None:
    assert fired(ask(small(), "contact", CONTACT, action__discount_bp=1000)) == {
        "matrix.small": "allow"
    }
    assert fired(ask(small(), "contact", CONTACT, action__discount_bp=1001)) == {
        "matrix.larger": "review"
    }


def test_what_no_row_of_the_matrix_fits_needs_approval() -> None:
    verdict = ask(small(), "contact", CONTACT, agent__autonomy="assisted")
    assert verdict.outcome is Outcome.APPROVAL
    assert fired(verdict) == {"matrix.unmatched": "approval"}


def test_a_kind_without_a_matrix_needs_approval() -> None:
    assert fired(ask(small(), "ticket", {})) == {"autonomy.unmatched": "approval"}
    assert ask(small(), "ticket", {}).outcome is Outcome.APPROVAL


@pytest.mark.parametrize("answer", [outcome.value for outcome in Outcome])
def test_a_matrix_may_give_every_kind_of_answer(answer: str) -> None:
    text = swapped(LARGER, LARGER.replace("review  ", f"{answer:12}"))
    verdict = ask(load_pack(text, file="p"), "contact", CONTACT, action__discount_bp=1500)
    assert verdict.outcome.value == answer


def test_a_yes_no_column_takes_yes_and_no() -> None:
    column = "| row    | customer.suppressed | action.discount_bp || gate | because |"
    old = SMALL[SMALL.index("      | row    | agent.autonomy") :]
    rows = "      | a | no | < 500 || allow | x |\n      | b | yes | - || deny | y |\n"
    new = f"      {column}\n{rows}"
    pack = load_pack(swapped(old, new), file="p")
    assert fired(ask(pack, "contact", CONTACT)) == {"matrix.a": "allow"}
    assert fired(ask(pack, "contact", CONTACT, customer__suppressed=True))["matrix.b"] == "deny"
    refuses(old, new.replace("| no |", "| ^nay |"),
            "'nay' is not yes, no or - ('customer.suppressed' is a bool)")  # fmt: skip


def test_a_table_of_too_many_cases_is_told_not_waited_for() -> None:
    names = [f"x.f{i}" for i in range(12)]
    facts = "".join(f"  {name}: {{int: [0, 99], for: [read]}}\n" for name in names)
    head = "      | row | " + " | ".join(names) + " || gate | because |\n"
    rows = "".join(
        f"      | r{n} | " + " | ".join(f"{(n * 7 + i) % 50}..{(n * 7 + i) % 50 + 40}"
                                      for i in range(12)) + " || allow | x |\n"
        for n in range(40)
    )  # fmt: skip
    table = f"  - id: wide\n    on: [read]\n    outcome: gate\n    table: |\n{head}{rows}"
    text = swapped("facts:\n", "facts:\n" + facts) + table
    assert "too many cases" in told(text)[0]
