"""People on advertisers' lists: hashed as each vendor documents it, by the vendors' examples."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.channels import audience_members as members
from tools.channels.audience_members import Member, of_google, of_meta


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_metas_own_example_of_an_address() -> None:
    hashed = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
    assert of_meta(" Mary@Example.com ") == Member("email", hashed)


@pytest.mark.parametrize(
    "said", ["+1 (650) 555-1212", "16505551212", "0016505551212", "1.650.555.1212"]
)
def test_a_number_for_meta_is_its_digits_with_the_countrys_code(said: str) -> None:
    assert members.meta_phone(said) == "16505551212"
    hashed = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
    assert of_meta(said) == Member("phone", hashed)


@pytest.mark.parametrize(
    "said", ["alexz@example.com", "  ALEXZ@example.com   ", "alexz@EXAMPLE.com"]
)
def test_googles_own_example_of_an_address(said: str) -> None:
    hashed = "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"
    assert of_google(said) == Member("email", hashed)


@pytest.mark.parametrize("said", ["+18005550100", "   +1-800-555-0100", "1-800-555-0100   "])
def test_googles_own_example_of_a_number(said: str) -> None:
    hashed = "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"
    assert of_google(said) == Member("phone", hashed)


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("jefferson.Loves.hiking@gmail.com", "jeffersonloveshiking@gmail.com"),
        ("jefferson.Loves.hiking@googlemail.com", "jeffersonloveshiking@googlemail.com"),
        ("Jane.Doe+shopping@gmail.com", "janedoe@gmail.com"),
        ("Jane.Doe+shopping@googlemail.com", "janedoe@googlemail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
    ],
)
def test_dots_and_plus_count_for_nothing_in_googles_own_mailboxes_only(
    said: str, plain: str
) -> None:
    assert members.google_email(said) == plain
    assert members.meta_email(said) == said.lower(), "Meta keeps both"


@pytest.mark.parametrize(
    "said", ["", "ada", "@gmail.com", "+tag@gmail.com", "ada@", "a b@c.example", "a@b@c.example"]
)
def test_what_is_no_address_and_no_number_is_nobody_at_google(said: str) -> None:
    assert of_google(said) is None


@pytest.mark.parametrize(
    "said", ["030 123456", "0151 12345678", "+49", "12", "9" * 16, "+1-800-CALL"]
)
def test_a_number_without_its_countrys_code_would_be_somebody_elses(said: str) -> None:
    assert of_meta(said) is None
    assert of_google(said) is None


@given(st.text(alphabet="abcXYZ019._+-", min_size=1, max_size=20))
def test_whoever_is_hashed_twice_is_one_person(local: str) -> None:
    for normal in (members.meta_email, members.google_email):
        once = normal(f" {local}@Gmail.com ")
        assert once is None or normal(once) == once


def test_p5_a_member_shows_no_hash_where_it_is_printed() -> None:
    member = of_meta("mary@example.com")
    assert member is not None
    assert digest("mary@example.com") not in repr(member)
