"""Case files are read strictly: what would pass vacuously, or names nobody, is no case."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.case_files import SHIPPED, BadCase, Between, digest_of, read_cases

PLAIN = (SHIPPED / "happy_reminder.yaml").read_text(encoding="utf-8")


def write(folder: Path, text: str, name: str = "happy_reminder") -> Path:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_cases_cover_every_kind() -> None:
    cases = read_cases()
    kinds = {"happy", "hard", "soft", "injection", "cross_customer", "race", "approval"}
    assert {case.kind for case in cases} == kinds | {"interrupted"}
    assert len(cases) >= 20 and {case.gold.keys() <= case.carts.keys() for case in cases} == {True}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ada: {letters: 1, email: 1, codes: 0, questions: {pending: 0}}", "ada: {}", "everything"),
        ("fails: [do_nothing, send_always]", "fails: []", "measure nothing"),
        ("abandon: one", "abandon: two", "no cart 'two'"),
        ("person: ada,", "person: eve,", "no person 'eve'"),
        ("items: {lamp: 1}", "items: {ufo: 1}", "no article 'ufo'"),
        ("abandon: one", "abandon: one, stop: ada", "does one thing"),
        ("kind: happy", "kind: merry", "kind"),
        ("letters: 1", "leters: 1", "leters"),
        ("name: happy_reminder", "name: other", "is called"),
        ("[[{send: email}]]", "[[{send: email, wait: 5}]]", "a gold call is one of"),
        ("kind: happy", "kind: [", "cannot be read"),
    ],
)
def test_a_broken_case_is_refused_with_its_file(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in PLAIN
    with pytest.raises(BadCase, match=said) as refused:
        read_cases(write(tmp_path, PLAIN.replace(old, new)))
    assert "happy_reminder.yaml" in str(refused.value)


def test_steps_out_of_order_are_refused(tmp_path: Path) -> None:
    twice = PLAIN.replace(
        "  - {after: P0D, abandon: one}",
        "  - {after: PT1H, abandon: one}\n  - {after: P0D, stop: ada}",
    )
    with pytest.raises(BadCase, match="in the order"):
        read_cases(write(tmp_path, twice))


def test_a_folder_without_cases_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(BadCase, match="no cases"):
        read_cases(tmp_path)


def test_the_digest_changes_with_every_word_and_name(tmp_path: Path) -> None:
    first = digest_of(write(tmp_path, PLAIN))
    assert first != digest_of(write(tmp_path, PLAIN.replace("One plain", "A plain")))
    (tmp_path / "happy_reminder.yaml").rename(tmp_path / "renamed.yaml")
    (tmp_path / "renamed.yaml").write_text(PLAIN, encoding="utf-8")
    assert digest_of(tmp_path) != first


def test_a_number_or_a_range_holds_its_ends() -> None:
    assert Between.model_validate(2).holds(2) and not Between.model_validate(2).holds(1)
    span = Between.model_validate([1, 3])
    assert [span.holds(n) for n in range(5)] == [False, True, True, True, False]
