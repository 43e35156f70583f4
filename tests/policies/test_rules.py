"""Hard rules deny, soft ones ask for a reason; what they need is checked at loading."""

from __future__ import annotations

import pytest

from policies.pack import load_pack
from tests.policies.packs import CONTACT, OFFER, ask, fired, refuses, small, swapped, told

LATER = '    then: {defer_until_local: "09:00"}\n    because: They buy'


def test_a_rule_that_does_not_say_is_asked_wherever_its_facts_are_known() -> None:
    pack = small()
    where = {rule.id: rule.on for rule in pack.rules}
    assert where["suppressed"] == ("contact", "offer")
    assert where["many_orders"] == ("contact",)
    assert "suppressed" in fired(ask(pack, "contact", CONTACT, customer__suppressed=True))
    assert "suppressed" in fired(ask(pack, "offer", OFFER, customer__suppressed=True))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "never_when: action.discount_bp > params.most_bp",
            "never_when: ^learned.score > 90",
            "'learned.score' is learned; only soft rules may read it",
        ),
        (
            "never_when: action.discount_bp > params.most_bp",
            "never_when: ^learned.score > 90 and customer.suppressed",
            "'learned.score' is learned; only soft rules may read it",
        ),
        (
            "never_when: action.discount_bp > params.most_bp",
            "never_when: ^customer.orders > 90 or customer.segment == 'new'",
            "no kind of action has all of customer.orders, customer.segment",
        ),
        (
            "never_when: customer.orders > 500\n    obeys: {class: [marketing]}",
            "never_when: ^customer.orders > 500",
            "'customer.orders' is known only when {class: [marketing]}; "
            "add obeys: {class: [marketing]}",
        ),
        (
            "never_when: customer.orders > 500\n    obeys: {class: [marketing]}",
            "never_when: ^customer.orders > 500\n    obeys: {class: [marketing, service]}",
            "'customer.orders' is known only when {class: [marketing]}; "
            "add obeys: {class: [marketing]}",
        ),
        ("on: [contact]", "on: [contact, ^ofer]", "unknown 'ofer' in on:; did you mean 'offer'?"),
        ("on: [contact]", "on: ^[]", "on: is empty"),
        ("on: [contact]", "on: [contact, ^contact]", "'contact' stands twice in on:"),
        (
            "    because: Never above",
            "    then: {^whisper: true}\n    because: Never above",
            "unknown key 'whisper' in then: (the obligations)",
        ),
        (
            "    because: Never above",
            "    then: {^require_foter: true}\n    because: Never above",
            "unknown key 'require_foter' in then: (the obligations); "
            "did you mean 'require_footer'?",
        ),
        (
            "    because: Never above",
            "    then: ^{}\n    because: Never above",
            "then: asks for nothing; it may hold "
            "defer_until_local, cap_discount_bp, require_footer",
        ),
        (
            "    because: Never above",
            "    then: {cap_discount_bp: ^10001}\n    because: Never above",
            "cap_discount_bp is 0 to 10000 basis points, or such a number of params",
        ),
        (
            "    because: Never above",
            "    then: {cap_discount_bp: ^true}\n    because: Never above",
            "cap_discount_bp is 0 to 10000 basis points, or such a number of params",
        ),
        (
            "    because: Never above",
            "    then: {require_footer: ^true}\n    because: Never above",
            "require_footer: is true, and for on: [contact] only",
        ),
        (
            "    because: They buy",
            "    then: {require_footer: ^yes}\n    because: They buy",
            "require_footer: is true, and for on: [contact] only",
        ),
        (
            "    because: They buy",
            "    then: {defer_until_local: ^8 o'clock}\n    because: They buy",
            "'8 o'clock' is not a local time such as \"08:00\"",
        ),
        (
            "    because: They buy",
            '    then: {defer_until_local: "^24:00"}\n    because: They buy',
            "'24:00' is not a local time such as \"08:00\"",
        ),
        (
            "    because: E-mail is milder",
            "    ^then: {require_footer: true}\n    because: E-mail is milder",
            "unknown key 'then' in a soft rule",
        ),
        (
            "    because: Never above",
            "    on: [offer]\n    obeys: ^{class: [marketing]}\n    because: Never above",
            "obeys: narrows calls of contact, this is not about any",
        ),
    ],
)
def test_a_wrong_rule_is_told(old: str, new: str, says: str) -> None:
    refuses(old, new, says)


def test_a_deferral_needs_the_clock_facts() -> None:
    declared = "  action.useful_minutes: {int: [0, 525600], for: [contact]}\n"
    text = swapped("    because: They buy", LATER, swapped(declared, ""))
    says = "needs the fact 'action.useful_minutes' (int) declared for contact"
    assert [line for line in told(text) if f"defer_until_local {says}" in line]
    pack = load_pack(swapped("    because: They buy", LATER), file="p.yaml")
    assert fired(ask(pack, "contact", CONTACT, customer__orders=501))["many_orders"] == "allow"


def test_a_learned_value_may_stand_in_a_soft_rule() -> None:
    assert fired(ask(small(), "contact", CONTACT, learned__score=9))["low_score"] == "needs_reason"
