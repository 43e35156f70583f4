"""The shelf: which pack is live is read where it is asked, and each is compiled once."""

from __future__ import annotations

import pytest

from policies.problems import PolicyError
from store import documents
from tests.tools.world import World
from tools.packs import NoPack, PackShelf


def test_the_live_pack_is_the_one_that_was_put_last(any_world: World) -> None:
    shelf = PackShelf()
    assert any_world.db.read_now(shelf.live, "commerce").version == 1
    any_world.put_pack(("version: 1", "version: 2"))
    assert any_world.db.read_now(shelf.live, "commerce").version == 2
    first = any_world.db.read_now(lambda conn: shelf.version(conn, "commerce", 1))
    assert first.version == 1


def test_one_text_is_compiled_once(world: World) -> None:
    shelf = PackShelf()
    one, other = (world.db.read_now(shelf.live, "commerce") for _ in range(2))
    assert one is other


def test_without_a_pack_the_error_says_how_to_put_one(world: World) -> None:
    with pytest.raises(NoPack, match="PUT /v1/policies/finance"):
        world.db.read_now(PackShelf().live, "finance")
    with pytest.raises(NoPack, match="no version 7"):
        world.db.read_now(lambda conn: PackShelf().version(conn, "commerce", 7))


def test_p6_a_broken_pack_decides_nothing(world: World) -> None:
    world.db.write_now(
        documents.put, kind="policy", name="broken", text="policy: [", author="tests", at=0
    )
    with pytest.raises(PolicyError):
        world.db.read_now(PackShelf().live, "broken")
