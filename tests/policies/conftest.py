"""Packs that tests share are compiled in the session that asks them, not when it was gathered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.policies import packs


@pytest.fixture(autouse=True, scope="session")
def _compiled_here() -> Iterator[None]:
    """A mutant runs in a fork; what was compiled before it would be asked instead of the mutant."""
    packs.small.cache_clear()
    packs.commerce.cache_clear()
    yield
