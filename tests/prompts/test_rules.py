"""Rule-based journeys: steps as data, each fact known and typed, splits that never change sides."""

from __future__ import annotations

import pytest

from prompts.rules import Branch, Send, Split, Wait, parse_rules
from tests.prompts.files import RULES, swapped, wrong

SPLIT = {
    "name": "test",
    "ways": [{"name": "a", "share_bp": 2500}, {"name": "b", "share_bp": 7500}],
}


def steps(yaml: str) -> str:
    return RULES[: RULES.index("steps:")] + "steps:\n" + yaml


def test_a_journey_is_read_into_typed_steps() -> None:
    rules = parse_rules(RULES, "shopping.rules.yaml")
    wait, send = (step.does for step in rules.steps)
    assert isinstance(wait, Wait)
    assert wait.longest_us == 4 * 3600 * 1_000_000
    assert isinstance(send, Send)
    assert send.message == "reminder"
    assert rules.re_entry.after_us is None


def test_a_wait_for_an_event_leads_two_ways() -> None:
    text = steps(
        "  - wait: {until: Order Completed, at_most: P1D, met: [{exit: {because: bought}}]}\n"
    )
    wait = parse_rules(text, "f").steps[0].does
    assert isinstance(wait, Wait)
    assert wait.until == "Order Completed"
    assert wait.met[0].exit is not None
    assert wait.missed == ()


def test_a_branch_takes_the_other_way_where_a_fact_is_not_known() -> None:
    text = steps(
        "  - branch:\n"
        "      if: [{fact: customer.orders, op: at_least, value: 2}]\n"
        "      then: [{exit: {because: many}}]\n"
        "      else: [{exit: {because: few}}]\n"
    )
    branch = parse_rules(text, "f").steps[0].does
    assert isinstance(branch, Branch)
    reasons = {}
    for name, facts in {"many": {"customer.orders": 2}, "none": {}}.items():
        ending = branch.taken(facts)[0].exit
        assert ending is not None
        reasons[name] = ending.because
    assert reasons == {"many": "many", "none": "few"}


def test_a_split_is_stable_and_keeps_its_shares() -> None:
    split = Split.model_validate(SPLIT)
    taken = [split.way(f"jrn_{n}").name for n in range(4000)]
    assert taken == [split.way(f"jrn_{n}").name for n in range(4000)]
    assert 900 < taken.count("a") < 1100


def test_an_unknown_fact_or_a_value_that_never_fits_is_refused_with_its_place() -> None:
    text = steps(
        "  - branch:\n"
        "      if:\n"
        "        - {fact: customer.order, op: at_least, value: 2}\n"
        "        - {fact: cart.in_stock, op: is, value: maybe}\n"
        "      then: [{exit: {because: many}}]\n"
    )
    assert wrong(parse_rules, text) == [
        "f.txt:7:12: there is no fact 'customer.order'; did you mean 'customer.orders'?",
        "f.txt:8:41: 'cart.in_stock' is true or false, so 'maybe' never fits",
    ]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("  - {wait: {for: PT1H}, exit: {because: x}}\n", "exactly one of"),
        ("  - {}\n", "exactly one of"),
        ("  - wait: {until: Order Completed}\n", "nobody waits for ever"),
        ("  - wait: {for: PT1H, met: []}\n  - wait: {}\n", "either"),
        ("  - wait: {for: PT1H, until: X, at_most: P1D}\n", "either"),
        ("  - sned: {message: reminder}\n", "did you mean 'send'?"),
        ("  - send: {mesage: reminder}\n", "did you mean 'message'?"),
        (
            "  - split: {name: t, ways: [{name: a, share_bp: 1}, {name: b, share_bp: 1}]}\n",
            "add up to 2, not 10000",
        ),
        ("  []\n", "at least 1"),
    ],
)
def test_a_step_that_cannot_be_meant_is_refused(step: str, words: str) -> None:
    assert any(words in line for line in wrong(parse_rules, steps(step)))


def test_two_splits_of_one_name_would_send_the_same_people_the_same_way() -> None:
    split = "  - split: {name: t, ways: [{name: a, share_bp: 5000}, {name: b, share_bp: 5000}]}\n"
    assert "two splits are called 't'" in wrong(parse_rules, steps(split + split))[0]


def test_a_rules_file_is_called_after_its_agent() -> None:
    lines = wrong(parse_rules, RULES, "support.rules.yaml")
    assert "the agent must be its first word" in lines[0]
    text = swapped(RULES, "agent: shopping", "agent: shopping\nsha256: x")
    assert "is not a key" in wrong(parse_rules, text)[0]
