"""Templates hold slots and simple ifs; nothing in them can run, loop or break out of its place."""

from __future__ import annotations

import pytest

from prompts.messages import parse_message
from tests.prompts.files import EMAIL, swapped, wrong


@pytest.mark.parametrize(
    "code",
    [
        "{% for x in opening %}{% endfor %}",
        "{{ opening.__class__ }}",
        "{{ opening|upper }}",
        "{{ opening() }}",
        "{{ opening * 1000 }}",
        "{{ 7 }}",
        "{% set x = opening %}",
        "{% include 'brand.md' %}",
        "{% if opening == 'a' %}{% endif %}",
    ],
)
def test_p14_anything_that_is_more_than_a_slot_is_refused(code: str) -> None:
    lines = wrong(parse_message, swapped(EMAIL, "# Text\n", f"# Text\n{code}\n"), "reminder.en.md")
    assert any(line.startswith("reminder.en.md:17:1: ") for line in lines), lines


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<p onclick='x'>x</p>",
        "<iframe src='https://shop.example'></iframe>",
        '<p style="color:{{ opening }}">x</p>',
        "<a href={{ cart_url }}>x</a>",
        '<a href="{{ opening }}">x</a>',
        '<a href="https://evil.example/{{ cart_url }}">x</a>',
        '<a href="javascript:x">x</a>',
        "<{{ opening }}>",
        "<!-- {{ opening }} -->",
        "<!doctype html>",
        "<img src='http://shop.example/a.png'>",
    ],
)
def test_p14_html_holds_slots_in_text_and_whole_links_only(html: str) -> None:
    lines = wrong(parse_message, swapped(EMAIL, "# HTML\n", f"# HTML\n{html}\n"), "reminder.en.md")
    assert all(line.startswith("reminder.en.md:20:") for line in lines), lines


def test_a_template_that_cannot_be_read_is_said_with_its_line() -> None:
    text = swapped(EMAIL, "{{ items }} {{ cart_url }}\n# HTML", "{% if items %}\n# HTML")
    assert any("f.txt:18:1: the template cannot be read" in x for x in wrong(parse_message, text))
