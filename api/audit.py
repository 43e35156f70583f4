"""The journal audited: every chain hashed anew, its head and the signed anchors held against it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.access import Service, Viewer
from api.route import Route
from store import audit

router = APIRouter(tags=["audit"], route_class=Route)


@router.get("/v1/audit")
async def verify(runs: Service, principal: Viewer) -> dict[str, Any]:
    """Whether the journal is whole; `anchored` entries are vouched for by a signature."""
    report = await runs.db.read(audit.verify, runs.db.vault)
    return {
        "ok": report.intact,
        "entries": report.entries,
        "chains": report.chains,
        "anchors": report.anchors,
        "anchored": report.anchored,
        "anchored_at": report.anchored_at,
        "problems": list(report.problems),
    }
