"""What commands share: the folder's deployment to speak to, and where they print."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from agent.errors import UsherError
from agent.settings import Settings

FOLDER = typer.Option("--data", help="Folder of database, keys and outbox.", metavar="DIR")
Data = Annotated[Path | None, FOLDER]


class Refused(UsherError):
    """It cannot be done, or the server said no."""


@dataclass(frozen=True, slots=True)
class Shell:
    """`connect` opens a client of a folder's deployment; `address_of` says where it listens."""

    connect: Callable[[Settings], AbstractAsyncContextManager[httpx.AsyncClient]]
    address_of: Callable[[Path], str | None]
    out: Console
    err: Console

    def settings(self, data: Path | None) -> Settings:
        """The settings, of this folder where one is named."""
        return Settings() if data is None else Settings(data=data)

    def say(self, words: str) -> None:
        """Print a line as it is."""
        self.out.print(words, markup=False, highlight=False, soft_wrap=True)

    def call(
        self,
        settings: Settings,
        method: str,
        path: str,
        body: Any = None,
        *,
        within: float | None = 120,
    ) -> Any:
        """One request, and its JSON. Raises `Refused` with what the server said."""

        async def work() -> Any:
            async with self.connect(settings) as client:
                response = await client.request(method, path, json=body, timeout=within)
            if response.is_error:
                said = response.json()
                raise Refused(f"{said.get('title')}: {said.get('detail')}")
            return response.json()

        return asyncio.run(work())
