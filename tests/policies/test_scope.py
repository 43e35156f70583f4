"""Who is held to a rule, who needs a fact: an unknown fact stops what needs it, nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from policies.pack import load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, OFFER, ask, fired, refuses, small, swapped, told

SERVICE = {**CONTACT, "action.class": "service"}
NEVER: list[Any] = [None, -1, "many", True, 10**5000, [], float("nan")]


@pytest.mark.parametrize("value", NEVER, ids=lambda value: type(value).__name__)
def test_p6_a_fact_that_marketing_needs_stops_marketing_only(value: Any) -> None:
    assert ask(small(), "contact", CONTACT, customer__orders=value).missing == ("customer.orders",)
    served = ask(small(), "contact", SERVICE, customer__orders=value)
    assert served.outcome is Outcome.ALLOW and served.missing == ()


def test_p6_where_the_class_is_unknown_the_fact_is_needed() -> None:
    facts = {name: value for name, value in CONTACT.items() if name != "customer.orders"}
    verdict = ask(small(), "contact", facts, action__class="unheard of")
    assert verdict.missing == ("action.class", "customer.orders")
    assert ask(small(), "contact", CONTACT, action__class=None).missing == ("action.class",)


def test_a_fact_that_is_not_needed_does_not_change_the_verdict_by_a_byte() -> None:
    plain = ask(small(), "contact", SERVICE)
    for value in NEVER:
        assert ask(small(), "contact", SERVICE, customer__orders=value) == plain


def test_p6_the_same_holds_when_another_fact_is_missing() -> None:
    denied = ask(small(), "contact", SERVICE, learned__score=None)
    assert denied.missing == ("learned.score",)
    for value in NEVER:
        assert (
            ask(small(), "contact", SERVICE, customer__orders=value, learned__score=None) == denied
        )


def test_a_rule_asks_only_those_it_is_about() -> None:
    assert "many_orders" in fired(ask(small(), "contact", CONTACT, customer__orders=501))
    assert "many_orders" not in fired(ask(small(), "contact", SERVICE, customer__orders=501))


def test_a_cap_holds_only_those_it_is_about() -> None:
    assert "weekly" in fired(ask(small(), "contact", CONTACT, cap__weekly__used=3))
    assert ask(small(), "contact", SERVICE, cap__weekly__used=None).outcome is Outcome.ALLOW


def test_p6_an_unknown_fact_of_one_kind_leaves_the_other_kinds_alone() -> None:
    assert ask(small(), "offer", OFFER, customer__segment=None).outcome is Outcome.DENY
    assert ask(small(), "contact", CONTACT).outcome is Outcome.ALLOW
    assert "customer.segment" not in small().needs("contact")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("when: {class: [marketing]}", "when: {class: [^marketting]}",
         "unknown 'marketting' in class:; did you mean 'marketing'?"),
        ("when: {class: [marketing]}", "when: {^clas: [marketing]}",
         "unknown key 'clas' in when:; did you mean 'class'?"),
        ("[0, 10000], for: [contact, offer]}",
         "[0, 10000], for: [contact, offer], when: ^{class: [marketing]}}",
         "when: is for facts of contact that are not the action's own"),
        ("[gold, silver, new], for: [offer]}",
         "[gold, silver, new], for: [offer], when: ^{class: [marketing]}}",
         "when: is for facts of contact that are not the action's own"),
    ],
)  # fmt: skip
def test_a_wrong_scope_is_told(old: str, new: str, says: str) -> None:
    refuses(old, new, says, alone=False)


def test_a_table_cannot_read_what_is_not_always_known() -> None:
    declared = "agent.autonomy: {enum: [assisted, supervised, autonomous], for: [contact, offer]"
    text = swapped(declared, declared + ", when: {class: [marketing]}")
    says = "p.yaml:76:18: 'agent.autonomy' is not always known, as its when: says"
    assert told(text) == [says]


def test_quiet_hours_need_the_time_of_every_contact() -> None:
    declared = "now_us: {instant, for: [contact]"
    text = swapped(declared, declared + ", when: {class: [marketing]}")
    assert told(text) == [
        "p.yaml:50:3: quiet_hours needs the fact 'now_us' of every contact, without when:"
    ]


def test_zones_that_are_not_always_known_do_for_quiet_hours_of_the_same_scope() -> None:
    declared = "customer.zones: {zones, for: [contact]"
    text = swapped(declared, declared + ", when: {class: [marketing]}")
    pack = load_pack(text, file="p.yaml")
    assert ask(pack, "contact", SERVICE, customer__zones=None).outcome is Outcome.ALLOW
    assert ask(pack, "contact", CONTACT, customer__zones=None).missing == ("customer.zones",)
