"""A budget raised by signature: for one call, by what it lacks, never overspent (P2)."""

from __future__ import annotations

import pytest

from agent.raising import raise_budgets
from policies.verdict import FiredKind, Outcome
from store import approvals, counters, extensions
from tests.tools.test_claim_races import AT_ONCE, OFFERING, all_at_once, claims, made
from tests.tools.world import MONTH, Ready, World, refused
from tools.claim import Overspent

SIGNED = (
    ("version: 1", "version: 2"),
    ("limit_minor: 500000", "limit_minor: 2500"),
    ("charges: action.cost_minor, because", "charges: action.cost_minor, over: approval, because"),
)
#: One offer of 10 % on the lamp costs 10.00; the budget is 25.00.
OFFER_MINOR = 1_000


@pytest.fixture
def tight(any_world: World) -> World:
    """A shop with 25.00 for discounts, which an approver may raise; 20.00 of it are held."""
    any_world.put_pack(*SIGNED)
    for name in ("one", "two"):
        any_world.offer(any_world.person(name))
    assert any_world.counter(MONTH) == (2_500, 2_000, 0)
    return any_world


def over(world: World, name: str) -> Ready:
    return world.ready(world.person(name), "create_offer", OFFERING)


def signed(world: World, ready: Ready, *, by: str = "grace") -> tuple[str, list[dict[str, object]]]:
    """Ask about a call, and have an approver sign it: the answer's own unit."""
    verdict = ready.decided.verdict
    approval_id = world.ask(ready, by=by)
    body = {
        "fired": [fired.as_json() for fired in verdict.fired],
        "facts": ready.decided.facts,
        "policy_sha256": verdict.sha256,
    }
    raised = world.db.write_now(
        raise_budgets,
        ready.setting.pack,
        body,
        approval_id=approval_id,
        by=by,
        now_us=world.now_us,
    )
    return approval_id, list(raised)


def test_over_the_budget_an_approver_is_asked_instead_of_a_denial(tight: World) -> None:
    ready = over(tight, "ada")
    assert ready.decided.verdict.outcome is Outcome.APPROVAL
    fired = ready.decided.verdict.fired[0]
    assert (fired.rule, fired.kind) == ("discounts", FiredKind.BUDGET)
    assert refused(tight, ready) is Outcome.APPROVAL


def test_p2_a_signature_raises_the_month_by_exactly_what_is_missing(tight: World) -> None:
    ready = over(tight, "ada")
    approval_id, raised = signed(tight, ready)
    assert raised == [{"budget": "discounts", "amount_minor": 500}]
    tight.claim(ready, approval_id=approval_id)
    assert tight.counter(MONTH) == (3_000, 3_000, 0)
    (row,) = tight.db.read_now(extensions.of_counter, MONTH)
    assert (row.approval_id, row.by, row.at) == (approval_id, "grace", tight.now_us)
    assert (row.amount_minor, row.used_minor, row.currency) == (500, 500, "EUR")
    assert tight.picture(ready.person).budgets == {"discounts": 0}


def test_p2_what_was_signed_for_one_call_is_nobody_elses(tight: World) -> None:
    ready, other = over(tight, "ada"), over(tight, "bob")
    approval_id, _ = signed(tight, ready)
    assert refused(tight, other) is Outcome.APPROVAL
    assert tight.picture(ready.person).budgets == {"discounts": 500}
    another = tight.ask(other)  # approved, but by nobody who raised anything
    with pytest.raises(Overspent):
        tight.claim(other, approval_id=another)
    tight.claim(ready, approval_id=approval_id)
    assert tight.counter(MONTH) == (3_000, 3_000, 0)


def test_p2_given_back_the_budget_is_the_packs_again(tight: World) -> None:
    ready = over(tight, "ada")
    approval_id, _ = signed(tight, ready)
    claimed = tight.claim(ready, approval_id=approval_id)
    tight.db.write_now(counters.release, claimed.effect_id)
    assert tight.picture(ready.person).budgets == {"discounts": 500}
    assert refused(tight, over(tight, "bob")) is Outcome.APPROVAL


def test_p2_redeemed_it_stays_raised(tight: World) -> None:
    ready = over(tight, "ada")
    approval_id, _ = signed(tight, ready)
    claimed = tight.claim(ready, approval_id=approval_id)
    tight.db.write_now(counters.commit, claimed.effect_id)
    assert tight.counter(MONTH) == (3_000, 2_000, 1_000)
    assert tight.picture(ready.person).budgets == {"discounts": 0}


def test_p9_nobody_signs_for_more_than_they_were_shown(tight: World) -> None:
    ready = over(tight, "ada")
    tight.db.write_now(counters.set_ceiling, MONTH, 2_500)
    tight.db.write_now(counters.reserve, effect_id="eff_x", key=MONTH, amount=400)
    approval_id, raised = signed(tight, ready)
    assert raised == [{"budget": "discounts", "amount_minor": 500}]
    with pytest.raises(Overspent):
        tight.claim(ready, approval_id=approval_id)
    assert tight.counter(MONTH) == (2_500, 2_400, 0)


def test_p9_under_another_pack_a_signature_raises_nothing(tight: World) -> None:
    ready = over(tight, "ada")
    tight.put_pack(("version: 1", "version: 3"), *SIGNED[1:])
    newer = tight.db.read_now(tight.shelf.live, "commerce")
    body = {"fired": [], "facts": {}, "policy_sha256": ready.decided.verdict.sha256}
    raised = tight.db.write_now(
        raise_budgets, newer, body, approval_id="apr_1", by="grace", now_us=tight.now_us
    )
    assert list(raised) == []


def test_p2_under_concurrency_a_raised_budget_is_never_overspent(tight: World) -> None:
    """Half of the racing calls are signed; those that are not never take what was signed for."""
    ready = [over(tight, f"p{k}") for k in range(AT_ONCE)]
    jobs = claims(tight, ready[AT_ONCE // 2 :])
    for one in ready[: AT_ONCE // 2]:
        approval_id, _ = signed(tight, one)
        jobs.append(lambda r=one, a=approval_id: tight.claim(r, approval_id=a).effect_id)  # type: ignore[misc]
    done = made(all_at_once(jobs))
    ceiling, held, _ = tight.counter(MONTH)
    rows = tight.db.read_now(extensions.of_counter, MONTH)
    used = [row.used_minor for row in rows if row.used_minor is not None]
    # Each signature was for 5.00: the first takes the 5.00 that were left beside its own.
    assert len(done) == 1 and used == [500]
    assert held == 2_000 + OFFER_MINOR * len(done) == 2_500 + sum(used) == ceiling


def test_p2_signed_again_for_what_is_lacking_now_each_may_be_made(tight: World) -> None:
    for name in ("ada", "bob", "eve"):
        ready = over(tight, name)
        approval_id, _ = signed(tight, ready)
        tight.claim(ready, approval_id=approval_id)
    rows = tight.db.read_now(extensions.of_counter, MONTH)
    assert [row.used_minor for row in rows] == [500, 1_000, 1_000]
    assert tight.counter(MONTH) == (5_000, 5_000, 0)


def test_a_rejected_question_raises_nothing(tight: World) -> None:
    ready = over(tight, "ada")
    approval_id = tight.ask(ready, status="rejected")
    assert refused(tight, ready, approval_id=approval_id) is Outcome.APPROVAL
    assert tight.db.read_now(extensions.of_counter, MONTH) == []
    assert tight.db.read_now(approvals.get, approval_id) is not None


def test_a_budget_that_says_nothing_still_denies(world: World) -> None:
    world.put_pack(SIGNED[0], ("limit_minor: 500000", "limit_minor: 500"))
    answer = world.decide(world.person(), "create_offer", OFFERING)
    assert answer.verdict.outcome is Outcome.DENY
