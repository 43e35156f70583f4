"""Sentences of what became of something: short, plain, and true about what is not known."""

from __future__ import annotations

import pytest

from customers import outcome_words as words

MINUTE = 60_000_000


def test_a_letter_is_called_by_its_kind_its_name_and_what_it_says() -> None:
    named = words.letter("email", "cart_reminder", "Your lamp\n waits")
    assert named == "e-mail (cart reminder) “Your lamp waits”"
    assert words.letter("sms", "", "") == "text message"
    assert len(words.letter("email", "", "x" * 500)) == len("e-mail “”") + 120


def test_a_send_says_its_discount_and_whether_anybody_gets_it() -> None:
    assert words.sent("e-mail “Hello”", discount_bp=850, reached=True) == (
        "An e-mail “Hello” with 8.5 % off was sent."
    )
    assert words.sent("text message", discount_bp=None, reached=False) == (
        "A text message was written to the outbox, where nobody gets it."
    )


@pytest.mark.parametrize(
    ("total", "currency", "said"),
    [
        (12_000, "EUR", "Bought for 120.00 EUR 3 hours after the e-mail."),
        (500, "JPY", "Bought for 500 JPY 3 hours after the e-mail."),
        (None, "EUR", "Bought 3 hours after the e-mail."),
        (12_000, None, "Bought 3 hours after the e-mail."),
        (12_000, "???", "Bought 3 hours after the e-mail."),
    ],
)
def test_an_order_says_what_is_known_of_its_amount(
    total: int | None, currency: str | None, said: str
) -> None:
    after = 200 * MINUTE
    assert words.bought("e-mail", after_us=after, total_minor=total, currency=currency) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(-5, "0 minutes"), (1, "1 minute"), (119, "119 minutes"), (120, "2 hours"), (2_880, "2 days")],
)
def test_a_span_is_said_in_the_largest_unit_that_fits_twice(minutes: int, said: str) -> None:
    assert words.span(minutes * MINUTE) == said


def test_a_no_says_to_what_and_why() -> None:
    assert words.rejected("send_email", message="cart_reminder", reason="not  now") == (
        "A person said no to an e-mail (cart reminder): not now."
    )
    assert words.rejected("brew_tea", message="", reason="") == "A person said no to brew tea."


def test_an_opt_out_says_of_what() -> None:
    assert words.took_back(["marketing"], ["email", "sms"]) == (
        "Took back their consent to marketing by e-mail and text message."
    )
    assert words.stopped("sms") == "Replied STOP to a text message."
    assert words.stopped("email") == "Replied STOP to an e-mail."
    assert words.stopped(None) == "Replied STOP to everything."
