"""Invariants are proved over every fact, or refused with a case that breaks them."""

from __future__ import annotations

import pytest

from evals.flat_pack import flat_commerce
from policies.pack import Pack, load_pack
from policies.proofs.check import broken_promises, examine
from policies.proofs.setting import decided
from policies.verdict import Outcome
from tests.policies.packs import SMALL, TOOLED, swapped, without_promises

SHOP = without_promises(flat_commerce())

#: What a shop may want to hold whatever its rules come to say.
PROMISED = {
    "suppressed_stay_so": (
        "when: customer.suppressed, at_least: deny, "
        "because: Nobody who asked us to stop hears from us"
    ),
    "consent_first": (
        'on: [contact], when: action.class == "marketing" and customer.consent != "granted", '
        "at_least: deny, because: No marketing without consent"
    ),
    "discount_bound": (
        "when: action.discount_bp > 2000, at_least: deny, because: No discount is above 20 %"
    ),
    "margin_bound": (
        "on: [offer], when: action.discount_bp > 0 and margin.after_discount_bp < 1500, "
        "at_least: deny, because: 15 % of the price stay with us"
    ),
    "four_a_week": (
        'on: [contact], when: action.class == "marketing" and cap.weekly.used >= 3, '
        "at_least: deny, because: Three marketing messages a week are enough"
    ),
    "assisted_is_signed": (
        'on: [contact, offer, ticket, suppression], when: agent.autonomy == "assisted", '
        "at_least: approval, because: A person signs everything such an agent does"
    ),
}


def promising(text: str, **promised: str) -> Pack:
    lines = "".join(f"  - {{id: {name}, {rest}}}\n" for name, rest in promised.items())
    return load_pack(f"{text.rstrip()}\ninvariants:\n{lines}", file="p.yaml")


def test_the_shipped_pack_keeps_six_promises_whatever_the_facts() -> None:
    pack = promising(SHOP, **PROMISED)
    assert broken_promises(pack) == ()
    report = examine(pack, kinds=TOOLED)
    assert [one.id for one in report.held] == list(PROMISED)
    assert report.findings == ()


def test_a_promise_is_proved_for_calls_no_tool_makes_and_nothing_else_is_told_of_them() -> None:
    advising = swapped(
        "customer.suppressed: {bool, for: [contact, offer]}",
        "customer.suppressed: {bool, for: [contact, offer, recommendation]}",
        SHOP,
    )
    plain = examine(load_pack(advising, file="p.yaml"), kinds=TOOLED)
    told = examine(promising(advising, **PROMISED), kinds=TOOLED)
    assert told.held[0].on == ("contact", "offer", "recommendation")
    assert (told.reach, told.findings) == (plain.reach, plain.findings)
    rule = "never_when: customer.suppressed\n"
    weak = swapped(rule, f"{rule}    on: [contact, offer]\n", advising)
    (error,) = examine(promising(weak, **PROMISED), kinds=TOOLED).errors
    assert error.about == "suppressed_stay_so" and "calls of recommendation" in error.text


@pytest.mark.parametrize(
    ("promise", "old", "new"),
    [
        ("suppressed_stay_so", "never_when: customer.suppressed",
         "never_when: customer.suppressed and action.discount_bp > 4"),
        ("consent_first", 'customer.consent != "granted"', 'customer.consent == "denied"'),
        ("discount_bound", "max_discount_bp: {value: 2000,", "max_discount_bp: {value: 2001,"),
        ("margin_bound", "min_margin_bp: {value: 1500,", "min_margin_bp: {value: 1499,"),
        ("four_a_week", "{id: weekly, max: 3,", "{id: weekly, max: 4,"),
        ("assisted_is_signed", "signed   | assisted                || approval",
         "signed   | assisted                || review  "),
    ],
)  # fmt: skip
def test_a_broken_promise_is_refused_with_a_case_that_the_gate_confirms(
    promise: str, old: str, new: str
) -> None:
    pack = promising(swapped(old, new, SHOP), **PROMISED)
    errors = broken_promises(pack)
    assert {one.about for one in errors} == {promise}
    for error in errors:
        assert error.case is not None and error.severity == "error"
        assert (error.file, error.line) == ("p.yaml", pack.content.invariants[0].line
                                            + list(PROMISED).index(promise))  # fmt: skip
        asked = next(one for one in pack.content.invariants if one.id == promise)
        assert decided(pack, error.case).outcome.rank < asked.at_least.rank


def test_soft_rules_keep_no_promise_because_a_reason_lifts_them() -> None:
    pack = promising(
        SMALL, x='on: [contact], when: action.channel == "sms", at_least: review, because: Hm'
    )
    (error,) = broken_promises(pack)
    assert error.case is not None
    assert decided(pack, error.case).outcome in (Outcome.ALLOW, Outcome.NEEDS_REASON)


def test_what_hangs_on_the_clock_is_proved_where_every_zone_keeps_it() -> None:
    late = 'on: [contact], when: action.class == "marketing" and action.useful_minutes == 0'
    pack = promising(SMALL, x=f"{late}, at_least: deny, because: Hm")
    (error,) = broken_promises(pack)  # at noon nothing is put off
    assert error.case is not None and not decided(pack, error.case).obligations


def test_what_might_hold_in_every_zone_but_is_not_seen_through_is_not_proved() -> None:
    later = (
        '  - {id: later, on: [contact], never_when: action.class == "marketing", '
        'then: {defer_until_local: "09:00"}, because: Hm}\n'
    )
    text = swapped("soft:\n", f"{later}soft:\n").replace('"21:00"', '"08:00"')
    late = 'on: [contact], when: action.class == "marketing" and action.useful_minutes < 60'
    pack = promising(
        text.replace('to: "08:00"', 'to: "10:00"'), x=f"{late}, at_least: deny, because: Hm"
    )
    (error,) = broken_promises(pack)
    assert "x is not proved" in error.text and error.case is None
    assert not examine(pack).held


def test_a_promise_about_nothing_is_a_warning() -> None:
    pack = promising(SMALL, x="on: [offer], when: action.discount_bp > 9 and "
                              "action.discount_bp < 9, at_least: deny, because: Hm")  # fmt: skip
    assert broken_promises(pack) == ()
    (warning,) = [one for one in examine(pack).findings if one.about == "x"]
    assert "about no case that can arise" in warning.text and warning.severity == "warning"


@pytest.mark.parametrize("hurry", [{"effort": 1}, {"over": lambda: True}])
def test_what_there_was_no_time_for_is_an_error_not_a_proof(hurry: dict[str, object]) -> None:
    pack = promising(SHOP, **PROMISED)
    errors = broken_promises(pack, **hurry)  # type: ignore[arg-type]
    assert {one.about for one in errors} == set(PROMISED)
    assert all("not proved" in one.text for one in errors)
    assert not examine(pack, **hurry).held  # type: ignore[arg-type]
