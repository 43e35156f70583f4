"""What people have stopped is denied before any pack is asked; what reaches nobody never is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.leases import Lease
from policies.source import RESERVED
from policies.verdict import FiredKind, Outcome
from store.brakes import ALL, OFFERS, Brake, Touch
from tests.tools.pictures import NOW, OFFER, a_call, a_picture, a_setting, sending
from tools import stops
from tools.gate import decide
from tools.instants import HOUR_US
from tools.registry import TOOLS

ARGS = {
    "get_profile": {},
    "get_inventory": {},
    "get_margin": {},
    "get_offer_history": {},
    "recall_memory": {"query": "complaints"},
    "create_offer": {"discount_bp": 500, "valid_hours": 48},
    "create_ticket": {"queue": "service", "priority": "low", "summary": "look"},
    "escalate": {"reason": "look"},
    "cancel_subscription": {"subscription_id": "s", "effective": "now", "reason": "look"},
    "issue_voucher": {"amount_minor": 500, "valid_days": 30},
    "finish": {"because": "done", "outcome": "declined"},
    "check_back": {"after_minutes": 60, "because": "later"},
}


def a_brake(scope: str = ALL, in_flight: str = "hold") -> Brake:
    return Brake("brk_1", scope, in_flight, "ann", "wrong prices", NOW)


def a_lease() -> Lease:
    return Lease("lea_1", "cus_1", "bob", NOW, NOW + HOUR_US)


def test_only_contacts_and_offers_are_stopped() -> None:
    picture = a_picture(brakes=(a_brake(),), leases=(a_lease(),), offers=(OFFER,))
    stopped = set()
    for name, tool in TOOLS.items():
        if name.startswith("send_"):
            message = "cart_reminder_sms" if tool.channel == "sms" else "cart_reminder"
            call = a_call(name, sending(message))
        elif name in ARGS:
            call = a_call(name, ARGS[name])
        else:
            assert tool.kind.value == "suppression", name
            continue
        fired = {f.rule for f in decide(picture, call, a_setting()).verdict.fired}
        if fired & stops.RULES:
            assert fired == {"brake", "lease"}
            stopped.add(name)
    assert stopped == {"send_email", "send_sms", "create_offer", "issue_voucher"}


def test_no_reason_and_no_confidence_lifts_a_stop() -> None:
    call = a_call(
        "send_email",
        sending(),
        overrides={"brake": "it is urgent", "lease": "they asked for it"},
        confidence_bp=10_000,
    )
    decided = decide(a_picture(brakes=(a_brake(),)), call, a_setting())
    assert decided.verdict.outcome is Outcome.DENY
    [fired] = decided.verdict.fired
    assert fired.kind is FiredKind.STOP
    assert fired.facts == {"brake.id": "brk_1", "brake.scope": "all"}
    assert decided.verdict.missing == ()


def test_a_call_that_does_not_fit_is_told_so_under_a_brake_too() -> None:
    decided = decide(a_picture(brakes=(a_brake(),)), a_call("send_email", {}), a_setting())
    assert [f.rule for f in decided.verdict.fired] == ["malformed_call"]


def test_stopped_it_is_the_same_bytes_every_time() -> None:
    picture = a_picture(brakes=(a_brake(), a_brake("channel:email")), leases=(a_lease(),))
    once, again = (
        decide(picture, a_call("send_email", sending()), a_setting()).verdict for _ in range(2)
    )
    assert once.canonical() == again.canonical()
    assert [f.rule for f in once.fired] == ["brake", "brake", "lease"]


def test_no_rule_of_a_pack_is_called_like_a_stop() -> None:
    assert stops.RULES <= RESERVED


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("all", "Everything that reaches customers is stopped"),
        ("offers", "All discounts are stopped"),
        ("channel:sms", "All text messages are stopped"),
        ("agent:shopping", "Everything of the agent “shopping” is stopped"),
        ("goal:recover_cart", "Everything of the goal “recover_cart” is stopped"),
    ],
)
def test_a_brake_says_what_it_stops_who_pulled_it_and_why(scope: str, said: str) -> None:
    told = stops.of_brake(a_brake(scope))
    assert told == f"{said}: ann pulled the brake on Mon 5 Jan 2026, 10:00 UTC (wrong prices)"


words = st.sampled_from(["shopping", "retention", "email", "sms", "recover_cart", "offers", "all"])
touches = st.builds(Touch, agent=words, goal=words, channel=words, with_offer=st.booleans())


@settings(max_examples=300, deadline=None)
@given(touches, st.sampled_from(["agent", "goal", "channel"]), words)
def test_a_scope_covers_what_it_names_and_nothing_else(touch: Touch, word: str, name: str) -> None:
    assert a_brake(ALL).covers(touch)
    assert a_brake(OFFERS).covers(touch) is touch.with_offer
    named = {"agent": touch.agent, "goal": touch.goal, "channel": touch.channel}[word]
    assert a_brake(f"{word}:{name}").covers(touch) is (named == name)
    assert not a_brake(f"{word}:").covers(touch)
