"""One mailbox or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.channels.addresses import domain_name, mailbox


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("ada@customer.example", "ada@customer.example"),
        ("Ada.L+cart@Customer.Example", "Ada.L+cart@customer.example"),
        ("o'hara@customer.example", "o'hara@customer.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_a_mailbox_keeps_its_name_and_gets_its_domain_in_ascii(text: str, becomes: str) -> None:
    assert mailbox(text) == becomes


@pytest.mark.parametrize(
    "text",
    ["", "ada", "@x.example", "ada@", "ada@localhost", "ada@@x.example", "a..b@x.example"]
    + [".a@x.example", "ada@x..example", "ada@x.example.", "ada@-x.example", "ada@x.example "]
    + [" ada@x.example", "ada@x.example\n", "a b@x.example", "<ada@x.example>", "ädä@x.example"]
    + [f"{'a' * 65}@x.example", f"ada@{'x' * 64}.example", "ada@" + "x." * 127 + "example"],
)
def test_what_is_no_plain_mailbox_is_refused(text: str) -> None:
    assert mailbox(text) is None


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_p11_no_mailbox_holds_a_blank_a_bracket_or_a_second_at(local: str, host: str) -> None:
    made = mailbox(f"{local}@{host}.example")
    if made is not None:
        assert made.isascii() and made.isprintable()
        assert made.count("@") == 1
        assert not set(made) & set(' <>()[],;:\\"')


def test_a_domain_has_more_than_one_part() -> None:
    assert domain_name("Haus-Alba.example") == "haus-alba.example"
    assert domain_name("localhost") is None
    assert domain_name("x_y.example") is None
