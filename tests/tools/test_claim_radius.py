"""The blast radius: beyond so many of one message within a time, the next need a signature."""

from __future__ import annotations

import pytest

from policies.verdict import Outcome
from store.ledger import EffectStatus
from tests.tools.test_claim_races import AT_ONCE, all_at_once, claims, made
from tests.tools.world import Ready, World, refused
from tools.instants import HOUR_US
from tools.picture import load_picture


@pytest.fixture
def narrow(any_world: World) -> World:
    """A shop in which three of a kind within an hour need nobody."""
    any_world.put_pack(
        ("version: 1", "version: 2"),
        (
            "budgets:\n",
            "approvals:\n  blast_radius: {effects: 3, within: PT1H, because: Many at once}\n\n"
            "budgets:\n",
        ),
    )
    return any_world


def letter(world: World, name: str) -> Ready:
    return world.ready(world.person(name))


def test_the_next_beyond_the_radius_needs_a_signature(narrow: World) -> None:
    for k in range(3):
        narrow.claim(letter(narrow, f"p{k}"))
    ready = letter(narrow, "ada")
    assert ready.decided.verdict.outcome is Outcome.APPROVAL
    assert ready.decided.facts["agent.effects_in_window"] == 3
    assert refused(narrow, ready) is Outcome.APPROVAL
    narrow.claim(ready, approval_id=narrow.ask(ready))
    assert letter(narrow, "bob").decided.facts["agent.effects_in_window"] == 4


def test_another_message_an_offer_and_what_reached_nobody_do_not_count(narrow: World) -> None:
    first = narrow.claim(letter(narrow, "p0"))
    narrow.move(first.effect_id, EffectStatus.FAILED)
    narrow.claim(letter(narrow, "p1"))
    narrow.offer(narrow.person("p2"))
    assert letter(narrow, "ada").decided.facts["agent.effects_in_window"] == 1


def test_after_the_window_it_is_as_before(narrow: World) -> None:
    for k in range(3):
        narrow.claim(letter(narrow, f"p{k}"))
    narrow.now_us += HOUR_US
    assert letter(narrow, "ada").decided.allowed


def test_p2_racing_claims_never_pass_the_radius_unasked(narrow: World) -> None:
    ready = [letter(narrow, f"p{k}") for k in range(AT_ONCE)]
    assert all(one.decided.allowed for one in ready)
    assert len(made(all_at_once(claims(narrow, ready)))) == 3


def test_p6_where_nobody_counted_the_answer_is_no(narrow: World) -> None:
    ready = letter(narrow, "ada")
    picture = narrow.db.read_now(
        load_picture,
        narrow.db.vault,
        customer_id=ready.person.id,
        context={"cart": ready.person.cart},
        pack=ready.setting.pack,
        now_us=narrow.now_us,
    )
    assert picture.lately is None
