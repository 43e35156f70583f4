"""The outline of a text is told even where the pack itself can no longer be used."""

from __future__ import annotations

import pytest

from policies.outline import Outline, outline

TEXT = """\
policy: shop
version: 3
extends: organisation
goals: [recover_cart, retain_account]
four_eyes: true
of_a_later_release: {a: 1}
"""


def test_an_outline_is_read_without_judging_the_rest() -> None:
    assert outline(TEXT, file="shop.yaml") == Outline(
        "shop", "organisation", ("recover_cart", "retain_account"), four_eyes=True
    )
    assert outline("version: 2\n", file="x") == Outline(None, None, (), four_eyes=False)


@pytest.mark.parametrize(
    ("said", "two"), [("true", True), ("false", False), ("maybe", True), ("[1]", True)]
)
def test_four_eyes_that_cannot_be_understood_count_as_asked_for(said: str, two: bool) -> None:
    found = outline(TEXT.replace("four_eyes: true", f"four_eyes: {said}"), file="shop.yaml")
    assert found is not None and found.four_eyes is two


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "\t"])
def test_what_is_no_mapping_has_no_outline(text: str) -> None:
    assert outline(text, file="shop.yaml") is None
