"""Spans of time: the right instants, in UTC, never beyond now."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.chat.windows import WORDS, window
from tools.instants import DAY_US, HOUR_US, instant

#: 2026-03-05T14:30:00Z, a Thursday.
NOW = 1_772_721_000_000_000


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("today", "2026-03-05 00:00", "2026-03-05 14:30"),
        ("yesterday", "2026-03-04 00:00", "2026-03-05 00:00"),
        ("last night", "2026-03-04 18:00", "2026-03-05 06:00"),
        ("this morning", "2026-03-05 06:00", "2026-03-05 12:00"),
        ("this week", "2026-03-02 00:00", "2026-03-05 14:30"),
        ("last week", "2026-02-23 00:00", "2026-03-02 00:00"),
        ("the last hour", "2026-03-05 13:30", "2026-03-05 14:30"),
        ("last 3 hours", "2026-03-05 11:30", "2026-03-05 14:30"),
        ("the last 7 days", "2026-02-26 14:30", "2026-03-05 14:30"),
    ],
)
def test_a_span_means_these_instants(words: str, since: str, until: str) -> None:
    span = window(words, NOW)
    assert span.said == f"{words} ({since} to {until} UTC)"


def test_other_words_are_no_span() -> None:
    with pytest.raises(ValueError, match="no span of time"):
        window("next week", NOW)


spans = st.sampled_from(
    ["today", "yesterday", "last night", "this morning", "this week", "last week"]
    + ["the last hour", "last 1 hours", "last 999 days"]
)


@settings(max_examples=200, deadline=None)
@given(spans, st.integers(1_600_000_000_000_000, 2_000_000_000_000_000))
def test_a_span_ends_no_later_than_now_and_not_before_it_begins(words: str, now_us: int) -> None:
    span = window(words, now_us)
    assert re.fullmatch(WORDS, words)
    assert span.since <= span.until <= now_us + 1 or span.since == span.until
    if words == "this week":
        assert instant(span.since).weekday() == 0 and now_us - span.since < 7 * DAY_US
    if words == "last night":
        assert span.until - span.since <= 12 * HOUR_US
