"""When and where somebody answers: by their own clock, bounded, and never by machines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.engagement import LEAST, best_hour, channel_of, counted, together, told
from tests.customers.people import HOUR, NOW, Town, identify, track

#: 10:00 UTC is 11:00 in Berlin in January.
BERLIN = "Europe/Berlin"
ANSWERS = st.lists(
    st.tuples(st.sampled_from(["email", "sms"]), st.integers(0, 2 * 10**15)), max_size=30
)


def all_of(answers: list[tuple[str, int]], zone: str | None = None) -> dict[str, tuple[int, ...]]:
    counts: dict[str, tuple[int, ...]] = {}
    for channel, at in answers:
        counts = counted(counts, channel, at_us=at, zone=zone)
    return counts


@given(ANSWERS)
def test_every_answer_is_counted_once_and_the_order_does_not_matter(
    answers: list[tuple[str, int]],
) -> None:
    counts = all_of(answers)
    assert sum(sum(hours) for hours in counts.values()) == len(answers)
    assert counts == all_of(answers[::-1])
    assert all(len(hours) == 24 for hours in counts.values())


@given(ANSWERS, ANSWERS)
def test_two_records_together_are_as_one_that_heard_all(
    one: list[tuple[str, int]], other: list[tuple[str, int]]
) -> None:
    assert together(all_of(one), all_of(other)) == all_of(one + other)


def test_hours_are_those_of_the_persons_own_day() -> None:
    assert counted({}, "email", at_us=NOW, zone=BERLIN)["email"][11] == 1
    assert counted({}, "email", at_us=NOW, zone=None)["email"][10] == 1


def test_a_best_hour_needs_enough_answers_and_no_other_as_good() -> None:
    few = all_of([("email", NOW)] * (LEAST - 1))
    assert best_hour(few, "email") is None
    enough = all_of([("email", NOW)] * LEAST)
    best = best_hour(enough, "email")
    assert best is not None
    assert (best.hour, best.here, best.all) == (10, LEAST, LEAST)
    alike = together(enough, all_of([("email", NOW + HOUR)] * LEAST))
    assert best_hour(alike, "email") is None
    assert best_hour(enough, "sms") is None
    assert told(alike) == [{"channel": "email", "times": 2 * LEAST, "best_hour": None}]


@pytest.mark.parametrize(
    ("event", "properties", "channel"),
    [
        ("Email Opened", {}, "email"),
        ("Email Opened", {"machine_open": True}, None),
        ("Email Link Clicked", {"is_bot": True}, None),
        ("Email Link Clicked", {"is_bot": False}, "email"),
        ("Message Replied", {"channel": "sms"}, "sms"),
        ("Message Replied", {"channel": "pigeon"}, None),
        ("Email Delivered", {}, None),
    ],
)
def test_only_what_a_person_did_counts(
    event: str, properties: dict[str, Any], channel: str | None
) -> None:
    assert channel_of(event, properties) == channel


def test_answers_are_kept_with_the_profile_and_survive_a_merge(any_town: Town) -> None:
    any_town.who(identify("ada", timezone=BERLIN))
    for _ in range(3):
        any_town.who(track("Email Opened", "ada"))
    any_town.who(track("Email Link Clicked", anonymous="device-1"))
    ada = any_town.who(identify("ada", anonymous="device-1"))
    engaged = any_town.profile(ada).engaged
    assert (sum(engaged["email"]), engaged["email"][11]) == (4, 3)
