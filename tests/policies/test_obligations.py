"""What an allowed call still owes: the latest deferral, the lowest cap, nothing impossible."""

from __future__ import annotations

from typing import Any

from policies.pack import Pack, load_pack
from policies.verdict import FiredKind, Outcome, Verdict
from tests.policies.packs import CONTACT, HOUR, NOON, OFFER, ask, fired, small, swapped, told

QUARTER = HOUR // 4
EVENING = NOON + 9 * HOUR  # 21:00 in Berlin
EIGHT = NOON + 20 * HOUR


def deferring(*clocks: str) -> Pack:
    rules = "".join(
        f"  - id: later{i}\n    on: [contact]\n    never_when: customer.suppressed or"
        f" action.discount_bp >= {i}\n"
        f'    then: {{defer_until_local: "{clock}"}}\n    because: Later\n'
        for i, clock in enumerate(clocks, start=1)
    )
    return load_pack(swapped("soft:\n", rules + "soft:\n"), file="p")


def told_off(pack: Pack, **changes: Any) -> Verdict:
    return ask(pack, "contact", CONTACT, **changes)


def test_quiet_hours_put_a_message_off_to_the_morning_and_allow_it() -> None:
    verdict = told_off(small(), now_us=EVENING)
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.obligations == {
        "defer_until_local": "08:00",
        "not_before_us": EIGHT,
        "spread_until_us": EIGHT + QUARTER,
    }
    assert fired(verdict) == {"matrix.small": "allow", "quiet_hours": "allow"}
    assert told_off(small(), now_us=EVENING - 1).obligations == {}
    assert told_off(small(), now_us=EIGHT).obligations == {}


def test_a_deferral_beyond_its_use_is_a_denial() -> None:
    exactly = told_off(small(), now_us=EVENING, action__useful_minutes=11 * 60)
    assert exactly.outcome is Outcome.ALLOW
    assert "spread_until_us" not in exactly.obligations
    verdict = told_off(small(), now_us=EVENING, action__useful_minutes=11 * 60 - 1)
    assert verdict.outcome is Outcome.DENY
    assert fired(verdict)["cannot_be_met"] == "deny"
    assert verdict.fired[0].kind is FiredKind.OBLIGATION
    assert fired(verdict)["quiet_hours"] == "allow"


def test_zones_that_leave_no_hour_for_all_are_a_denial() -> None:
    world = ("America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo")
    verdict = told_off(small(), now_us=EVENING, customer__zones=world)
    assert verdict.outcome is Outcome.DENY
    assert fired(verdict)["cannot_be_met"] == "deny"
    assert "not_before_us" not in verdict.obligations


def test_of_two_deferrals_the_latest_is_owed() -> None:
    for clocks in (("14:00", "16:30"), ("16:30", "14:00")):
        verdict = told_off(deferring(*clocks), action__discount_bp=5)
        assert verdict.obligations == {
            "defer_until_local": "16:30",
            "not_before_us": NOON + 4 * HOUR + HOUR // 2,
            "spread_until_us": NOON + 4 * HOUR + HOUR // 2 + QUARTER,
        }
        assert {"later1", "later2"} <= fired(verdict).keys()


def test_a_deferral_into_quiet_hours_goes_on_to_their_end() -> None:
    verdict = told_off(deferring("22:00"), action__discount_bp=5)
    assert verdict.obligations == {
        "defer_until_local": "08:00",
        "not_before_us": EIGHT,
        "spread_until_us": EIGHT + QUARTER,
    }


def test_a_deferral_beyond_the_morning_stays() -> None:
    verdict = told_off(deferring("09:30"), action__discount_bp=5, now_us=EVENING)
    assert verdict.obligations == {
        "defer_until_local": "09:30",
        "not_before_us": EIGHT + HOUR + HOUR // 2,
        "spread_until_us": EIGHT + HOUR + HOUR // 2 + QUARTER,
    }


def test_p6_a_deferral_is_not_worked_out_from_zones_that_are_missing() -> None:
    for value in (None, ("Mars/Base",)):
        verdict = told_off(deferring("14:00"), action__discount_bp=5, customer__zones=value)
        assert fired(verdict) == {"missing:customer.zones": "deny", "matrix.small": "allow"}
        assert verdict.obligations == {}


def test_the_lowest_discount_cap_is_owed_and_held() -> None:
    rule = (
        "  - id: gold_only\n    on: [offer]\n    never_when: customer.segment == 'gold'\n"
        "    then: {cap_discount_bp: LIMIT}\n    because: Not so much\n"
    )
    low = load_pack(swapped("soft:\n", rule.replace("LIMIT", "700") + "soft:\n"), file="p")
    verdict = ask(low, "offer", OFFER, action__discount_bp=700)
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.obligations == {"cap_discount_bp": 700}  # the table's is 1500
    assert fired(verdict)["gold_only"] == "allow"
    over = ask(low, "offer", OFFER, action__discount_bp=701)
    assert fired(over)["gold_only"] == "deny" and over.outcome is Outcome.DENY
    high = load_pack(
        swapped("soft:\n", rule.replace("LIMIT", "params.most_bp") + "soft:\n"), file="p"
    )
    assert ask(high, "offer", OFFER).obligations == {"cap_discount_bp": 1500}


WORDED = """\
  - id: risk
    on: [contact]
    never_when: action.class == "marketing"
    then: {require_wording: risk_notice}
    because: Who writes of investments names the risk
  - id: fees
    on: [contact]
    never_when: action.discount_bp > 100
    then: {require_wording: fee_notice}
    because: Who names a price names the fees
"""
WORDS = "  action.disclosures: {set: [risk_notice, fee_notice, other], for: [contact]}\n"


def worded(rules: str = WORDED, words: str = WORDS) -> str:
    return swapped("soft:\n", rules + "soft:\n", swapped("facts:\n", "facts:\n" + words))


def test_a_wording_that_is_owed_and_not_carried_is_a_denial() -> None:
    pack = load_pack(worded(), file="p")
    for carried, discount, outcome in (
        (("risk_notice",), 0, "allow"),
        (("other", "risk_notice", "fee_notice"), 500, "allow"),
        (("risk_notice",), 500, "deny"),
        ((), 0, "deny"),
    ):
        facts = {**CONTACT, "action.disclosures": carried, "action.discount_bp": discount}
        verdict = ask(pack, "contact", facts)
        assert verdict.outcome.value == outcome, (carried, discount)
        owed = ["fee_notice", "risk_notice"] if discount else ["risk_notice"]
        assert verdict.obligations["require_wording"] == owed
    service = {**CONTACT, "action.disclosures": (), "action.class": "service"}
    assert ask(pack, "contact", service).obligations == {}


def test_p6_what_a_message_carries_must_be_known_where_a_wording_is_owed() -> None:
    pack = load_pack(worded(), file="p")
    for value in (None, ["risk_notice"], ("risk_notice", "risk_notice"), ("unheard_of",), "other"):
        facts = {**CONTACT, "action.disclosures": value}
        assert ask(pack, "contact", facts).missing == ("action.disclosures",), value
    service = {**CONTACT, "action.disclosures": None, "action.class": "service"}
    assert ask(pack, "contact", service).outcome is Outcome.ALLOW


def test_a_wording_that_no_message_can_carry_is_found_at_loading() -> None:
    assert "'risk_notise' is not among the words of 'action.disclosures'; did you mean " in str(
        told(worded(WORDED.replace("risk_notice", "risk_notise")))
    )
    needs = "require_wording needs the fact 'action.disclosures' (a set) of every contact"
    assert needs in str(told(worded(words="")))
    read = WORDED.replace("action.discount_bp > 100", "action.disclosures")
    assert "holds several words; require_wording reads them" in str(told(worded(read)))


def test_obligations_of_several_kinds_stand_together() -> None:
    rule = (
        "  - id: all\n    on: [contact]\n    never_when: action.class == 'marketing'\n"
        '    then: {require_footer: true, cap_discount_bp: 900, defer_until_local: "13:00"}\n'
        "    because: All of it\nsoft:\n"
    )
    pack = load_pack(swapped("soft:\n", rule), file="p")
    assert told_off(pack).obligations == {
        "require_footer": True,
        "cap_discount_bp": 900,
        "defer_until_local": "13:00",
        "not_before_us": NOON + HOUR,
        "spread_until_us": NOON + HOUR + QUARTER,
    }
    assert told_off(pack, action__discount_bp=901).outcome is Outcome.DENY
