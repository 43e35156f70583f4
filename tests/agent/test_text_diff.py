"""What changes from one text to another is shown, all of it, with where it stands."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.text_diff import Line, diff

TEXTS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12).map("\n".join)


def test_a_changed_line_is_shown_twice_with_its_place() -> None:
    assert diff("one\ntwo\nthree", "one\n2\nthree") == [
        Line(" ", 1, "one"),
        Line("-", 2, "two"),
        Line("+", 2, "2"),
        Line(" ", 3, "three"),
    ]


def test_what_lies_between_two_changes_is_left_out() -> None:
    old = "\n".join(str(n) for n in range(40))
    new = old.replace("\n3\n", "\nthree\n").replace("\n33\n", "\nthirty-three\n")
    signs = [line.sign for line in diff(old, new)]
    assert signs.count("…") == 1
    assert (signs.count("+"), signs.count("-")) == (2, 2)


@given(old=TEXTS, new=TEXTS)
@settings(max_examples=200, deadline=None)
def test_the_new_text_can_be_made_of_the_old_and_the_difference(old: str, new: str) -> None:
    lines = diff(old, new, around=100)
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        assert lines == []
        return
    assert [line.text for line in lines if line.sign in " +"] == after
    assert [line.text for line in lines if line.sign in " -"] == before
    for line in lines:
        assert (before if line.sign == "-" else after)[line.number - 1] == line.text
