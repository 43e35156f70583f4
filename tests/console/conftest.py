"""A real browser, a real server with a small shop in it, and desks before it.

Where there is no Chromium these tests are skipped and say so; with `TEST_BROWSER` set (to its
path, or to `required`) they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.api.processes import Served, serving
from tests.console import sample
from tests.console.desk import Desk

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    said = os.environ.get("TEST_BROWSER", "")
    found = next((path for name in (said, *_NAMES) if name and (path := shutil.which(name))), None)
    if found is None and said:
        pytest.fail(f"TEST_BROWSER is {said}, and there is no Chromium")
    if found is None:
        pytest.skip("there is no Chromium here; apt-get install chromium, or set TEST_BROWSER")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for a module's tests; each desk is a session of its own in it.

    Not for the whole session: while it is there an event loop runs in this thread, and asynchronous
    tests of other modules would find it running.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own, with the sample shop (`tests.console.sample`) in it."""
    with serving(tmp_path_factory.mktemp("console") / "data") as server:
        with server.client() as client:
            sample.fill(client)
        yield server


@pytest.fixture(scope="module")
def empty(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own with nothing in it yet."""
    with serving(tmp_path_factory.mktemp("empty") / "data") as server:
        yield server


Sits = Callable[..., Desk]


@pytest.fixture
def sit(browser: Browser) -> Iterator[Sits]:
    """Makes desks: `sit(served)` as admin, `sit(served, role="operator")`; further words go to the
    browser (`color_scheme="dark"`, `viewport=NARROW`). In the end each tells what went wrong."""
    made: list[Desk] = []

    def down(served: Served, *, role: str = "admin", **context: Any) -> Desk:
        key = served.key
        if role != "admin":
            with served.client() as client:
                name = f"{role}-{len(client.get('/v1/principals').json()['items'])}"
                key = sample.key_of(client, role, name)
        made.append(Desk(browser, served, key, **context))
        return made[-1]

    yield down
    for desk in made:
        desk.close()


@pytest.fixture
def desk(served: Served, sit: Sits) -> Desk:
    """The admin's desk before the sample shop."""
    return sit(served)
