"""The application: every route over one service, every error a problem, faults told by class."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from agent.runs import Runs
from api import (
    alerts,
    approvals,
    audit,
    backups,
    brake,
    channels,
    chat,
    clock,
    customers,
    dead_letters,
    decisions,
    effects,
    experiments,
    identity,
    imports,
    memory,
    modes,
    policies,
    policy_changes,
    policy_shadow,
    principals,
    problems,
    products,
    receipts,
    retention,
    segment,
    service,
    subscriptions,
    suppressions,
    systems,
    triggers,
    way_out,
)
from api.faults import Faults
from api.limits import BodyLimit

_ROUTERS = (
    segment.router,
    triggers.router,
    decisions.router,
    effects.router,
    identity.router,
    customers.router,
    suppressions.router,
    subscriptions.router,
    systems.router,
    products.router,
    approvals.router,
    policies.router,
    policy_shadow.router,
    policy_changes.router,
    modes.router,
    channels.router,
    principals.router,
    experiments.router,
    audit.router,
    backups.router,
    brake.router,
    chat.router,
    chat.cards,
    clock.router,
    imports.router,
    memory.router,
    retention.router,
    receipts.router,
    way_out.router,
    dead_letters.router,
    alerts.router,
    service.router,
)


def create_app(runs: Runs, *, version: str) -> FastAPI:
    """The ASGI application; starts the service with it and stops it with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await runs.start()
        try:
            yield
        finally:
            await runs.stop()

    app = FastAPI(
        title="Usher",
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.runs = runs
    app.add_middleware(BodyLimit, limit=runs.settings.body_limit)
    app.add_middleware(Faults)
    problems.register(app)
    for router in _ROUTERS:
        app.include_router(router)
    return app
