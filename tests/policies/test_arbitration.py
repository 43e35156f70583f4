"""`arbitration:` of a pack: factors switched off and levers, read by whitelist."""

from __future__ import annotations

import pytest

from policies.arbitration import FACTORS, Arbitration
from policies.pack import Pack, PolicyError, load_pack

HEAD = """\
policy: small
version: 1
currency: EUR
facts:
  action.class: {enum: [marketing, service], for: [contact]}
tables:
  - id: who
    on: [contact]
    outcome: gate
    table: |
      | row | action.class || gate  | because |
      | all | -            || allow | Anybody |
"""


def small(arbitration: str = "", **library: str) -> Pack:
    section = f"arbitration: {arbitration}\n" if arbitration else ""
    return load_pack(HEAD + section, file="p.yaml", library=library)


def test_a_pack_that_says_nothing_lets_every_factor_count() -> None:
    contest = small().arbitration
    assert contest == Arbitration()
    assert all(contest.counts(factor) for factor in FACTORS)


def test_factors_are_switched_off_and_levers_set() -> None:
    contest = small("{without: [value, contact_cost], levers: {recover_cart: 50}}").arbitration
    assert [factor for factor in FACTORS if not contest.counts(factor)] == ["value", "contact_cost"]
    assert contest.levers == {"recover_cart": 50}


def test_a_pack_on_top_keeps_it_or_says_it_anew() -> None:
    below = HEAD + "arbitration: {levers: {recover_cart: 50}}\n"
    top = "policy: top\nversion: 1\nextends: small\n"
    kept = load_pack(top, file="top.yaml", library={"small": below})
    assert kept.arbitration.levers == {"recover_cart": 50}
    anew = load_pack(
        top + "arbitration: {without: [levers]}\n", file="top.yaml", library={"small": below}
    )
    assert anew.arbitration.levers == {}
    assert not anew.arbitration.counts("levers")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{}", "is empty"),
        ("{without: [luck]}", "luck"),
        ("{levers: {recover_cart: 901}}", "from -100 to 900"),
        ("{levers: {recover_cart: -101}}", "from -100 to 900"),
        ("{levers: {recover_cart: much}}", "recover_cart"),
        ("{with: [value]}", "with"),
    ],
)
def test_what_is_no_such_section_is_an_error_that_says_what(written: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        small(written)
