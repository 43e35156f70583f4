"""A town in a database: `town` on SQLite, `any_town` on both kinds."""

from __future__ import annotations

import pytest

from store.database import Database
from tests.customers.house import House
from tests.customers.pair import Pair
from tests.customers.people import Town


@pytest.fixture
def town(db: Database) -> Town:
    return Town(db)


@pytest.fixture
def any_town(any_database: Database) -> Town:
    return Town(any_database)


@pytest.fixture
def pair(town: Town) -> Pair:
    return Pair(town)


@pytest.fixture
def any_pair(any_town: Town) -> Pair:
    return Pair(any_town)


@pytest.fixture
def house(any_town: Town) -> House:
    return House(any_town)
