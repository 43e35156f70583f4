"""Durations have one length, or they are refused."""

from __future__ import annotations

import pytest

from prompts.durations import microseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P7D", 604_800), ("PT1H30M", 5400), ("P1W", 604_800), ("P1DT1S", 86_401), ("PT90M", 5400)],
)
def test_a_duration_has_its_length(text: str, seconds: int) -> None:
    assert microseconds(text) == seconds * 1_000_000


@pytest.mark.parametrize(
    "text", ["P", "PT", "P1M", "P1Y", "7D", "P-1D", "P1.5D", "P0D", "", "P1D "]
)
def test_what_has_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        microseconds(text)
