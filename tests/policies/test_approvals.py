"""`approvals:` of a pack: read by whitelist, and the blast radius as the gate knows it."""

from __future__ import annotations

import pytest

from policies.approvals import ANSWER_WITHIN_US, BLAST_FACT, Approvals
from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import FiredKind, Outcome

HEAD = """\
policy: small
version: 1
currency: EUR
facts:
  action.class: {enum: [marketing, service], for: [contact]}
"""
TABLES = """\
tables:
  - id: who
    on: [contact]
    outcome: gate
    table: |
      | row | action.class || gate  | because |
      | all | -            || allow | Anybody |
"""
RADIUS = "blast_radius: {effects: 2, within: PT1H, because: Many at once}"


def small(approvals: str = "") -> Pack:
    section = f"approvals:\n  {approvals}\n" if approvals else ""
    return load_pack(HEAD + TABLES + section, file="p.yaml")


def outcome(pack: Pack, n: int | None, class_: str = "marketing") -> Outcome:
    facts: dict[str, object] = {"action.class": class_}
    if n is not None:
        facts[BLAST_FACT] = n
    return pack.decide("contact", facts, call_digest="d").outcome  # type: ignore[arg-type]


def test_a_pack_that_says_nothing_asks_for_a_day_and_nobody_in_particular() -> None:
    assert small().approvals == Approvals(ANSWER_WITHIN_US, None, None)


def test_what_a_pack_says_is_read() -> None:
    pack = small("answer_within: PT4H\n  assignee: relationship_manager\n  " + RADIUS)
    said = pack.approvals
    assert (said.answer_within_us, said.assignee) == (4 * 3_600_000_000, "relationship_manager")
    assert said.blast_radius is not None
    assert (said.blast_radius.effects, said.blast_radius.within_us) == (2, 3_600_000_000)
    view = pack.rule("blast_radius")
    assert view is not None and view.kind is FiredKind.BLAST and view.because == "Many at once"


def test_beyond_the_radius_a_person_signs() -> None:
    pack = small(RADIUS)
    assert [outcome(pack, n) for n in (0, 1, 2, 3)] == [
        Outcome.ALLOW,
        Outcome.ALLOW,
        Outcome.APPROVAL,
        Outcome.APPROVAL,
    ]


def test_p6_a_count_that_is_missing_or_malformed_is_a_denial() -> None:
    pack = small(RADIUS)
    assert outcome(pack, None) is Outcome.DENY
    assert outcome(pack, -1) is Outcome.DENY


def test_a_radius_may_be_for_some_contacts_only() -> None:
    pack = small(RADIUS[:-1] + ", obeys: {class: [marketing]}}")
    assert outcome(pack, 9) is Outcome.APPROVAL
    assert outcome(pack, None, "service") is Outcome.ALLOW


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("answer_whitin: PT1H", "unknown key 'answer_whitin' in approvals; did you mean"),
        ("answer_within: PT1S", "'PT1S' is not a duration"),
        ("answer_within: P60D", "answer_within: is a minute (PT1M) to 31 days (P31D)"),
        ("assignee: relationship manager", "is not the name of a trait"),
        ("blast_radius: {effects: 2, within: PT1H}", "blast_radius lacks the key 'because'"),
        ("blast_radius: {effects: -1, within: PT1H, because: x}", "effects: is 0 to"),
        ("blast_radius: {effects: 1, within: P8D, because: x}", "within: is at most 7 days"),
        (
            "blast_radius: {effects: 1, within: PT1H, because: x, obeys: {clas: [marketing]}}",
            "unknown key 'clas' in obeys:; did you mean 'class'",
        ),
    ],
)
def test_what_is_not_listed_is_refused_with_its_place(said: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        small(said)
    (problem,) = caught.value.problems
    assert told in problem.text
    assert problem.line == (HEAD + TABLES).count("\n") + 2


def test_an_empty_section_says_that_it_is() -> None:
    with pytest.raises(PolicyError, match="approvals: is empty"):
        load_pack(HEAD + TABLES + "approvals: {}\n", file="p.yaml")


def test_the_engine_declares_its_own_facts() -> None:
    for name in (BLAST_FACT, "override.x.left"):
        with pytest.raises(PolicyError, match="the engine declares"):
            load_pack(HEAD + f"  {name}: bool\n" + TABLES, file="p.yaml")
