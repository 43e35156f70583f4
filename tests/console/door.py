"""The console's door in this process: guard and login around a page, without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp

from console import login
from console.guard import Guard
from console.sessions import Sessions
from store import principals
from store.database import Database
from store.ids import new_id
from store.principals import Principal

HOST = "usher.example:8000"
URL = f"http://{HOST}"


@dataclass(frozen=True, slots=True)
class Door:
    """An application behind the guard, and a client before it, without a cookie."""

    app: ASGIApp
    client: httpx.AsyncClient
    db: Database
    sessions: Sessions

    async def somebody(self, role: str) -> tuple[Principal, str]:
        """A fresh principal, and their key."""
        key = principals.fresh_key()
        made = await self.db.write(
            principals.add, principal_id=new_id("prn"), name=f"the {role}", role=role, key=key, at=0
        )
        assert made is not None
        return made, key


@asynccontextmanager
async def door(folder: Path) -> AsyncIterator[Door]:
    """A door before one page (`/page`) that takes whatever is asked of it."""
    db = Database.open(folder)
    sessions = Sessions(db)
    app = FastAPI(openapi_url=None)
    app.include_router(login.router(db, sessions))

    @app.api_route("/{rest:path}", methods=["GET", "POST"])
    async def anything(rest: str) -> PlainTextResponse:
        return PlainTextResponse("inside")

    guarded = Guard(app, sessions=sessions)
    transport = httpx.ASGITransport(guarded)
    try:
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            yield Door(guarded, client, db, sessions)
    finally:
        db.close()
