"""Every problem of a pack is told at its line and column, all at once, with advice."""

from __future__ import annotations

import pytest

from policies.pack import PolicyError, load_pack
from policies.source import Source
from tests.policies.packs import SMALL, refuses, small, swapped, told


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("soft:\n", "^sotf:\n", "unknown key 'sotf' in the pack; did you mean 'soft'?"),
        (
            "    because: They buy anyway",
            "    because: They buy anyway\n    ^becuase: Twice",
            "unknown key 'becuase' in a hard rule; did you mean 'because'?",
        ),
        (
            "  - id: many_orders",
            "  - id: ^suppressed",
            "id suppressed already used on line 23",
        ),
        ("  - id: weekly", "  - id: ^the week",
         "'the week' is not an id such as no_code_twice or H1"),
        ("  - id: money", "  - id: ^quiet_hours", "the engine itself uses the id 'quiet_hours'"),
        (
            "    because: They buy anyway",
            "    because: They buy anyway\n    ^because: Twice",
            "key 'because' already used on line 32",
        ),
        ("version: 3", "version: ^3.5", "version: must be a whole number"),
        ("version: 3", "version: ^0", "version: counts from 1"),
        ("currency: EUR", "currency: ^Euro", "'Euro' is not an ISO 4217 code such as EUR"),
        ("    because: They buy anyway", "    because: '^'", "because: is empty"),
        ("    because: They buy anyway", "    because: ^12", "because: must be text"),
        ("zones_served: [Europe/Berlin]", "zones_served: [^Mars/Base]",
         "unknown time zone 'Mars/Base'"),
        (
            "params:\n",
            "params:\n  rate: ^0.5\n",
            "params.rate must be a whole number, text or list of texts",
        ),
        (
            "    because: They buy anyway",
            "    because: no\n    ^nested:\n      deep: yes",
            "unknown key 'nested' in a hard rule",
        ),
        ("params:\n", "params:\n  two words: ^1\n",
         "'two words' is not a name such as max_discount_bp"),
    ],
)  # fmt: skip
def test_a_problem_is_told_at_its_line_and_column(old: str, new: str, says: str) -> None:
    refuses(old, new, says)


def test_a_rule_id_may_not_be_that_of_a_cap_and_the_line_of_the_first_is_told() -> None:
    refuses("  - id: prefer_email", "  - id: ^weekly", "id weekly already used on line 43")


def test_a_section_that_is_no_list_is_told() -> None:
    assert told(swapped("soft:\n", "soft: none\nold:\n"))[0] == "p.yaml:33:7: soft: must be a list"


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = swapped("never_when: customer.suppressed", "never_when: customer.supressed")
    text = swapped("hit: unique", "hit: often", swapped("per: person", "per: persons", text))
    assert [line.split(": ", 1)[1] for line in told(text)] == [
        "unknown fact 'customer.supressed'; did you mean 'customer.suppressed'?",
        "per: is one of person, channel, purpose, goal, journey, not 'persons'; "
        "did you mean 'person'?",
        "hit: is first or unique, not 'often'",
    ]


def test_a_missing_key_is_told() -> None:
    assert told(swapped("currency: EUR\n", "")) == ["p.yaml:1:1: the pack lacks the key 'currency'"]


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "policy: [", "policy: a\n\tversion: 1", 
     "a: b\n---\nc: d\n", "\x00", "x" * 1_000_001],
    ids=["empty", "list", "unclosed", "tab", "two documents", "control character", "too long"],
)  # fmt: skip
def test_what_is_no_pack_at_all_is_one_problem_with_a_place(text: str) -> None:
    found = told(text)
    assert len(found) == 1 and found[0].startswith("p.yaml:")


def test_yaml_1_1_words_stay_words() -> None:
    """`no` is Norway's code, not False, as YAML 1.2 has it; nor does a duplicate key win."""
    text = swapped("[gold, silver, new]", "[gold, silver, no]")
    text = swapped("silver, new      |", "silver, no       |", text)
    pack = load_pack(text, file="p.yaml")
    assert pack.facts["customer.segment"].values == ("gold", "silver", "no")


def test_a_file_that_asks_for_yaml_1_1_gets_no_booleans_by_accident() -> None:
    text = "%YAML 1.1\n---\n" + swapped("most_bp: 2000", "most_bp: 2000\n  strict: yes")
    try:
        assert load_pack(text, file="p.yaml").params["strict"] == "yes"
    except PolicyError as error:
        assert "params.strict" in str(error)


def test_half_a_character_is_refused() -> None:
    assert told(swapped("They buy anyway", '"\\ud800"'))


def test_a_comment_may_stand_behind_anything_but_a_condition() -> None:
    text = swapped("version: 3", "version: 3 # the third")
    assert load_pack(text, file="p.yaml").version == 3


def test_the_problems_carry_the_files_name() -> None:
    with pytest.raises(PolicyError) as caught:
        load_pack("", file="policies/my pack.yaml")
    assert str(caught.value).startswith("policies/my pack.yaml:1:1: ")


def test_line_counts_are_right_behind_windows_line_ends() -> None:
    text = swapped("customer.suppressed\n", "customer.supressed\n").replace("\n", "\r\n")
    assert told(text) == [
        "p.yaml:24:17: unknown fact 'customer.supressed'; did you mean 'customer.suppressed'?"
    ]


def test_the_small_pack_of_these_tests_is_right() -> None:
    assert small().name == "small"
    assert Source("p", SMALL).root() is not None
