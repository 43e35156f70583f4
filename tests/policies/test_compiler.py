"""Every rule is asked, all that fired are returned, the strictest wins, the bytes are the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack import load_pack
from policies.verdict import Outcome
from tests.policies.packs import CONTACT, NOON, OFFER, ask, fired, small, swapped

HARD = [
    *("suppressed", "too_much", "many_orders", "weekly", "quiet_hours", "money", "tier.gold"),
    *("tier", "matrix.small", "matrix.unmatched", "autonomy.unmatched", "override_of_hard"),
    "cannot_be_met",
]
LIFTABLE = ["prefer_email", "low_score", "no such rule"]


def test_all_rules_that_fire_are_returned_strictest_first_then_by_id() -> None:
    verdict = ask(
        small(), "contact", CONTACT,
        customer__suppressed=True, action__discount_bp=2500, cap__weekly__used=5,
        action__channel="sms", learned__score=1, customer__orders=600,
    )  # fmt: skip
    assert list(fired(verdict).items()) == [
        ("many_orders", "deny"),
        ("suppressed", "deny"),
        ("too_much", "deny"),
        ("weekly", "deny"),
        ("matrix.larger", "review"),
        ("low_score", "needs_reason"),
        ("prefer_email", "needs_reason"),
    ]
    assert verdict.outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "allow"),
        ({"action__channel": "sms"}, "needs_reason"),
        ({"action__channel": "sms", "action__discount_bp": 1500}, "review"),
        ({"action__channel": "sms", "agent__autonomy": "assisted"}, "approval"),
        ({"agent__autonomy": "assisted", "customer__suppressed": True}, "deny"),
    ],
)
def test_the_strictest_outcome_wins(changes: dict[str, Any], outcome: str) -> None:
    assert ask(small(), "contact", CONTACT, **changes).outcome.value == outcome


def test_every_fired_rule_carries_the_facts_it_read_and_why() -> None:
    verdict = ask(small(), "contact", CONTACT, action__discount_bp=2500)
    one = next(f for f in verdict.fired if f.rule == "too_much")
    assert one.facts == {"action.discount_bp": 2500}
    assert (one.kind.value, one.because) == ("hard", "Never above 20 %")


def test_a_soft_rule_is_lifted_by_a_reason_in_words_and_stays_on_record() -> None:
    asks = ask(small(), "contact", CONTACT, action__channel="sms")
    assert asks.outcome is Outcome.NEEDS_REASON
    lifted = ask(
        small(), "contact", CONTACT, {"prefer_email": "No e-mail known"}, action__channel="sms"
    )
    assert lifted.outcome is Outcome.ALLOW
    assert fired(lifted)["prefer_email"] == "allow"


@pytest.mark.parametrize("reason", ["", "   ", "\n", None, 1, True, ["because"]])
def test_what_is_no_reason_lifts_nothing(reason: Any) -> None:
    verdict = ask(small(), "contact", CONTACT, {"prefer_email": reason}, action__channel="sms")
    assert verdict.outcome is Outcome.NEEDS_REASON


def test_one_reason_lifts_one_rule() -> None:
    verdict = ask(
        small(), "contact", CONTACT, {"prefer_email": "x"}, action__channel="sms", learned__score=1
    )
    assert fired(verdict)["low_score"] == "needs_reason"
    assert verdict.outcome is Outcome.NEEDS_REASON


@pytest.mark.parametrize("rule", HARD)
def test_an_override_of_what_nobody_lifts_is_refused(rule: str) -> None:
    for facts in (CONTACT, {**CONTACT, "customer.suppressed": True}):
        verdict = ask(small(), "contact", facts, {rule: "I know better", "prefer_email": "x"})
        assert verdict.outcome is Outcome.DENY
        assert next(f for f in verdict.fired if f.rule == "override_of_hard").facts == {
            "overrides": (rule,)
        }
    missing = ask(small(), "contact", CONTACT, {rule: "x"}, learned__score=None)
    assert "override_of_hard" in fired(missing)


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(st.sampled_from([*HARD, *LIFTABLE]), st.text()),
    st.booleans(),
    st.sampled_from([0, 2500]),
    st.integers(0, 5),
)
def test_hard_rules_are_never_lifted(
    overrides: dict[str, str], suppressed: bool, discount: int, used: int
) -> None:
    facts = {**CONTACT, "customer.suppressed": suppressed, "action.discount_bp": discount,
             "cap.weekly.used": used}  # fmt: skip
    without, verdict = ask(small(), "contact", facts), ask(small(), "contact", facts, overrides)
    denials = {rule for rule, outcome in fired(without).items() if outcome == "deny"}
    assert denials <= {rule for rule, outcome in fired(verdict).items() if outcome == "deny"}
    if suppressed or discount > 2000 or used >= 3:
        assert verdict.outcome is Outcome.DENY


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 6), st.integers(0, 6))
def test_p2_more_contacts_or_a_lower_cap_are_never_milder(
    used: int, more: int, cap: int, lower: int
) -> None:
    def rank(most: int, count: int) -> int:
        return ask(_capped(most), "contact", CONTACT, cap__weekly__used=count).outcome.rank

    assert rank(cap, used) <= rank(cap, used + more)
    assert rank(cap + lower, used) <= rank(cap, used)


_CAPPED: dict[int, Any] = {}


def _capped(most: int) -> Any:
    if most not in _CAPPED:
        _CAPPED[most] = load_pack(swapped("max: 3", f"max: {most}"), file="p")
    return _CAPPED[most]


def test_a_because_is_said_word_for_word_whatever_it_looks_like() -> None:
    words = """Ask @0@ or 'x' \\\\ {now_us} %s \U0001f600 "at" eight"""
    text = swapped("They asked us to stop", '"' + words.replace('"', '\\"') + '"')
    verdict = ask(load_pack(text, file="p"), "contact", CONTACT, customer__suppressed=True)
    assert verdict.fired[0].because == words.replace("\\\\", "\\")


def test_the_digest_is_of_all_facts_the_gate_read_and_no_others() -> None:
    verdict = ask(small(), "offer", OFFER)
    lines = "".join(f"{name}={OFFER[name]}\n" for name in sorted(OFFER))
    assert verdict.facts_digest == hashlib.sha256(f"offer\n{lines}".encode()).hexdigest()
    assert (
        ask(small(), "offer", {**OFFER, "customer.zones": ("Etc/UTC",), "x": object()}) == verdict
    )
    for name, value in OFFER.items():
        if type(value) is int:
            assert (
                ask(small(), "offer", {**OFFER, name: value + 1}).facts_digest
                != verdict.facts_digest
            )


def test_the_digest_is_written_the_same_way_when_a_fact_is_missing() -> None:
    short = {name: value for name, value in CONTACT.items() if name != "learned.score"}
    written = {**CONTACT, "customer.zones": "Europe/Berlin"}
    known = "".join(
        f"{name}={written[name]}\n" if name in short else f"{name}?\n" for name in sorted(CONTACT)
    )
    digest = hashlib.sha256(f"contact\n{known}".encode()).hexdigest()
    assert ask(small(), "contact", short).facts_digest == digest


def test_the_verdict_names_pack_version_engine_and_call() -> None:
    verdict = ask(small(), "contact", CONTACT)
    assert (verdict.pack, verdict.version, verdict.call_digest) == ("small", 3, "d")
    assert verdict.sha256 == small().sha256
    assert verdict.engine.startswith("gate/2 tzdata/20")


def test_p8_the_same_facts_give_the_same_bytes_in_any_order() -> None:
    first = ask(small(), "contact", CONTACT, learned__score=1).canonical()
    backwards = {**dict(reversed(CONTACT.items())), "learned.score": 1}
    assert ask(small(), "contact", backwards).canonical() == first
    again = load_pack(swapped("policy: small", "policy: small"), file="elsewhere.yaml")
    assert ask(again, "contact", CONTACT, learned__score=1).canonical() == first


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.policies.packs import CODE, CONTACT, MESSAGE, NOON, commerce, small
night = {**MESSAGE, "now_us": NOON + 36_000_000_000, "action.channel": "sms"}
for verdict in (
    commerce().decide("contact", night, call_digest="d"),
    commerce().decide("contact", {**night, "cart.in_stock": None, "customer.consent": 1},
                      call_digest="d"),
    commerce().decide("contact", night, call_digest="d",
                      overrides={"suppressed": "x", "weekly": "y", "prefer_email": "z"}),
    commerce().decide("offer", {**CODE, "action.discount_bp": 9000}, call_digest="d"),
    small().decide("contact", {**CONTACT, "customer.zones": ("Etc/UTC", "Asia/Tokyo")},
                   call_digest="d"),
):
    sys.stdout.buffer.write(verdict.canonical() + b"\\n")
"""


def test_p8_the_same_bytes_come_from_another_process_with_another_hash_seed() -> None:
    root = str(Path(__file__).parents[2])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, root],
            check=True, capture_output=True, env={"PYTHONHASHSEED": seed, "TZ": zone}, cwd=root,
        ).stdout
        for seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"), ("4711", "America/New_York"))
    }  # fmt: skip
    (output,) = outputs
    assert output.count(b"\n") == 5 and NOON


def test_ids_of_the_engine_itself_cannot_be_taken() -> None:
    for name in ("cannot_be_met", "override_of_hard", "quiet_hours", "autonomy"):
        with pytest.raises(Exception, match="the engine itself uses"):
            load_pack(swapped("id: prefer_email", f"id: {name}"), file="p")
