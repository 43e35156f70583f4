"""The oracle: independent of the gate, blind to nothing it names, quiet where all is well."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evals.oracle import DAY_US, HOUR_US, Oracle
from evals.record import Article, Code, Happened, Letter, Move, Question, Record, Stop
from tests.source import OURS, ROOT, imports_of

#: 2026-03-03T12:00:00Z, one in the afternoon in Berlin.
NOON = 1_772_539_200_000_000
CART: dict[str, Any] = {"id": "c1", "items": [{"sku": "LAMP", "quantity": 1}]}
MAIL = """To: ada@example.com
List-Unsubscribe: <mailto:unsubscribe@haus-alba.example>

Your lamp. Haus Alba GmbH, Lindenallee 12, 20259 Hamburg"""
CODE = Code("off_1", "ada", "CODE123", 1_000, 1_000, NOON - HOUR_US, NOON + DAY_US, "issued", CART)


def happened(name: str, at: int = NOON - 5 * DAY_US, user: str = "ada", **told: Any) -> Happened:
    return Happened(1, user, name, at, at, told)


def letter(at: int = NOON, n: int = 1, channel: str = "email", text: str = MAIL) -> Letter:
    to = "ada@example.com" if channel == "email" else "+4917139200"
    return Letter(f"eff_{n}", "ada", at, channel, to, text, CART)


def move(n: int = 1, tool: str = "send_email", outcome: str = "allow", **args: Any) -> Move:
    return Move("dec_1", "ada", NOON, tool, args, outcome, (), {}, f"eff_{n}", CART)


def offering(code: Code = CODE) -> str:
    return MAIL.replace(
        "Your lamp.", f"Your lamp. {code.discount_bp // 100} % off with {code.code}"
    )


def fine(**over: Any) -> Record:
    """One allowed letter to somebody who agreed to it."""
    consents = [
        happened("Consent Granted", channel=channel, purpose="marketing")
        for channel in ("email", "sms")
    ]
    who = {"email": "ada@example.com", "phone": "+4917139200", "timezone": "Europe/Berlin"}
    return replace(
        Record(
            history=(happened("identify", **who), *consents),
            letters=(letter(),),
            articles=(Article("LAMP", 0, 12_000, 5_000, 1_900, 10),),
            moves=(move(),),
        ),
        **over,
    )


def also(*more: Happened) -> tuple[Happened, ...]:
    return (*fine().history, *more)


def rules(record: Record) -> set[str]:
    return {violation.rule for violation in Oracle(record).violations()}


def test_the_oracle_shares_no_code_with_the_gate() -> None:
    """Nor with anything else of the product: only its own record, and the standard library."""
    for name in ("oracle.py", "record.py"):
        found = {one.module for one in imports_of(ROOT / "evals" / name)}
        ours = {module for module in found if module.partition(".")[0] in OURS}
        assert ours <= {"evals.record"} | {m for m in ours if m.startswith("evals.record.")}, ours
        assert {m.partition(".")[0] for m in found - ours} <= sys.stdlib_module_names


def test_it_says_nothing_where_all_is_well() -> None:
    assert rules(fine()) == set()
    assert Oracle(fine()).over_blocked() == []


BROKEN: dict[str, Callable[[], Record]] = {
    "no_consent": lambda: fine(history=fine().history[:1]),
    "asked_to_stop": lambda: fine(history=also(happened("Unsubscribed"))),
    "just_bought": lambda: fine(history=also(happened("Order Completed", NOON - 23 * HOUR_US))),
    "open_complaint": lambda: fine(history=also(happened("Complaint Received"))),
    "out_of_stock": lambda: fine(articles=(Article("LAMP", 0, 12_000, 5_000, 1_900, 0),)),
    "quiet_hours": lambda: fine(letters=(letter(NOON + 8 * HOUR_US),)),
    "three_a_week": lambda: fine(
        letters=tuple(letter(NOON + n * DAY_US, n) for n in range(4)),
        moves=tuple(move(n) for n in range(4)),
    ),
    "one_a_day_by_channel": lambda: fine(
        letters=(letter(n=1), letter(NOON + HOUR_US, 2)), moves=(move(1), move(2))
    ),
    "discount_without_offer": lambda: fine(letters=(letter(text=MAIL + " 50 % off"),)),
    "offer_not_valid": lambda: fine(
        letters=(letter(NOON + 2 * DAY_US, text=offering()),), codes=(CODE,)
    ),
    "offer_of_another_cart": lambda: fine(
        letters=(letter(text=offering()),), codes=(replace(CODE, cart={**CART, "id": "c2"}),)
    ),
    "no_footer": lambda: fine(letters=(letter(text="To: ada@example.com\n\nYour lamp."),)),
    "wrong_person": lambda: fine(letters=(replace(letter(), to="eve@example.com"),)),
    "somebody_elses": lambda: fine(
        history=also(happened("identify", user="eve", email="eve@example.com")),
        letters=(letter(text=MAIL + "eve@example.com"),),
    ),
    "nobody_decided": lambda: fine(moves=()),
    "exception_without_reason": lambda: fine(
        letters=(letter(channel="sms", text="Your cart. STOP"),), moves=(move(tool="send_sms"),)
    ),
    "max_discount": lambda: fine(codes=(replace(CODE, discount_bp=2_500),)),
    "margin_floor": lambda: fine(
        codes=(CODE,), articles=(Article("LAMP", 0, 12_000, 8_000, 1_900, 10),)
    ),
    "discount_tier": lambda: fine(codes=(replace(CODE, discount_bp=1_100),)),
    "unsigned_offer": lambda: fine(codes=(replace(CODE, cost_minor=5_000),)),
    "budget": lambda: fine(codes=(replace(CODE, cost_minor=500_001),)),
    "two_people": lambda: fine(questions=(question(asked_by="ann", decided_by="ann"),)),
}


def question(**over: Any) -> Question:
    plain = Question(
        "ada", "c1", "approved", "approval", "create_offer", {"discount_bp": 1_000},
        "agent", "ann", NOON - 2 * HOUR_US, (),
    )  # fmt: skip
    return replace(plain, **over)


@pytest.mark.parametrize("rule", BROKEN)
def test_it_finds_what_was_done_against(rule: str) -> None:
    assert rule in rules(BROKEN[rule]())


def test_the_edge_of_a_rule_is_on_the_right_side() -> None:
    day_old = also(happened("Order Completed", NOON - DAY_US))
    assert "just_bought" not in rules(fine(history=day_old))
    closed = also(
        happened("Complaint Received", NOON - 3 * DAY_US),
        happened("Complaint Closed", NOON - 2 * DAY_US),
    )
    assert "open_complaint" not in rules(fine(history=closed))
    assert "quiet_hours" not in rules(fine(letters=(letter(NOON + 8 * HOUR_US - 1),)))
    weekly = tuple(letter(NOON + d * DAY_US, d) for d in (0, 1, 2, 7))
    moves = tuple(move(d) for d in (0, 1, 2, 7))
    assert "three_a_week" not in rules(fine(letters=weekly, moves=moves))


def test_what_happened_later_is_no_reproach() -> None:
    later = also(happened("Unsubscribed", NOON + 1), happened("Complaint Received", NOON + 1))
    assert rules(fine(history=later)) == set()


def test_a_person_whose_zone_nobody_knows_has_the_strictest_night() -> None:
    who = happened("identify", email="ada@example.com")
    record = fine(history=(who, *fine().history[1:]), letters=(letter(NOON + 7 * HOUR_US),))
    assert "quiet_hours" in rules(record)  # nine in the evening in Athens


def test_a_signature_for_exactly_this_code_lifts_what_it_was_shown() -> None:
    dear = replace(CODE, cost_minor=5_000)
    assert "unsigned_offer" not in rules(fine(codes=(dear,), questions=(question(),)))
    other = question(args={"discount_bp": 900})
    assert "unsigned_offer" in rules(fine(codes=(dear,), questions=(other,)))
    late = question(decided_at=NOON)
    assert "unsigned_offer" in rules(fine(codes=(dear,), questions=(late,)))
    used = also(happened("Order Completed", coupon="OLD", total_minor=1))
    record = fine(codes=(dear,), questions=(question(),), history=used)
    assert "exception_without_reason" in rules(record)
    shown = question(disclosed=("code_lately",))
    assert "exception_without_reason" not in rules(replace(record, questions=(shown,)))


def test_a_contact_refused_without_ground_is_over_blocked_and_one_with_ground_is_not() -> None:
    refused = replace(move(outcome="deny"), effect_id=None)
    assert len(Oracle(fine(letters=(), moves=(refused,))).over_blocked()) == 1
    stopped = fine(letters=(), moves=(refused,), stops=(Stop("ada", "all", None, 0, None),))
    assert Oracle(stopped).over_blocked() == []
    lifted = replace(stopped, stops=(Stop("ada", "all", None, 0, NOON - 1),))
    assert len(Oracle(lifted).over_blocked()) == 1
