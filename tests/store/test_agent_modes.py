"""How far agents may go: the newest setting holds, all stay, and `live` is never without a look."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from store import agent_modes
from store.database import Database


def test_the_newest_setting_holds_and_all_of_them_stay(any_database: Database) -> None:
    db = any_database
    assert db.read_now(agent_modes.newest, "shopping") is None
    for n, mode in enumerate(("sandbox", "live", "shadow")):
        db.write_now(agent_modes.put, agent="shopping", mode=mode, by=f"p{n}", at=n, seen="d")
    db.write_now(agent_modes.put, agent="other", mode="sandbox", by="p", at=9)
    newest = db.read_now(agent_modes.newest, "shopping")
    assert newest is not None
    assert (newest.mode, newest.by) == ("shadow", "p2")
    found = db.read_now(agent_modes.history, "shopping", limit=2)
    assert [row.mode for row in found] == ["shadow", "live"]


@pytest.mark.parametrize("mode", ["live", "wild"])
def test_the_database_refuses_live_without_a_look_and_words_it_does_not_know(
    any_database: Database, mode: str
) -> None:
    with pytest.raises(IntegrityError):
        any_database.write_now(agent_modes.put, agent="a", mode=mode, by="p", at=1)
