"""Backups of a deployment that goes on meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from agent import backup
from agent.backup import MakeBackup, Sources
from api.access import Admin, Service
from api.idempotency import OnceRoute

router = APIRouter(tags=["backups"], prefix="/v1/backups", route_class=OnceRoute)


@router.post("", status_code=201)
async def make(runs: Service, principal: Admin, request: MakeBackup) -> dict[str, Any]:
    """Write a backup into a folder of the server's machine; its manifest."""
    sources = Sources.of(runs.settings)
    return await asyncio.to_thread(
        backup.make, sources, Path(request.to), with_keys=request.with_keys
    )
