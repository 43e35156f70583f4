"""The world of `tests.tools.world`, on SQLite and on databases of both kinds."""

from __future__ import annotations

import pytest

from store.database import Database
from tests.tools.world import World


def _stocked(db: Database) -> World:
    world = World(db)
    world.put_pack()
    world.put_product()
    return world


@pytest.fixture
def world(db: Database) -> World:
    """The shipped pack live and one article in the shop, on SQLite."""
    return _stocked(db)


@pytest.fixture
def any_world(any_database: Database) -> World:
    """The same on SQLite and on PostgreSQL."""
    return _stocked(any_database)
