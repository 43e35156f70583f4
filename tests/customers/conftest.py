"""A town in a database: `town` on SQLite, `any_town` on both kinds."""

from __future__ import annotations

import pytest

from store.database import Database
from tests.customers.people import Town


@pytest.fixture
def town(db: Database) -> Town:
    return Town(db)


@pytest.fixture
def any_town(any_database: Database) -> Town:
    return Town(any_database)
