"""Caps counted forward under a draft, budgets that move, limits that are new."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.shadow import Recorded, shadow
from agent.shadow_counting import Held, Ledger
from policies.pack import Pack
from tests.agent.looks import DAY, HOUR, NOON, PACK, draft, held, look, outcomes, sent

WEEKLY = "max: 3, window: {rolling: P7D}"
PACKS = {PACK.sha256: PACK}
MONTHLY = (
    "caps:\n",
    "caps:\n  - {id: monthly, max: 2, window: {rolling: P30D}, per: person,"
    " obeys: {class: [marketing]}, because: Two a month}\n",
)


def answers(
    looks: Sequence[Recorded],
    pack: Pack,
    ledger: dict[str, Sequence[Held]] | None = None,
    packs: dict[str, Pack] = PACKS,
) -> list[str]:
    return outcomes(shadow(looks, pack, counting=Ledger(pack, packs, ledger or {}, looks)))


def test_a_refused_contact_does_not_count_for_the_later_ones() -> None:
    """Sent on days 0, 1, 2; refused on day 3; with one a week the next may go on day 7."""
    rows = [sent(n, day=n, used=n) for n in range(3)]
    looks = [one for one, _ in rows]
    looks += [look(now_us=NOON + 3 * DAY, cap__weekly__used=3)]
    looks += [look(now_us=NOON + 7 * DAY, effect="eff_x", cap__weekly__used=2)]
    ledger = {"cus_ada": [h for _, h in rows] + [held("eff_x", NOON + 7 * DAY)]}
    assert [one.outcome for one in looks] == ["allow", "allow", "allow", "deny", "allow"]
    once = draft((WEEKLY, "max: 1, window: {rolling: P7D}"))
    assert answers(looks, once, ledger) == ["allow", "deny", "deny", "deny", "allow"]
    # On the recorded counts alone the last one would have been refused too.
    assert outcomes(shadow(looks, once))[-1] == "deny"


def test_a_newly_allowed_contact_counts_for_the_later_ones() -> None:
    rows = [sent(n, day=0, used=n) for n in range(3)]
    looks = [one for one, _ in rows]
    looks += [look(now_us=NOON + day * DAY, cap__weekly__used=3) for day in (1, 2, 3)]
    ledger = {"cus_ada": [h for _, h in rows]}
    more = draft((WEEKLY, "max: 4, window: {rolling: P7D}"))
    assert answers(looks, more, ledger) == ["allow"] * 4 + ["deny"] * 2


def test_another_person_is_not_touched() -> None:
    ours, theirs = sent(0), sent(0, who="cus_bob")
    looks = [ours[0], theirs[0], sent(1, who="cus_bob", day=1, used=1)[0]]
    ledger = {"cus_ada": [ours[1]], "cus_bob": [theirs[1]]}
    once = draft((WEEKLY, "max: 1, window: {rolling: P7D}"))
    assert answers(looks, once, ledger) == ["allow", "allow", "deny"]


def test_a_new_cap_is_counted_from_the_ledger() -> None:
    pack = draft(MONTHLY)
    rows = [sent(n, day=n) for n in range(3)]
    looks = [one for one, _ in rows]
    before = held("eff_before", NOON - 20 * DAY)
    ledger = {"cus_ada": [before, *(h for _, h in rows)]}
    assert answers(looks, pack, ledger) == ["allow", "deny", "deny"]
    assert answers(looks, pack, {"cus_ada": [h for _, h in rows]}) == ["allow", "allow", "deny"]
    assert outcomes(shadow(looks, pack)) == ["unknown"] * 3


def test_another_window_is_counted_from_the_ledger_and_not_from_what_was_recorded() -> None:
    looks = [look(effect="eff_1", cap__weekly__used=2)]
    rows = {"cus_ada": [held(f"eff_b{n}", NOON - 10 * DAY - n * HOUR) for n in range(3)]}
    longer = draft(("window: {rolling: P7D}", "window: {rolling: P14D}"))
    assert answers(looks, longer, rows) == ["deny"]
    shorter = draft((WEEKLY, "max: 1, window: {rolling: P2D}"))
    assert answers(looks, shorter, rows) == ["allow"]


def test_a_contact_that_was_given_up_no_longer_counts_from_then_on() -> None:
    pack = draft(MONTHLY)
    rows = {"cus_ada": [held("eff_a", NOON - DAY), held("eff_b", NOON - DAY, until=NOON + HOUR)]}
    looks = [look(now_us=NOON), look(now_us=NOON + 2 * HOUR)]
    assert answers(looks, pack, rows) == ["deny", "allow"]


def test_a_contact_does_not_count_against_itself_when_it_is_released() -> None:
    pack = draft((MONTHLY[0], MONTHLY[1].replace("max: 2", "max: 1")))
    claim = look(decision="dec_1", effect="eff_1", now_us=NOON + 10 * HOUR)
    released = look(decision="dec_1", effect="eff_1", now_us=NOON + 20 * HOUR)
    ledger = {"cus_ada": [held("eff_1", NOON + 20 * HOUR)]}
    assert answers([claim, released], pack, ledger) == ["allow"]


def test_two_contacts_at_one_instant_are_counted_one_after_the_other() -> None:
    pack = draft((MONTHLY[0], MONTHLY[1].replace("max: 2", "max: 1")))
    looks = [look(effect="eff_1"), look(effect="eff_2", cap__weekly__used=1)]
    ledger = {"cus_ada": [held("eff_1", NOON), held("eff_2", NOON)]}
    assert answers(looks, pack, ledger) == ["allow", "deny"]


def test_caps_are_counted_at_the_hour_at_which_the_draft_lets_the_message_leave() -> None:
    """It would leave a week after the first contact of the week, which no longer counts then."""
    pack = draft(('from: "21:00"', 'from: "11:00"'), (WEEKLY, "max: 1, window: {rolling: P7D}"))
    first = held("eff_a", NOON - 7 * DAY + HOUR)
    looks = [look(cap__weekly__used=1, effect="eff_b")]
    assert answers(looks, pack, {"cus_ada": [first, held("eff_b", NOON)]}) == ["allow"]


def test_a_budget_that_is_smaller_has_so_much_less_left() -> None:
    smaller = draft(("limit_minor: 500000", "limit_minor: 100000"))
    looks = [look("offer", budget__discounts__left_minor=left) for left in (401_200, 401_199)]
    assert answers(looks, smaller) == ["allow", "deny"]
    assert outcomes(shadow(looks, smaller)) == ["allow", "allow"]


def test_a_budget_that_is_new_cannot_be_decided() -> None:
    other = "{id: other, limit_minor: 9, window: {calendar: month}, charges: action.cost_minor"
    pack = draft(("budgets:\n", f"budgets:\n  - {other}, because: No}}\n"))
    looks = [look("offer")]
    [again] = shadow(looks, pack, counting=Ledger(pack, PACKS, {}, looks)).otherwise
    assert again.unknown == ("budget.other.left_minor",)


def test_a_pack_that_is_gone_leaves_caps_to_the_ledger() -> None:
    looks = [look(cap__weekly__used=3)]
    assert answers(looks, draft(), {}, {}) == ["allow"]


@settings(deadline=None)
@given(
    days=st.lists(st.integers(0, 40), min_size=1, max_size=12),
    then=st.integers(1, 4),
    now=st.integers(1, 4),
    window=st.sampled_from([2, 7, 14]),
)
def test_counted_forward_is_what_a_shop_under_the_draft_would_have_done(
    days: list[int], then: int, now: int, window: int
) -> None:
    """A shop that decides the same wishes under either pack, one after the other."""
    cap = "max: 1, window: {calendar: day}"
    before = draft((WEEKLY, f"max: {then}, window: {{rolling: P7D}}"), (cap, cap.replace("1", "9")))
    after = draft(
        (WEEKLY, f"max: {now}, window: {{rolling: P{window}D}}"), (cap, cap.replace("1", "9"))
    )
    looks: list[Recorded] = []
    rows: list[Held] = []
    for n, day in enumerate(sorted(days)):
        at = NOON + day * DAY
        used = sum(h.contact.at > at - 7 * DAY for h in rows)
        goes = used < then
        same_day = sum(h.contact.at == at for h in rows)
        looks.append(look(pack=before, now_us=at, effect=f"eff_{n}" if goes else None,
                          cap__weekly__used=used, cap__daily_channel__used=same_day))  # fmt: skip
        if goes:
            rows.append(held(f"eff_{n}", at))
    wanted: list[str] = []
    gone: list[int] = []
    for day in sorted(days):
        at = NOON + day * DAY
        goes = sum(other > at - window * DAY for other in gone) < now
        goes = goes and sum(other == at for other in gone) < 9
        wanted.append("allow" if goes else "deny")
        gone += [at] if goes else []
    packs = {before.sha256: before}
    assert answers(looks, after, {"cus_ada": rows}, packs) == wanted
