"""Sealing (P10): only the right key, in the right place, unaltered; and nothing once it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.keys import KeyTable
from store.master_key import MasterKeyError
from store.sealing import Erased, Vault
from tests.databases import MASTER, Place


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    yield vault
    vault.close()


@pytest.fixture
def ada(vault: Vault) -> str:
    return vault.reserve(1)[0]


@pytest.fixture
def bo(vault: Vault) -> str:
    return vault.reserve(1)[0]


def test_what_is_sealed_opens_again_and_says_nothing_before(vault: Vault, ada: str) -> None:
    blob = vault.seal(ada, "profile", b"ada@customer.example")
    assert vault.open("profile", blob) == b"ada@customer.example"
    assert b"ada" not in blob and b"customer" not in blob


def test_the_same_text_sealed_twice_differs(vault: Vault, ada: str) -> None:
    assert vault.seal(ada, "a", b"x") != vault.seal(ada, "a", b"x")


def test_json_is_kept_with_its_letters_and_its_numbers(vault: Vault, ada: str) -> None:
    value = {"name": "Zoë 李", "orders": [1, 2**53 + 1], "none": None}
    assert vault.open_json("profile", vault.seal_json(ada, "profile", value)) == value


def test_p10_a_value_cannot_be_moved_to_another_column(vault: Vault, ada: str) -> None:
    blob = vault.seal(ada, "consents.evidence", b"yes")
    with pytest.raises(ValueError, match="altered or misplaced"):
        vault.open("profile", blob)


def test_p10_a_value_cannot_be_passed_off_as_another_persons(
    vault: Vault, ada: str, bo: str
) -> None:
    of_ada, of_bo = vault.seal(ada, "profile", b"ada"), vault.seal(bo, "profile", b"bo")
    crossed = of_ada[:1] + of_bo[1:17] + of_ada[17:]
    with pytest.raises(ValueError, match="altered or misplaced"):
        vault.open("profile", crossed)


def test_every_altered_byte_is_found(vault: Vault, ada: str) -> None:
    blob = vault.seal(ada, "profile", b"ada")
    for place in range(len(blob)):
        altered = bytearray(blob)
        altered[place] ^= 1
        with pytest.raises((ValueError, Erased)):
            vault.open("profile", bytes(altered))


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + b"x" * 60, b"plain text in the column"])
def test_what_was_never_sealed_is_told_so(vault: Vault, blob: bytes) -> None:
    with pytest.raises(ValueError, match="not a sealed value of profile"):
        vault.open("profile", blob)


def test_p10_what_was_sealed_is_noise_once_the_key_is_destroyed(
    vault: Vault, ada: str, bo: str
) -> None:
    of_ada, of_bo = vault.seal(ada, "profile", b"ada"), vault.seal(bo, "profile", b"bo")
    assert vault.destroy([ada]) == 1
    with pytest.raises(Erased):
        vault.open("profile", of_ada)
    with pytest.raises(Erased):
        vault.seal(ada, "profile", b"again")
    with pytest.raises(Erased):
        vault.rotation_seed(ada)
    assert vault.open("profile", of_bo) == b"bo"
    assert vault.destroy([ada]) == 0


def test_p10_destroyed_stays_destroyed_after_a_restart(tmp_path: Path) -> None:
    first = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    ada, bo = first.reserve(2)
    of_ada, of_bo = first.seal(ada, "profile", b"ada"), first.seal(bo, "profile", b"bo")
    first.destroy([ada])
    first.close()
    second = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    assert second.open("profile", of_bo) == b"bo"
    with pytest.raises(Erased):
        second.open("profile", of_ada)
    second.close()


def test_p10_the_key_file_keeps_no_byte_of_a_destroyed_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    table = KeyTable.in_file(path)
    vault = Vault(table, MASTER)
    people = vault.reserve(64)
    wrapped = {p: stored.wrapped for p in people if (stored := table.of_subject(p))}
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert all(key in everything for key in wrapped.values())
    gone, kept = people[::2], people[1::2]
    vault.destroy(gone)
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(wrapped[p] in everything or p.encode() in everything for p in gone)
    assert all(wrapped[p] in everything for p in kept)
    vault.close()
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(wrapped[p] in everything for p in gone)


def test_the_key_file_holds_no_key_in_the_clear(tmp_path: Path) -> None:
    vault = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    ada = vault.reserve(1)[0]
    vault.seal(ada, "a", b"x")
    keys = [key for key, _ in vault._by_id.values()]
    stored = (tmp_path / "keys.db").read_bytes()
    assert keys and not any(key in stored for key in [*keys, MASTER])
    vault.close()


def test_a_look_up_needs_the_master_key_and_keeps_kinds_apart(vault: Vault, tmp_path: Path) -> None:
    one = vault.lookup("email", "ada@customer.example")
    assert one == vault.lookup("email", "ada@customer.example")
    assert len(one) == 32
    assert one != vault.lookup("user_id", "ada@customer.example")
    assert one != vault.lookup("email", "bo@customer.example")
    (tmp_path / "other").mkdir()
    other = Vault(KeyTable.in_file(tmp_path / "other" / "keys.db"), b"y" * 32)
    assert other.lookup("email", "ada@customer.example") != one
    other.close()


KINDS = st.sampled_from(["email", "phone", "user_id", "order", "e"])


@given(st.tuples(KINDS, st.text()), st.tuples(KINDS, st.text()))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # a vault is not changed by asking
)
def test_two_look_ups_meet_only_where_kind_and_value_do(
    vault: Vault, a: tuple[str, str], b: tuple[str, str]
) -> None:
    assert (vault.lookup(*a) == vault.lookup(*b)) == (a == b)


def test_reserved_ids_are_fresh_durable_and_may_be_given_back(vault: Vault) -> None:
    first = vault.reserve(3)
    assert len(set(first)) == 3
    vault.give_back(first)
    everyone = vault.reserve(200)
    assert len(set(everyone)) == 200 and set(first) <= set(everyone)
    for person in everyone:
        vault.seal(person, "a", b"x")


def test_a_reserved_id_that_was_destroyed_is_never_handed_out(vault: Vault) -> None:
    ada = vault.reserve(1)[0]
    vault.give_back([ada])
    vault.destroy([ada])
    assert ada not in vault.reserve(500)


def test_ensure_makes_a_key_once(vault: Vault) -> None:
    vault.ensure("run:1")
    blob = vault.seal("run:1", "a", b"x")
    vault.ensure("run:1")
    assert vault.open("a", blob) == b"x"
    assert vault.destroy(["run:1"]) == 1


def test_a_rotation_seed_is_the_persons_own_and_lasts(vault: Vault, ada: str, bo: str) -> None:
    assert vault.rotation_seed(ada) == vault.rotation_seed(ada)
    assert len(vault.rotation_seed(ada)) == 32
    assert vault.rotation_seed(ada) != vault.rotation_seed(bo)


def test_p10_an_older_intake_opens_until_it_is_destroyed(tmp_path: Path) -> None:
    vault = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    first = vault.intake()
    blob = vault.seal(first, "inbox.payload", b"who is it")
    assert vault.begin_intake() == [first]
    assert vault.intake() != first
    assert vault.open("inbox.payload", blob) == b"who is it"
    vault.destroy([first])
    with pytest.raises(Erased):
        vault.open("inbox.payload", blob)
    newest = vault.intake()
    vault.close()
    again = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    assert again.intake() == newest
    again.close()


def test_intake_generations_are_counted_as_numbers(vault: Vault) -> None:
    for _ in range(11):
        vault.begin_intake()
    assert vault.intake() == "intake:12"
    assert vault._newest_intake() == "intake:12"


def test_the_wrong_master_key_is_refused_at_the_door(tmp_path: Path) -> None:
    Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER).close()
    table = KeyTable.in_file(tmp_path / "keys.db")
    with pytest.raises(MasterKeyError, match=r"USHER_MASTER_KEY or master\.key has changed"):
        Vault(table, b"y" * 32)
    table.close()


def test_a_key_table_that_lost_its_check_row_is_not_trusted(tmp_path: Path) -> None:
    vault = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER)
    vault.destroy(["check"])
    vault.close()
    table = KeyTable.in_file(tmp_path / "keys.db")
    with pytest.raises(MasterKeyError, match="lost its check row"):
        Vault(table, b"y" * 32)
    table.close()


def test_keys_are_found_again_when_memory_could_not_hold_them_all(tmp_path: Path) -> None:
    vault = Vault(KeyTable.in_file(tmp_path / "keys.db"), MASTER, most_cached=8)
    people = vault.reserve(100)
    blobs = [vault.seal(p, "a", p.encode()) for p in people]
    assert [vault.open("a", blob) for blob in blobs] == [p.encode() for p in people]
    vault.close()


def test_p10_what_one_process_destroys_another_forgets_within_a_second(
    postgresql_place: Place,
) -> None:
    assert postgresql_place.url is not None
    now = 0.0
    here = Vault(KeyTable.shared(postgresql_place.url), MASTER, monotonic=lambda: now)
    there = Vault(KeyTable.shared(postgresql_place.url), MASTER)
    ada = there.reserve(1)[0]
    blob = here.seal(ada, "profile", b"ada")
    assert here.open("profile", blob) == b"ada"
    there.destroy([ada])
    now += 1.0
    with pytest.raises(Erased):
        here.open("profile", blob)
    with pytest.raises(Erased):
        here.seal(ada, "profile", b"ada")
    there.ensure(ada)
    assert here.open("profile", here.seal(ada, "profile", b"new")) == b"new"
    here.close()
    there.close()


def test_another_process_learns_of_a_new_intake(postgresql_place: Place) -> None:
    assert postgresql_place.url is not None
    now = 0.0
    here = Vault(KeyTable.shared(postgresql_place.url), MASTER, monotonic=lambda: now)
    there = Vault(KeyTable.shared(postgresql_place.url), MASTER)
    there.begin_intake()
    now += 1.0
    assert here.intake() == there.intake() == "intake:2"
    here.close()
    there.close()
