"""The rush of the morning: everybody has a moment of their own, the same whenever it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.verdict import Verdict
from tests.tools.pictures import NOW, a_picture, a_setting, decided, pack, sending
from tools.instants import HOUR_US, MINUTE_US
from tools.spreading import leaves_at

NIGHT = NOW + 12 * HOUR_US  # 23:00 in Berlin
EIGHT = NOW + 21 * HOUR_US


def owing(**obligations: Any) -> Verdict:
    verdict = decided("send_email", sending()).verdict
    return replace(verdict, obligations=obligations)


def test_what_is_not_put_off_leaves_at_once_and_has_no_moment() -> None:
    assert leaves_at(owing(), "cus_1") is None
    assert decided("send_email", sending()).leaves_at is None


def test_where_there_is_no_room_everybody_leaves_when_the_gate_says() -> None:
    assert leaves_at(owing(not_before_us=EIGHT), "cus_1") == EIGHT


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30), st.integers(0, 120 * MINUTE_US))
def test_a_moment_lies_within_the_room_and_stays_the_same(person: str, room: int) -> None:
    verdict = owing(not_before_us=EIGHT, spread_until_us=EIGHT + room)
    moment = leaves_at(verdict, person)
    assert moment is not None and EIGHT <= moment <= EIGHT + room
    assert moment == leaves_at(verdict, person)


def test_a_thousand_people_leave_evenly_over_a_quarter_of_an_hour() -> None:
    verdict = owing(not_before_us=EIGHT, spread_until_us=EIGHT + 15 * MINUTE_US)
    minutes = [0] * 15
    for n in range(1_500):
        moment = leaves_at(verdict, f"cus_{n}")
        assert moment is not None
        minutes[(moment - EIGHT) // MINUTE_US] += 1
    assert min(minutes) > 60 and max(minutes) < 150


def test_the_same_person_is_not_always_the_last() -> None:
    day = 24 * HOUR_US
    moments = {
        (leaves_at(owing(not_before_us=EIGHT + n * day,
                         spread_until_us=EIGHT + n * day + 15 * MINUTE_US), "cus_1") or 0)
        - EIGHT - n * day
        for n in range(10)
    }  # fmt: skip
    assert len(moments) > 5


def test_the_gate_puts_a_message_off_to_this_person_s_moment() -> None:
    answer = decided("send_email", sending(now_us=NIGHT), a_picture(now_us=NIGHT))
    owed = answer.verdict.obligations
    assert (owed["not_before_us"], owed["spread_until_us"]) == (EIGHT, EIGHT + 15 * MINUTE_US)
    assert answer.leaves_at == leaves_at(answer.verdict, "cus_1")
    assert answer.leaves_at is not None and EIGHT <= answer.leaves_at <= EIGHT + 15 * MINUTE_US


def test_a_pack_that_wants_no_spread_lets_everybody_leave_at_eight() -> None:
    at_once = a_setting(pack=pack(('to: "08:00",', 'to: "08:00", spread_minutes: 0,')))
    answer = decided("send_email", sending(now_us=NIGHT), a_picture(now_us=NIGHT), at_once)
    assert answer.leaves_at == EIGHT
