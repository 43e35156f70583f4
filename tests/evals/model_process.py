"""The scripted model as a second process, and what a test says to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.source import ROOT


class ModelProcess:
    """A running scripted model. `url` is the base URL for a client."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url.removesuffix("/v1"), timeout=30, trust_env=False)

    def follow(self, *script: dict[str, Any]) -> None:
        """Another script from its beginning; after its end the model is sensible."""
        answer = self._http.post("/script", json=list(script))
        assert answer.status_code == 200, answer.text

    def asked(self) -> list[dict[str, Any]]:
        """The requests since then."""
        requests: list[dict[str, Any]] = self._http.get("/requests").json()["requests"]
        return requests

    def headers(self) -> list[dict[str, str]]:
        """Their headers."""
        headers: list[dict[str, str]] = self._http.get("/requests").json()["headers"]
        return headers

    def close(self) -> None:
        self._http.close()


@contextmanager
def model_process(*more: str) -> Iterator[ModelProcess]:
    """A scripted model on this machine, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "evals.scripted_model", *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        try:
            line = process.stdout.readline()
            assert line.startswith("model: http://127.0.0.1:"), line
            model = ModelProcess(line.removeprefix("model: ").strip())
            try:
                yield model
            finally:
                model.close()
        finally:
            process.kill()
