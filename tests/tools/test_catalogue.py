"""`get_inventory` and `get_margin`: what the shop knows, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.tools.pictures import LAMP, a_picture, a_setting, decided
from tools.catalogue import worst_margin
from tools.picture import Picture


def told(tool: str, picture: Picture, **args: Any) -> dict[str, Any]:
    answer = decided(tool, args, picture)
    assert answer.allowed and answer.tool is not None and answer.tool.answer is not None
    return answer.tool.answer(picture, answer.args, a_setting())


def test_two_lines_of_one_article_are_in_stock_only_together() -> None:
    three = replace(LAMP, quantity=3)
    one = told("get_inventory", a_picture(lines=(three,)))
    assert one["all_in_stock"] and one["lines"][0]["in_stock"]
    both = told("get_inventory", a_picture(lines=(three, three)))
    assert not both["all_in_stock"]
    assert [line["in_stock"] for line in both["lines"]] == [False, False]


def test_p6_what_is_unknown_is_not_in_stock() -> None:
    unknown = a_picture(lines=(LAMP, replace(LAMP, sku="ghost", free_stock=None)))
    answer = told("get_inventory", unknown)
    assert not answer["all_in_stock"]
    assert [line["stock"] for line in answer["lines"]] == [5, None]
    assert not told("get_inventory", a_picture(lines=()))["all_in_stock"]


def test_the_worst_line_decides() -> None:
    poor = replace(LAMP, sku="poor", cost_minor=8_000)
    answer = told("get_margin", a_picture(lines=(LAMP, poor)), discount_bp=1_000)
    assert [line["margin_bp"] for line in answer["lines"]] == [6_000, 2_000]
    assert (answer["worst_bp"], answer["worst_after_bp"]) == (2_000, 1_111)


def test_p6_one_line_without_a_cost_leaves_the_margin_unknown() -> None:
    bare = replace(LAMP, sku="bare", cost_minor=None)
    assert worst_margin(a_picture(lines=(LAMP, bare)), 0) is None
    assert worst_margin(a_picture(lines=()), 0) is None
    assert told("get_margin", a_picture(lines=(LAMP, bare)))["worst_bp"] is None
