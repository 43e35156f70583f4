"""Mounts the console on the application: guard around it, login beside it, pages below `/`.

`/v1` keeps its own 404 and 405: an explicit catch-all stands before the pages.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from nicegui import ui
from starlette.exceptions import HTTPException
from starlette.routing import Match

from agent.runs import Runs
from console import faults, login
from console.frame import House
from console.guard import Guard
from console.pages import (
    alerts,
    approvals,
    brake,
    chat,
    customer,
    customers,
    decision,
    figure_people,
    figures,
    live,
    policies,
    policy,
    start,
    stuck,
    systems,
    unknown,
)
from console.sessions import Sessions

_PAGES = (
    start,
    live,
    decision,
    policies,
    policy,
    figures,
    figure_people,
    approvals,
    unknown,
    customers,
    customer,
    brake,
    chat,
    alerts,
    stuck,
    systems,
)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def mount(app: FastAPI, runs: Runs) -> Sessions:
    """Put the console on an application, once a process. Returns what makes login links."""
    sessions = Sessions(runs.db)
    house = House(runs, sessions)
    app.include_router(login.router(runs.db, sessions))
    app.add_api_route("/v1/{rest:path}", _no_such_route, methods=_METHODS, include_in_schema=False)
    for page in _PAGES:
        page.register(house)
    faults.register()
    ui.run_with(app, mount_path="/", title="Usher", show_welcome_message=False, dark=None)
    app.add_middleware(Guard, sessions=sessions)
    return sessions


async def _no_such_route(request: Request, rest: str) -> None:
    """404 for what is no route of the API, 405 for a method that a route does not take."""
    here = request.scope["route"]
    for route in request.app.router.routes:
        if route is not here and route.matches(request.scope)[0] is Match.PARTIAL:
            raise HTTPException(405)
    raise HTTPException(404)
