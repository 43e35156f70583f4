"""The hour that suits: a contact becomes later for it, and never leaves what the gate allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from customers.profile import Trait
from prompts.timing import BestHour
from tests.tools.pictures import (
    NOW,
    OFFER,
    a_contact,
    a_picture,
    a_profile,
    a_setting,
    decided,
    sending,
)
from tools.gate import Decided
from tools.instants import DAY_US, HOUR_US, MINUTE_US, local_hour

NIGHT = NOW + 12 * HOUR_US  # 23:00 in Berlin
SIX = NOW + 7 * HOUR_US  # 18:00 in Berlin
QUARTER = 15 * MINUTE_US


def answers(hour: int, times: int = 7, **elsewhere: int) -> tuple[int, ...]:
    """Answers by hour: so many in one, and as told in others (`at_9=2`)."""
    counts = [0] * 24
    counts[hour] = times
    for name, n in elsewhere.items():
        counts[int(name.removeprefix("at_"))] = n
    return tuple(counts)


def asked(
    hours: tuple[int, ...] | None = None,
    *,
    now_us: int = NOW,
    within: str = "PT12H",
    at_least: int = 5,
    channel: str = "email",
    stated: Any = None,
    zone: str | None = "Europe/Berlin",
    setting: dict[str, Any] | None = None,
    call: dict[str, Any] | None = None,
    **picture: Any,
) -> Decided:
    """The gate's answer to one e-mail of an agent with a best hour."""
    ordinary = a_setting()
    agent = ordinary.agent.model_copy(
        update={"best_hour": BestHour(within=within, at_least=at_least)}
    )
    picture.setdefault("zones", (zone or "Europe/Berlin",))
    person = replace(a_profile(timezone=zone), engaged={channel: hours} if hours else {})
    if stated is not None:
        traits = {**person.traits, "preferredHour": Trait(stated, NOW, "identify")}
        person = replace(person, traits=traits)
    return decided(
        "send_email",
        sending(now_us=now_us, **(call or {})),
        a_picture(now_us=now_us, profile=person, **picture),
        replace(ordinary, **{"agent": agent, **(setting or {})}),
    )


def test_it_waits_for_the_hour_in_which_they_answer_and_says_why() -> None:
    answer = asked(answers(18, 7, at_9=2))
    assert answer.allowed
    assert answer.leaves_at is not None and SIX <= answer.leaves_at < SIX + QUARTER
    assert answer.held_because == (
        "they answer e-mails most often between 18:00 and 19:00 (7 of 9 answers)"
    )
    assert asked(answers(18, 7, at_9=2)).leaves_at == answer.leaves_at


def test_without_enough_answers_or_in_that_hour_already_it_leaves_at_once() -> None:
    for hours in (None, answers(18, 4), answers(18, 5, at_9=5), answers(11)):
        answer = asked(hours)
        assert (answer.leaves_at, answer.held_because) == (None, None)
    assert asked(answers(18, 3), at_least=3).leaves_at is not None


def test_an_agent_whose_file_says_nothing_waits_for_no_hour() -> None:
    assert asked(answers(18), setting={"agent": a_setting().agent}).leaves_at is None


def test_once_its_hour_has_come_it_is_held_for_no_other() -> None:
    assert asked(answers(18), setting={"waits_for_hour": False}).leaves_at is None


def test_it_waits_no_longer_than_the_file_says() -> None:
    assert asked(answers(18), within="PT7H").leaves_at is None
    assert asked(answers(18), within="PT7H15M").leaves_at is not None
    assert asked(answers(10)).leaves_at is None  # 23 hours away


def test_the_message_and_its_offer_are_good_when_it_leaves() -> None:
    assert asked(answers(18), call={"hours": 6}).leaves_at is None
    assert asked(answers(18), call={"hours": 8}).leaves_at is not None
    short = replace(OFFER, expires_at=SIX)
    carried = {"message": "cart_reminder_offer", "offer_id": OFFER.id, "hours": 6}
    assert asked(answers(18), call=carried, offers=(short,)).leaves_at is None
    assert asked(answers(18), call={**carried, "hours": 8}, offers=(OFFER,)).leaves_at is not None


def test_an_hour_in_the_quiet_of_the_night_is_no_hour() -> None:
    assert asked(answers(23), within="PT20H").leaves_at is None
    assert asked(answers(3), within="PT20H").leaves_at is None


def test_what_waits_for_the_morning_may_wait_for_its_hour_from_there() -> None:
    answer = asked(answers(10), now_us=NIGHT)
    ten = NOW + 23 * HOUR_US
    assert answer.leaves_at is not None and ten <= answer.leaves_at < ten + QUARTER
    assert answer.verdict.obligations["not_before_us"] == NOW + 21 * HOUR_US
    at_eight = asked(answers(8), now_us=NIGHT)
    assert at_eight.held_because is None and at_eight.leaves_at is not None


def test_what_they_said_counts_before_what_was_learned() -> None:
    for stated in (17, "17:00", "17"):
        answer = asked(answers(18), stated=stated)
        assert answer.leaves_at is not None
        assert local_hour(answer.leaves_at, "Europe/Berlin") == 17
        assert answer.held_because == "they said that 17:00 is a good hour for them"
    for junk in (True, 24, -1, "evening", [17], "17:99"):
        learned = asked(answers(18), stated=junk)
        assert learned.held_because is not None and learned.held_because.startswith("they answer")


def test_without_a_zone_of_theirs_there_is_no_hour_of_theirs() -> None:
    assert asked(answers(18), zone=None).held_because is None


def test_p2_a_day_whose_cap_is_full_by_then_is_not_waited_for() -> None:
    """It may leave now; at eighteen it would be the second e-mail of that day."""
    queued = a_contact(-8)
    answer = asked(answers(18), contacts=(queued,))
    assert answer.held_because is None


@settings(deadline=None, max_examples=150)
@given(
    hour=st.integers(0, 23),
    now_us=st.integers(NOW, NOW + 400 * DAY_US),
    within=st.integers(1, 24),
    useful=st.integers(1, 72),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Etc/UTC"]),
    learned=st.booleans(),
)
def test_p6_later_only_within_bounds_and_never_in_the_quiet(
    hour: int, now_us: int, within: int, useful: int, zone: str, learned: bool
) -> None:
    call = {"hours": useful}
    held = asked(
        answers(hour) if learned else None,
        stated=None if learned else hour,
        now_us=now_us,
        within=f"PT{within}H",
        zone=zone,
        call=call,
    )
    plain = asked(None, now_us=now_us, zone=zone, call=call)
    assert held.verdict.outcome is plain.verdict.outcome
    if held.held_because is None:
        assert held.leaves_at == plain.leaves_at
        return
    first = now_us if plain.leaves_at is None else plain.leaves_at
    assert held.leaves_at is not None
    assert first < held.leaves_at <= first + within * HOUR_US
    assert held.leaves_at < now_us + useful * HOUR_US
    shown = local_hour(held.leaves_at, zone)
    assert shown == hour and 8 <= shown < 21
    # At that moment the gate lets it go at once.
    then = asked(None, now_us=held.leaves_at, zone=zone)
    assert then.leaves_at is None
