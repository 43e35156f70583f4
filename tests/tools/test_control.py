"""`check_back` and `finish` end a turn and touch nobody."""

from __future__ import annotations

import pytest

from tests.tools.pictures import NOW, a_picture, a_setting, decided
from tools.instants import MINUTE_US
from tools.registry import TOOLS


def test_another_look_is_so_many_minutes_from_now() -> None:
    answer = decided("check_back", {"after_minutes": 90, "because": "They are asleep."})
    tool = TOOLS["check_back"]
    assert answer.allowed and tool.answer is not None
    told = tool.answer(a_picture(), answer.args, a_setting())
    assert told["at_us"] == NOW + 90 * MINUTE_US
    assert told["at"] == "2026-01-05T11:30:00+00:00"


@pytest.mark.parametrize("minutes", [0, -1, 43_201])
def test_another_look_is_within_thirty_days(minutes: int) -> None:
    assert not decided("check_back", {"after_minutes": minutes, "because": "Later."}).allowed


def test_an_ending_says_how_and_why() -> None:
    answer = decided("finish", {"because": "Nothing to say.", "outcome": "declined"})
    tool = TOOLS["finish"]
    assert answer.allowed and tool.answer is not None
    assert tool.answer(a_picture(), answer.args, a_setting()) == {
        "outcome": "declined",
        "because": "Nothing to say.",
    }
