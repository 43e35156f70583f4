"""The brand: its links lead home, its claims are forbidden however they are written."""

from __future__ import annotations

import pytest

from prompts.brand import parse_brand
from tests.prompts.files import BRAND, swapped, wrong

brand = parse_brand(BRAND, "brand.md")


def test_the_brand_is_read_with_its_voice_and_footers() -> None:
    assert brand.voice == "Warm and exact."
    assert brand.footer_in("en-GB") == brand.footer_in("en")
    assert brand.footer_in("fr") is None


@pytest.mark.parametrize("url", ["https://shop.example/cart", "https://shop.example:443/a?b=c#d"])
def test_p14_links_to_the_brands_hosts_lead_home(url: str) -> None:
    assert brand.leads_home(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/cart",
        "https://evil.example/cart",
        "https://shop.example@evil.example/",
        "https://shop.example.evil.example/",
        "https://evil.example\\@shop.example/",
        "https://shop.example/a b",
        "https://shop.example/\r\nBcc: x",
        'https://shop.example/"onmouseover="x',
        "https://shop.example:8443/",
        "https://shop.exämple/",
        "javascript:alert(1)",
        "//shop.example/cart",
        "https://[shop.example/",
        "",
    ],
)
def test_p14_every_other_link_does_not(url: str) -> None:
    assert not brand.leads_home(url)


@pytest.mark.parametrize(
    "text", ["With Free  Shipping!", "FREE SHIPPING", "ｆree shipping", "das ist garantiert so"]
)
def test_a_forbidden_claim_is_found_in_any_case_and_spacing(text: str) -> None:
    assert brand.forbidden_in(text) is not None


def test_words_that_only_resemble_a_claim_are_free() -> None:
    assert brand.forbidden_in("The freest shippings") is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("https://shop.example/cart", "https://shop.exmple/cart", "did you mean 'shop.example'?"),
        ("sender: hello@haus-alba.example", "sender: hello", "is not an address"),
        ("[shop.example]", "[https://shop.example]", "is not a host name"),
        ("[free shipping, garantiert]", "['!']", "at least one word"),
        ("why: You agreed., ", "", "the key 'why' is missing in 'footer.en'"),
        ("Lindenallee 12", '"Linden\\nallee"', "one line"),
        ("name: Haus Alba", "name: Haus Alba\nvoice: loud", "is not a key"),
        ("Warm and exact.", "", "voice"),
    ],
)
def test_what_is_wrong_with_the_brand_is_said(old: str, new: str, words: str) -> None:
    assert any(words in line for line in wrong(parse_brand, swapped(BRAND, old, new)))
