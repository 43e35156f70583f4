"""The shelf: which pack is live is read where it is asked, and each is compiled once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event

from policies.problems import PolicyError
from store import documents
from tests.tools.pack_texts import on_top, organisation
from tests.tools.world import World
from tools.packs import NoPack, PackShelf


def test_the_live_pack_is_the_one_that_was_put_last(any_world: World) -> None:
    shelf = PackShelf()
    assert any_world.db.read_now(shelf.live, "commerce").version == 1
    any_world.put_pack(("version: 1", "version: 2"))
    assert any_world.db.read_now(shelf.live, "commerce").version == 2
    (_, older) = any_world.db.read_now(documents.versions, kind="policy", name="commerce")
    first = any_world.db.read_now(shelf.by_sha256, older.sha256)
    assert first.version == 1


def test_one_text_is_compiled_once(world: World) -> None:
    shelf = PackShelf()
    one, other = (world.db.read_now(shelf.live, "commerce") for _ in range(2))
    assert one is other


def test_without_a_pack_the_error_says_how_to_put_one(world: World) -> None:
    with pytest.raises(NoPack, match="PUT /v1/policies/finance"):
        world.db.read_now(PackShelf().live, "finance")
    with pytest.raises(NoPack, match="was ever in force"):
        world.db.read_now(PackShelf().by_sha256, "0" * 64)


def test_p6_a_broken_pack_decides_nothing(world: World) -> None:
    world.db.write_now(
        documents.put, kind="policy", name="broken", text="policy: [", author="tests", at=0
    )
    with pytest.raises(PolicyError):
        world.db.read_now(PackShelf().live, "broken")


def put(world: World, *texts: tuple[str, str]) -> None:
    for name, text in texts:
        world.db.write_now(documents.put, kind="policy", name=name, text=text, author="tests", at=0)


def test_the_pack_of_a_goal_is_the_one_that_names_it(any_world: World) -> None:
    put(
        any_world,
        ("house", organisation(1)),
        ("shop", on_top("shop", goals="recover_cart", most=1_000)),
    )
    live = any_world.db.read_now
    assert live(any_world.shelf.live, "commerce", "recover_cart").name == "shop"
    assert live(any_world.shelf.live, "commerce", "retain_account").name == "commerce"
    assert live(any_world.shelf.live, "commerce").name == "commerce"


def test_a_claim_is_decided_by_the_pack_of_its_goal(world: World) -> None:
    put(world, ("house", organisation(1)), ("shop", on_top("shop", goals="recover_cart")))
    claimed = world.claim(world.ready(world.person()))
    assert claimed.decided.verdict.pack == "shop"


def test_a_layer_that_changes_changes_the_packs_on_top(any_world: World) -> None:
    put(any_world, ("house", organisation(1)), ("shop", on_top("shop")))
    before = any_world.db.read_now(any_world.shelf.live, "shop")
    put(any_world, ("house", organisation(2, ("value: 2000", "value: 1700"))))
    after = any_world.db.read_now(any_world.shelf.live, "shop")
    assert before.params["max_discount_bp"] == 2_000
    assert after.params["max_discount_bp"] == 1_700
    assert before.sha256 != after.sha256 and before.version == after.version == 1


def test_nothing_is_read_again_while_nothing_changed(world: World) -> None:
    put(world, ("house", organisation(1)), ("shop", on_top("shop")))
    asked: list[str] = []

    def counted(conn: Connection) -> int:
        engine = conn.engine

        def note(*seen: Any) -> None:
            asked.append(seen[2])

        event.listen(engine, "before_cursor_execute", note)
        try:
            world.shelf.live(conn, "shop", "recover_cart")
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    world.db.read_now(counted)
    asked.clear()
    assert world.db.read_now(counted) == 1
    changes = world.shelf.changes
    world.db.read_now(world.shelf.live, "shop")
    assert world.shelf.changes == changes
    world.put_pack(("version: 1", "version: 2"))
    world.db.read_now(world.shelf.live, "shop")
    assert world.shelf.changes == changes + 1
