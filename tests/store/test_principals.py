"""Principals: a key is one person's, and a new one puts its name back into use."""

from __future__ import annotations

from store import principals
from store.database import Database

AT = 1_767_607_200_000_000


def made(db: Database, name: str) -> str:
    key = principals.fresh_key()
    added = db.write_now(
        principals.add, principal_id=f"prn_{name}", name=name, role="viewer", key=key, at=AT
    )
    assert added is not None
    return key


def whose(db: Database, key: str) -> str | None:
    found = db.read_now(principals.of_key, key)
    return None if found is None else found.name


def test_a_disabled_principal_given_another_key_may_use_it(db: Database) -> None:
    old, new = made(db, "ann"), principals.fresh_key()
    assert whose(db, old) == "ann"
    assert db.write_now(principals.disable, "ann", at=AT)
    assert whose(db, old) is None
    assert db.write_now(principals.replace_key, "ann", new)
    assert (whose(db, old), whose(db, new)) == (None, "ann")
    assert db.write_now(principals.disable, "ann", at=AT)
    assert whose(db, new) is None


def test_there_is_no_other_key_for_a_name_that_is_nobodys(db: Database) -> None:
    assert not db.write_now(principals.replace_key, "nobody", principals.fresh_key())
