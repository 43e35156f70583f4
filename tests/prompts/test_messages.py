"""Message files: class, purpose and slots are checked when loaded, all problems at once."""

from __future__ import annotations

import pytest

from prompts.messages import parse_message
from tests.prompts.files import EMAIL, SMS, swapped, wrong


def test_a_message_is_read_in_its_parts() -> None:
    message = parse_message(EMAIL, "reminder.en.md")
    assert (message.message_class, message.channel, message.purpose) == (
        "marketing",
        "email",
        "marketing",
    )
    assert message.subject == "{{ first_name }} your cart"
    assert list(message.planner_slots) == ["opening"]
    assert message.described()["slots"] == {
        "opening": {"type": "text", "max": 140, "required": False, "hint": ""}
    }


SERVICE = EMAIL.replace("class: marketing", "class: service").replace(
    "purpose: marketing", "purpose: service"
)
CODE = "  items: {type: text"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (swapped(SERVICE, "slots:", "names_discount: true\nslots:"), "may hold no offer"),
        (
            swapped(SERVICE, CODE, "  code: {type: code, from: offer}\n" + CODE),
            "a service message may hold no offer; make it class marketing",
        ),
        (swapped(EMAIL, CODE, "  code: {type: code, from: offer}\n" + CODE), "names_discount"),
        (swapped(EMAIL, "slots:", "names_discount: true\nslots:"), "needs 'code' and 'discount'"),
        (swapped(EMAIL, "purpose: marketing", "purpose: service"), "cannot have the purpose"),
        (
            swapped(
                SERVICE,
                "items: {type: text, max: 60, from: cart}",
                "unsubscribe: {type: url, from: system}",
            ),
            "only marketing e-mail has a link",
        ),
    ],
)
def test_p14_a_class_that_does_not_fit_what_a_message_holds_is_refused(
    text: str, words: str
) -> None:
    assert any(words in line for line in wrong(parse_message, text))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("from: planner", "from: planer", "did you mean 'planner'?"),
        ("{type: text, max: 60, from: cart}", "{type: text, from: cart}", "needs 'max'"),
        ("{type: url, from: cart}", "{type: url, from: planner}", "may not write a url"),
        ("{type: url, from: cart}", "{type: text, max: 9, from: planner}", "always type: url"),
        ("  items: {", "  things: {", "there is no 'things' from cart"),
        ("default: We kept your cart.", "default: Take 10 % off.", "may name no amount"),
        ('default: ""', 'default: "a\\nb"', "line break"),
        ("max: 140", "max: 5", "longer than the slot's 5 characters"),
        ("{{ opening }}\n", "{{ openning }}\n", "which is no declared slot"),
        ("{{ items }} {{ cart_url }}\n", "Save 20 % now\n", "fixed text names an amount"),
        ("# Text\n", "# Txt\n", "the part '# Text' is missing"),
        ("# HTML\n", "# Text\nx\n# HTML\n", "stands twice"),
        ("# Subject\n", "hello\n# Subject\n", "before the first heading"),
        ("{{ first_name }} your cart\n", "a\nb\n", "the subject must be one line"),
        ("locale: en", "locale: english", "locale"),
        ("locale: en", "locale: zz", "is not a locale"),
    ],
)
def test_what_is_wrong_with_a_message_is_said(old: str, new: str, words: str) -> None:
    lines = wrong(parse_message, swapped(EMAIL, old, new))
    assert any(words in line for line in lines), lines


def test_a_slot_that_is_never_used_is_refused() -> None:
    text = EMAIL.replace("{{ items }}", "")
    assert any("'items' is declared and never used" in line for line in wrong(parse_message, text))


def test_the_files_name_is_the_messages_name_and_locale() -> None:
    lines = wrong(parse_message, EMAIL, "messages/reminder.de.md")
    assert "so it must be reminder.en.md" in lines[0]


def test_a_text_message_has_neither_subject_nor_html() -> None:
    assert parse_message(SMS, "short.en.md").subject == ""
    lines = wrong(parse_message, SMS.replace("# Text", "# Subject\nx\n# Text"))
    assert "a message by sms has no part '# Subject'" in lines[0]
