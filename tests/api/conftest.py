"""An API for each test, on a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.api.service import Api, service, settings_of


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """The API of a fresh folder, at noon of a simulated day."""
    async with service(settings_of(tmp_path / "data")) as served:
        yield served
