"""Conditions are a small, typed language: a typo or a type error is told, never a rule lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack import PolicyError, load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, OFFER, SMALL, ask, fired, refuses, swapped

HERE = "never_when: action.discount_bp > params.most_bp"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("^customer.supressed",
         "unknown fact 'customer.supressed'; did you mean 'customer.suppressed'?"),
        ("^suppressed", "unknown fact 'suppressed'; did you mean 'customer.suppressed'?"),
        ("action.discount_bp > ^params.mostbp", "unknown 'params.mostbp'; did you mean 'most_bp'?"),
        ("^action.discount_bp is 2500", "'is' is not allowed in a condition; write == or !="),
        ("^customer.suppressed is not True", ""),
        ("^action.discount_bp == \"much\"", "cannot compare an int with a string"),
        ("^action.discount_bp > \"2000\"", "cannot order int and string"),
        ("^action.discount_bp > customer.suppressed", "cannot order int and bool"),
        ("^customer.suppressed == 1", "cannot compare a bool with an int"),
        ("customer.suppressed == ^True",
         "True and False are not needed: write the fact, or not it"),
        ("^action.discount_bp", "a condition must be true or false, this is an int"),
        ("customer.suppressed and ^action.discount_bp",
         "and, or, not join what is true or false, not an int"),
        ("not ^action.discount_bp", "and, or, not join what is true or false, not an int"),
        ("customer.suppressed + ^1 > 0", ""),
        ("^action.discount_bp > 10000", ""),
        ("action.discount_bp > ^10000", "'action.discount_bp' is 0 to 10000: this is never true"),
        ("action.discount_bp >= ^0", "'action.discount_bp' is 0 to 10000: this is always true"),
        ("^0 <= action.discount_bp", "'action.discount_bp' is 0 to 10000: this is always true"),
        ("action.discount_bp in (5, ^10001)",
         "'action.discount_bp' is 0 to 10000: this is never true"),
        ("customer.suppressed or ^2 > 1", "two fixed values are compared: no fact is read here"),
        ("customer.suppressed or ^2 - 1 > 1",
         "two fixed values are compared: no fact is read here"),
        ("customer.suppressed or ^'a' in ('a', 'b')",
         "two fixed values are compared: no fact is read here"),
        ("^len(customer.suppressed) > 1", ""),
        ("customer.suppressed or ^len(action.discount_bp) > 1", ""),
        ("^customer.zones == \"Etc/UTC\"",
         "'customer.zones' holds zones; only quiet_hours reads them"),
        ("^now_us > 5", "cannot order instant and int"),
        ("action.discount_bp > ^2.5", "this constant is not allowed in a condition"),
        ("action.discount_bp > ^None", ""),
        ("^action.discount_bp * 2 > 5", "this operator is not allowed in a condition"),
        ("^customer.suppressed if customer.suppressed else customer.suppressed",
         "if ... else is not allowed in a condition"),
        ("action.discount_bp in ^5", "after 'in' comes a list such as (\"gold\", \"silver\")"),
        ("action.discount_bp in ^()", "after 'in' comes a list such as (\"gold\", \"silver\")"),
        ("action.discount_bp in (5, ^\"a\")", "this list holds fixed values that are an int"),
        ("action.discount_bp >^ and", ""),
        ("action.discount_bp ^>",
         "not a condition such as customer.orders > 3 and not cart.in_stock"),
        ("'customer.suppressed ^# and never'", "'#' is not allowed in a condition"),
    ],
)  # fmt: skip
def test_a_wrong_condition_is_told_at_its_column(condition: str, says: str) -> None:
    new = f"never_when: {condition}"
    if says:
        refuses(HERE, new, says)
    else:
        with pytest.raises(PolicyError):
            load_pack(swapped(HERE, new.replace("^", "")), file="p.yaml")


def test_a_hash_behind_a_space_would_cut_a_condition_and_is_refused() -> None:
    refuses(
        "never_when: customer.suppressed",
        "never_when: customer.suppressed ^# or everybody",
        "' #' ends the condition here: YAML takes the rest as a comment; "
        "put comments on a line of their own",
    )


@pytest.mark.parametrize("style", ["|", ">", "|-"])
def test_a_hash_in_a_condition_of_several_lines_is_refused_too(style: str) -> None:
    """Python would take all that follows, the other lines too, for a comment."""
    refuses(
        "never_when: customer.suppressed\n",
        f"never_when: {style}\n      action.discount_bp > 9 ^# never so much\n"
        "      or customer.suppressed\n",
        "'#' is not allowed in a condition",
    )


def test_a_hash_elsewhere_on_the_line_is_no_matter() -> None:
    rule = "  - {id: one, never_when: customer.suppressed, because: 'rule #1'}\nsoft:"
    assert load_pack(swapped("soft:", rule), file="p.yaml").rule("one") is not None


def test_a_backslash_is_refused() -> None:
    text = swapped("never_when: customer.suppressed", r'never_when: action.class == "a\"')
    with pytest.raises(PolicyError):
        load_pack(text, file="p.yaml")


def test_two_problems_of_one_condition_are_both_told() -> None:
    refuses(
        HERE,
        "never_when: ^customer.supressed or ^action.discount > 3",
        "unknown fact 'customer.supressed'; did you mean 'customer.suppressed'?",
        "unknown fact 'action.discount'; did you mean 'action.discount_bp'?",
    )


def test_a_problem_in_a_folded_condition_is_told_on_its_own_line() -> None:
    refuses(
        "never_when: customer.suppressed\n",
        "never_when: >\n      action.discount_bp > 9\n      or ^customer.supressed\n",
        "unknown fact 'customer.supressed'; did you mean 'customer.suppressed'?",
    )


def test_a_fact_of_other_kinds_cannot_be_read() -> None:
    refuses(
        "    on: [contact]\n    avoid_when: learned.score < 10",
        "    on: [contact, offer]\n    avoid_when: ^learned.score < 10",
        "fact 'learned.score' is not declared for offer",
    )


@pytest.mark.parametrize(
    "condition",
    ["(" * 60 + "customer.suppressed" + ")" * 60, "not " * 500 + "customer.suppressed",
     "(" * 900 + "customer.suppressed" + ")" * 900, "1" + "+1" * 900 + " > action.discount_bp",
     "customer.suppressed or " * 100 + "customer.suppressed", "__import__('os')",
     "customer.suppressed.__class__", "(lambda: True)()", "[x for x in (1,)]", "customer[0]",
     "f'{now_us}'", "(x := 3) > 2", "`ls`", "a" * 5000, "\U0001f600", "customer.suppressed;",
     "1if customer.suppressed else 0"],
)  # fmt: skip
def test_hostile_text_is_a_problem_or_a_condition_and_never_a_crash(condition: str) -> None:
    text = SMALL.replace("never_when: customer.suppressed", f"never_when: {condition!r}", 1)
    try:
        pack = load_pack(text, file="p.yaml")
    except PolicyError:
        return
    assert pack.decide("contact", CONTACT, call_digest="").outcome is Outcome.ALLOW


MEANINGS: list[tuple[str, Any]] = [
    ("action.discount_bp > 300", lambda d, s, g: d > 300),
    ("300 < action.discount_bp <= 900", lambda d, s, g: 300 < d <= 900),
    ("action.discount_bp + 100 != 600 - 200", lambda d, s, g: d + 100 != 400),
    ("not customer.suppressed", lambda d, s, g: not s),
    ("customer.segment == 'gold'", lambda d, s, g: g == "gold"),
    ("customer.segment not in ('gold', 'new')", lambda d, s, g: g == "silver"),
    ("action.discount_bp in (100, 300)", lambda d, s, g: d in (100, 300)),
    ("customer.suppressed == (customer.segment == 'new')", lambda d, s, g: s == (g == "new")),
    (
        "customer.suppressed or action.discount_bp < 200 and customer.segment != 'gold'",
        lambda d, s, g: s or (d < 200 and g != "gold"),
    ),
    ("-1 < action.discount_bp - 500", lambda d, s, g: d - 500 > -1),
]


@pytest.mark.parametrize(("condition", "means"), MEANINGS)
@settings(deadline=None, max_examples=40)
@given(
    discount=st.sampled_from([0, 100, 199, 200, 300, 301, 499, 500, 900, 901]),
    suppressed=st.booleans(),
    segment=st.sampled_from(["gold", "silver", "new"]),
)
def test_a_condition_means_what_it_says(
    condition: str, means: Any, discount: int, suppressed: bool, segment: str
) -> None:
    facts = {
        **OFFER,
        "action.discount_bp": discount,
        "customer.suppressed": suppressed,
        "customer.segment": segment,
    }
    rules = fired(ask(_with(condition), "offer", facts))
    assert ("probe" in rules) is means(discount, suppressed, segment)


_PACKS: dict[str, Any] = {}


def _with(condition: str) -> Any:
    if condition not in _PACKS:
        rule = (
            f'  - id: probe\n    on: [offer]\n    never_when: "{condition}"\n    because: x\nsoft:'
        )
        _PACKS[condition] = load_pack(swapped("soft:", rule), file="p.yaml")
    return _PACKS[condition]
