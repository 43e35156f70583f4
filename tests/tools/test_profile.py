"""`get_profile`: what a planner needs to know of a person, and nothing that names them (P11)."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.tools.pictures import NOW, a_picture, a_profile, a_setting, decided
from tools.instants import DAY_US
from tools.picture import Picture
from tools.registry import TOOLS


def told(picture: Picture) -> dict[str, object]:
    answer = decided("get_profile", {}, picture)
    tool = TOOLS["get_profile"]
    assert answer.allowed and tool.answer is not None
    return tool.answer(picture, answer.args, a_setting())


def test_neither_name_nor_address_is_told() -> None:
    written = json.dumps(told(a_picture()))
    for personal in ("Ada", "ada@customer.example", "+4917612345678", "cus_1"):
        assert personal not in written


def test_no_history_is_told_as_none() -> None:
    profile = told(a_picture())
    assert (profile["orders"], profile["days_since_last_order"]) == (0, None)
    bought = replace(a_profile(), orders=1, last_order_at=NOW - 3 * DAY_US)
    assert told(a_picture(profile=bought))["days_since_last_order"] == 3


def test_a_zone_that_is_only_possible_is_not_told_as_known() -> None:
    assert told(a_picture())["zone"] == "Europe/Berlin"
    assert told(a_picture(zone_is_known=False))["zone"] is None
