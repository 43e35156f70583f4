"""What other engines answer wrongly, each asked of ours: typos, types, missing facts, look-alikes.

The list is that of measured engines (Cedar, CEL, Rego, JSON logic, Zen, simpleeval) and of
incidents in agent frameworks: a rule that cannot be evaluated must never look like one that did not
fire.
"""

from __future__ import annotations

from typing import Any

import pytest

from policies.pack import load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, SMALL, ask, fired, small, swapped, told


@pytest.mark.parametrize(
    ("what", "old", "new", "says"),
    [
        (
            *("a forbid rule with a mistyped field is skipped, and the request allowed (Cedar)",),
            *("never_when: customer.suppressed", "never_when: customer.supressed"),
            "unknown fact 'customer.supressed'; did you mean 'customer.suppressed'?",
        ),
        (
            *("a comparison of a number with a word is false, or an error value (Zen, Rego)",),
            *("action.discount_bp > params.most_bp", 'action.discount_bp > "2000"'),
            "cannot order int and string",
        ),
        (
            *("a rule that is no yes or no never denies (CEL in an agent gateway)",),
            *("never_when: action.discount_bp > params.most_bp", "never_when: action.discount_bp"),
            "a condition must be true or false, this is an int",
        ),
        (
            *("an unknown decision value means no opinion, and the tool runs",),
            *("|| allow ", "|| alow "),
            "'alow' is not one of allow, needs_reason, review, approval, deny",
        ),
        (
            *("a misspelt key of a rule is passed over (Cedar annotations)",),
            *("because: They asked us to stop", "becuase: They asked us to stop"),
            "unknown key 'becuase' in a hard rule; did you mean 'because'?",
        ),
        (
            *("two rules of one id: the later wins, or both are told as one (Cedar)",),
            *("id: too_much", "id: suppressed"),
            "id suppressed already used on line 23",
        ),
        (
            *("a key given twice: the second silently wins (PyYAML)",),
            *("version: 3\n", "version: 3\nversion: 4\n"),
            "key 'version' already used on line 2",
        ),
        (
            *("a comment cuts the condition (YAML)",),
            *("never_when: customer.suppressed", "never_when: customer.suppressed # and not vip"),
            "' #' ends the condition here",
        ),
        (
            *("an operator that nobody meant to allow is accepted",),
            *("action.discount_bp > params.most_bp", "action.discount_bp is 2500"),
            "'is' is not allowed in a condition; write == or !=",
        ),
        (
            *("a broken cell of a table loads, and its row never fits (Zen)",),
            *("<= params.free_bp", "<= 4k"),
            "'<= 4k' is not a range such as < 2000 or 2000..3999",
        ),
        (
            *("a word that the field never holds is compared for ever (string enums)",),
            *('action.channel == "sms"', 'action.channel == "smss"'),
            "'action.channel' is never 'smss'; did you mean 'sms'?",
        ),
    ],
    ids=lambda value: value if str(value).startswith(("a ", "an ", "two")) else "",
)  # fmt: skip
def test_what_others_pass_over_is_refused_when_the_pack_is_read(
    what: str, old: str, new: str, says: str
) -> None:
    assert any(says in problem for problem in told(swapped(old, new))), told(swapped(old, new))


def test_yaml_1_1_takes_no_for_false_and_we_do_not() -> None:
    text = swapped("because: Never above 20 %", "because: no")
    view = load_pack(text, file="p").rule("too_much")
    assert view is not None and view.because == "no"


@pytest.mark.parametrize("name", ["customer.suppressed", "action.discount_bp", "customer.orders"])
def test_a_missing_fact_makes_rules_vanish_elsewhere_and_closes_the_gate_here(name: str) -> None:
    facts = {key: value for key, value in CONTACT.items() if key != name}
    verdict = ask(small(), "contact", facts)
    assert verdict.outcome is Outcome.DENY and verdict.missing == (name,)


@pytest.mark.parametrize("value", [None, 0.0, 0, "false", "", [], float("nan")])
def test_false_that_arrives_as_something_else_is_not_taken_for_false(value: Any) -> None:
    verdict = ask(small(), "contact", {**CONTACT, "customer.suppressed": value})
    assert verdict.outcome is Outcome.DENY and verdict.missing == ("customer.suppressed",)


@pytest.mark.parametrize("value", [None, "2500", 2500.0, True, 10**30])
def test_a_number_that_is_none_is_neither_below_nor_above(value: Any) -> None:
    verdict = ask(small(), "contact", {**CONTACT, "action.discount_bp": value})
    assert verdict.outcome is Outcome.DENY and verdict.missing == ("action.discount_bp",)


def test_no_rule_fired_and_every_rule_failed_do_not_look_alike() -> None:
    fine = ask(small(), "contact", CONTACT)
    nothing = ask(small(), "contact", {})
    assert fine.missing == () and len(nothing.missing) > 5
    assert nothing.outcome is Outcome.DENY and nothing.facts_digest != fine.facts_digest


def test_the_order_of_reasons_is_the_same_whatever_the_order_of_facts() -> None:
    facts = {**CONTACT, "customer.suppressed": True, "action.discount_bp": 2_500,
             "action.channel": "sms", "cap.weekly.used": 9}  # fmt: skip
    turned = dict(reversed(list(facts.items())))
    assert ask(small(), "contact", facts).canonical() == ask(small(), "contact", turned).canonical()


def test_the_closed_world_is_cut_to_the_kind_of_call() -> None:
    unknown_segment = {key: value for key, value in CONTACT.items()}
    assert "customer.segment" not in small().needs("contact")
    assert ask(small(), "contact", unknown_segment).outcome is Outcome.ALLOW


def test_contact_limits_are_not_ignored_where_a_channel_is_not_known() -> None:
    facts = {**CONTACT, "cap.weekly.used": 3}
    del facts["action.channel"]
    verdict = ask(small(), "contact", facts)
    assert fired(verdict)["weekly"] == "deny" and verdict.missing == ("action.channel",)


def test_no_allow_skips_a_denial() -> None:
    facts = {**CONTACT, "agent.autonomy": "autonomous", "customer.suppressed": True}
    verdict = ask(small(), "contact", facts)
    assert verdict.outcome is Outcome.DENY
    assert any(one.outcome is Outcome.ALLOW for one in verdict.fired)


def test_no_policy_for_a_kind_of_call_is_no_approval_by_default() -> None:
    verdict = ask(small(), "ticket", {})
    assert verdict.outcome is Outcome.APPROVAL and "tables" in SMALL
    assert fired(verdict) == {"autonomy.unmatched": "approval"}
