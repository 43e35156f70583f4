"""Invariants are read by whitelist, and decide nothing."""

from __future__ import annotations

import pytest

from policies.pack import load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, SMALL, ask, told

ONE = "{id: keep, when: customer.suppressed, at_least: deny, because: We keep our word}"


def promising(one: str) -> str:
    return f"{SMALL}invariants:\n  - {one}\n"


def test_an_invariant_holds_for_all_calls_that_its_facts_are_declared_for() -> None:
    (one,) = load_pack(promising(ONE), file="p.yaml").content.invariants
    assert (one.id, one.on, one.at_least) == ("keep", ("contact", "offer"), Outcome.DENY)
    assert (one.file, one.line, one.col) == ("p.yaml", SMALL.count("\n") + 2, 10)


def test_an_invariant_changes_no_verdict_but_the_digest_of_the_pack() -> None:
    plain, keeping = (load_pack(text, file="p") for text in (SMALL, promising(ONE)))
    one, two = ask(plain, "contact", CONTACT), ask(keeping, "contact", CONTACT)
    assert (one.outcome, one.fired) == (two.outcome, two.fired) and one.sha256 != two.sha256


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_least: deny", "at_least: denny", "at_least: is one of deny, approval, review, not"),
        ("at_least: deny", "at_least: allow", "not 'allow'"),
        ("when: customer.suppressed", "when: customer.supressed", "did you mean 'customer.sup"),
        ("when: customer.suppressed", "when: customer.orders", "must be true or false"),
        ("when: customer.suppressed", "never: customer.suppressed", "unknown key 'never'"),
        (", because: We keep our word", "", "lacks the key 'because'"),
        ("id: keep", "id: suppressed", "id suppressed already used on"),
        ("id: keep", "id: keep, on: [ticket]", "not declared for ticket"),
        ("id: keep", "id: keep, obeys: {}", "unknown key 'obeys'"),
        ("when: customer.suppressed", "when: customer.orders > 1 or item.margin_bp > 1",
         "no kind of action has all of"),
    ],
)  # fmt: skip
def test_a_wrong_invariant_is_told(old: str, new: str, says: str) -> None:
    assert any(says in line for line in told(promising(ONE.replace(old, new))))
