"""The API as tests ask it: the whole application in this process, on a simulated clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import AwareDatetime, TypeAdapter

import server
from agent.runs import Runs
from agent.settings import Settings

NOON = "2026-03-03T12:00:00Z"
CART = {
    "cart": {
        "id": "c1",
        "value_minor": 12_000,
        "currency": "EUR",
        "items": [{"sku": "SKU-1", "quantity": 1, "price_minor": 12_000}],
    }
}
PRODUCTS = [
    {"sku": f"SKU-{i}", "name": f"Lamp {i}", "price_minor": 12_000, "cost_minor": 6_000}
    | {"currency": "EUR", "stock": 10_000}
    for i in (1, 2)
]


class Api:
    """A client of it. Answers are responses; `problem` also asserts that one is a problem."""

    def __init__(self, client: httpx.AsyncClient, runs: Runs) -> None:
        self.client = client
        self.runs = runs
        self.admin = dict(client.headers)["authorization"]

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request, as admin unless a key is given; bytes are sent as they are."""
        sent = {"authorization": f"Bearer {key}" if key is not None else self.admin}
        sent |= {"content-type": "application/json"} | dict(headers or {})
        if isinstance(body, bytes) or body is None:
            return await self.client.request(method, path, content=body, headers=sent)
        return await self.client.request(method, path, json=body, headers=sent)

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of an answer that must be a good one."""
        response = await self.call(method, path, body, **more)
        assert response.is_success, response.text
        return response.json()

    async def problem(
        self, status: int, method: str, path: str, body: Any = None, **more: Any
    ) -> str:
        """The detail of an answer that must be this problem."""
        return detail_of(await self.call(method, path, body, **more), status)

    async def key(self, role: str, name: str | None = None) -> str:
        """A fresh key of that role."""
        made = await self.ok("POST", "/v1/principals", {"name": name or role, "role": role})
        return str(made["key"])

    async def person(self, user_id: str, **traits: Any) -> None:
        """Somebody in UTC who agreed to marketing on both channels."""
        traits = {"email": f"{user_id}@example.com", "timezone": "Etc/UTC", **traits}
        await self.ok("POST", "/v1/identify", {"userId": user_id, "traits": traits})
        for channel in ("email", "sms"):
            agreed = {"channel": channel, "purpose": "marketing", "source": "form"}
            said = {"userId": user_id, "event": "Consent Granted", "properties": agreed}
            await self.ok("POST", "/v1/track", said)

    async def decision(self, user_id: str, key: str = "k") -> dict[str, Any]:
        """The decision on an abandoned cart of somebody."""
        found: dict[str, Any] = await self.ok(
            "POST", "/v1/triggers?wait=30", trigger(user_id, idempotencyKey=f"{key}-{user_id}")
        )
        return found


def trigger(user_id: str, **more: Any) -> dict[str, Any]:
    """The body that starts the recovery of a cart."""
    return {"goal": "recover_cart", "customer": {"userId": user_id}, "context": CART, **more}


def detail_of(response: httpx.Response, status: int) -> str:
    """The detail of a response that must be an RFC 9457 problem of this status, without cookies."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in response.headers
    said = response.json()
    assert said["status"] == status
    assert said["title"] and said["type"]
    detail: str = said["detail"]
    assert detail
    return detail


def settings_of(folder: Path, **more: Any) -> Settings:
    """A small deployment of its own, at noon."""
    clock = TypeAdapter(AwareDatetime).validate_python(NOON)
    set_: dict[str, Any] = {"data": folder, "clock": clock, "settle": 0, "embedder": "hashing"}
    return Settings(**set_ | more)


@asynccontextmanager
async def service(settings: Settings) -> AsyncIterator[Api]:
    """The application of a folder, started, and stopped at the end."""
    app = server.build(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://usher", headers=server.key_header(settings.data)
        ) as client,
    ):
        yield Api(client, app.state.runs)
