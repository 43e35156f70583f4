"""The bank's pack: what suits first, much money and complaints to a person, notices in the mail."""

from __future__ import annotations

from typing import Any

import pytest

from policies.proofs.check import broken_promises
from policies.verdict import Outcome, Verdict
from tests.policies.packs import SHIPPED, ask, fired, shipped

NOON = 1_772_539_200_000_000
CONTACT: dict[str, Any] = {
    "action.tool_listed": True, "agent.autonomy": "supervised", "action.channel": "email",
    "action.class": "marketing", "action.purpose": "marketing", "action.useful_minutes": 2_880,
    "action.confidence_bp": 8_000, "action.disclosures": ("fee_notice", "risk_notice"),
    "now_us": NOON, "customer.suppressed": False, "customer.consent": "granted",
    "customer.address_known": True, "customer.zones": ("Europe/Berlin",),
    "customer.open_complaint": False, "customer.identity": "certain",
    "customer.days_since_complaint": 400, "customer.sentiment": "neutral",
    "customer.compliance_flag": False, "account.value_minor": 1_000_000, "cap.weekly.used": 0,
}  # fmt: skip
RECOMMENDATION: dict[str, Any] = {
    "action.tool_listed": True, "agent.autonomy": "supervised", "action.confidence_bp": 8_000,
    "customer.suppressed": False, "customer.identity": "certain",
    "customer.suitability": "suitable", "customer.suitability_days": 30,
    "customer.days_since_complaint": 400, "customer.sentiment": "positive",
    "customer.compliance_flag": False, "account.value_minor": 1_000_000,
    "account.currency": "EUR", "holding.share_after_bp": 1_000, "holding.products": 1,
}  # fmt: skip
OFFER: dict[str, Any] = {
    **RECOMMENDATION, "action.cost_minor": 2_000, "customer.open_complaint": False,
    "customer.tenure_days": 2_000, "budget.goodwill.left_minor": 100_000,
}  # fmt: skip
CALLS = {"contact": CONTACT, "recommendation": RECOMMENDATION, "offer": OFFER}


def said(kind: str, **changes: Any) -> Verdict:
    return ask(shipped("finance"), kind, CALLS[kind], **changes)


def test_a_message_in_bounds_needs_nobody_and_names_risk_and_fees() -> None:
    verdict = said("contact")
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.obligations == {
        "require_footer": True,
        "require_wording": ["fee_notice", "risk_notice"],
    }


@pytest.mark.parametrize(
    ("changes", "rule", "outcome"),
    [
        ({"action__disclosures": ("fee_notice",)}, "risk_wording", "deny"),
        ({"action__disclosures": ("risk_notice",)}, "fee_wording", "deny"),
        ({"customer__identity": "probable"}, "who_is_it", "deny"),
        ({"account__value_minor": 5_000_000}, "large_account", "approval"),
        ({"customer__days_since_complaint": 29}, "recent_complaint", "approval"),
        ({"customer__sentiment": "negative"}, "unhappy", "review"),
        ({"customer__compliance_flag": True}, "flagged", "approval"),
        ({"action__confidence_bp": 5_999}, "unsure", "review"),
        ({"cap__weekly__used": 1}, "weekly", "deny"),
        ({"customer__consent": "absent"}, "no_consent", "deny"),
        ({"customer__open_complaint": True}, "open_complaint", "deny"),
        ({"agent__autonomy": "assisted"}, "contact_autonomy.assisted", "approval"),
    ],
)
def test_what_stands_in_the_way_of_a_message(
    changes: dict[str, Any], rule: str, outcome: str
) -> None:
    verdict = said("contact", **changes)
    assert (verdict.outcome.value, fired(verdict)[rule]) == (outcome, outcome)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"customer__suitability": "unsuitable"}, "not_suitable"),
        ({"customer__suitability": "unassessed"}, "not_suitable"),
        ({"customer__suitability_days": 366}, "suitability_old"),
        ({"holding__share_after_bp": 2_001}, "share_limit"),
        ({"holding__products": 3}, "too_many_products"),
        ({"customer__suppressed": True}, "suppressed"),
    ],
)
def test_nothing_is_recommended_that_does_not_suit(changes: dict[str, Any], rule: str) -> None:
    verdict = said("recommendation", **changes)
    assert (verdict.outcome, fired(verdict)[rule]) == (Outcome.DENY, "deny")


def test_a_recommendation_goes_to_the_person_who_looks_after_the_customer() -> None:
    assert said("recommendation").outcome is Outcome.REVIEW
    assert said("recommendation", agent__autonomy="autonomous").outcome is Outcome.REVIEW
    assert shipped("finance").approvals.assignee == "relationship_manager"


@pytest.mark.parametrize(
    ("days", "most"), [(0, 0), (364, 0), (365, 2_500), (1_824, 2_500), (1_825, 5_000)]
)
def test_goodwill_follows_how_long_a_person_has_been_with_us(days: int, most: int) -> None:
    verdict = said("offer", customer__tenure_days=days, action__cost_minor=most + 1)
    assert verdict.outcome is Outcome.DENY and verdict.obligations["cap_amount_minor"] == most
    within = said("offer", customer__tenure_days=days, action__cost_minor=most)
    assert within.outcome is Outcome.APPROVAL


def test_what_is_over_the_budget_is_put_before_a_person() -> None:
    verdict = said("offer", budget__goodwill__left_minor=1_000)
    assert fired(verdict)["goodwill"] == "approval"


@pytest.mark.parametrize("name", ["customer.suitability", "customer.suitability_days",
                                  "holding.share_after_bp", "account.currency"])  # fmt: skip
def test_p6_what_is_not_known_about_suitability_stops_the_offer(name: str) -> None:
    facts = {key: value for key, value in OFFER.items() if key != name}
    assert ask(shipped("finance"), "offer", facts).missing == (name,)


def test_p6_an_account_that_is_not_known_stops_a_message_that_it_is_about() -> None:
    facts = {key: value for key, value in CONTACT.items() if key != "account.value_minor"}
    assert ask(shipped("finance"), "contact", facts).missing == ("account.value_minor",)
    service = {**facts, "action.class": "service", "action.purpose": "service"}
    assert ask(shipped("finance"), "contact", service).outcome is Outcome.ALLOW


@pytest.mark.parametrize("name", ["organisation", "commerce", "finance", "travel"])
def test_the_packs_that_ship_keep_their_promises_and_can_be_read_aloud(name: str) -> None:
    pack = shipped(name)
    assert pack.content.invariants and broken_promises(pack) == ()
    assert len(SHIPPED[name].splitlines()) <= 150
    for rule in pack.rules:
        assert rule.because[0].isupper() and not rule.because.endswith(".")
