"""The theme keeps its word: every pair of text and ground is readable, in light and in dark."""

from __future__ import annotations

import re

import pytest

from console import theme

READABLE = 4.5
GROUNDS = ("page", "card")
#: Every pair that a page puts on the screen: text, ground.
PAIRS = [
    *((text, ground) for text in ("ink", "muted", "accent", "deny") for ground in GROUNDS),
    *((meaning, f"{meaning}-on") for meaning in theme.MEANINGS),
    ("on-accent", "accent"),
    ("accent", "soft"),
    ("ink", "soft"),
    ("muted", "soft"),
]


def light_of(colour: str) -> float:
    """The relative luminance of a colour, by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((light_of(one), light_of(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_the_norm_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("mode", ["LIGHT", "DARK"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_every_pair_of_text_and_ground_is_readable(mode: str, text: str, ground: str) -> None:
    tokens = getattr(theme, mode)
    assert contrast(tokens[text], tokens[ground]) >= READABLE


def test_both_modes_have_the_same_tokens() -> None:
    assert theme.LIGHT.keys() == theme.DARK.keys()


def test_every_colour_that_the_sheet_uses_is_a_token() -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", theme.stylesheet()))
    assert used <= theme.LIGHT.keys()


def test_the_sheet_asks_nobody_for_anything() -> None:
    assert not re.search(r"url\(|@import|https?:", theme.stylesheet())
