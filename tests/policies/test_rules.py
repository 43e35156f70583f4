"""Hard rules deny, soft ones ask for a reason; what they need is checked at loading."""

from __future__ import annotations

from typing import Any

import pytest

from policies.pack import Pack, PolicyError, load_pack
from policies.verdict import Outcome
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
            "defer_until_local, cap_discount_bp, require_wording, require_footer",
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


ASKING = """\
ask:
  - id: dear
    on: [contact]
    ask_when: action.discount_bp > 500
    of: approver
    because: Somebody signs for more than 5 %
  - id: many
    ask_when: customer.orders > 400
    of: operator
    obeys: {class: [marketing]}
    because: Somebody looks at our best customers
"""


def asking() -> Pack:
    return load_pack(swapped("caps:\n", f"{ASKING}caps:\n"), file="p")


def test_a_rule_that_asks_wants_a_person_whatever_autonomy_says() -> None:
    free: dict[str, Any] = {"agent__autonomy": "autonomous"}
    assert ask(asking(), "contact", CONTACT, **free).outcome is Outcome.ALLOW
    dear = ask(asking(), "contact", CONTACT, **free, action__discount_bp=600)
    assert dear.outcome is Outcome.APPROVAL and fired(dear)["dear"] == "approval"
    many = ask(asking(), "contact", CONTACT, **free, customer__orders=401)
    assert many.outcome is Outcome.REVIEW and fired(many)["many"] == "review"
    both = ask(asking(), "contact", CONTACT, action__discount_bp=600, customer__suppressed=True)
    assert both.outcome is Outcome.DENY


def test_no_reason_lifts_a_rule_that_asks() -> None:
    lifted = ask(asking(), "contact", CONTACT, {"dear": "we like them"}, action__discount_bp=600)
    assert lifted.outcome is Outcome.DENY and "override_of_hard" in fired(lifted)


def test_a_rule_that_asks_says_whom() -> None:
    with pytest.raises(PolicyError, match=r"of: is one of operator, approver, not 'aprover'"):
        load_pack(swapped("caps:\n", ASKING.replace("approver", "aprover") + "caps:\n"), file="p")
    learned = ASKING.replace("action.discount_bp > 500", "learned.score > 3")
    with pytest.raises(PolicyError, match=r"'learned.score' is learned; only soft rules"):
        load_pack(swapped("caps:\n", learned + "caps:\n"), file="p")
