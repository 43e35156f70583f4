"""The demo's hands: a client of the HTTP API doing what a shop, a CDP and an operator would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

BATCH = 250


class Refused(Exception):
    """The server answered with a problem; the message is its title and detail."""


class ShopFloor:
    """Calls over HTTP. Answers are the API's own JSON."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._numbers: dict[str, int] = {}

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """One GET."""
        return _json(await self._client.get(path, params=query))

    async def products(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put the catalogue."""
        _json(await self._client.put("/v1/products", json=list(rows)))

    async def batch(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Send Segment messages, at most `BATCH` of them."""
        _json(await self._client.post("/v1/batch", json={"batch": list(messages)}))

    async def track(self, user_id: str, event: str, properties: Mapping[str, Any]) -> None:
        """Send one event."""
        number = self._numbers[user_id] = self._numbers.get(user_id, 0) + 1
        message = {
            "userId": user_id,
            "event": event,
            "properties": dict(properties),
            "messageId": f"demo-{user_id}-{number}",
        }
        _json(await self._client.post("/v1/track", json=message))

    async def trigger(self, user_id: str, goal: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Trigger a goal and wait for its decision."""
        body = {"goal": goal, "customer": {"userId": user_id}, "context": dict(context)}
        answer = _json(await self._client.post("/v1/triggers", params={"wait": 30}, json=body))
        if "id" not in answer:
            raise Refused(f"no decision within 30 seconds for {user_id}")
        return answer

    async def suppress(self, user_id: str, reason: str) -> None:
        """Stop all contact."""
        body = {"scope": "all", "reason": reason}
        _json(await self._client.post(f"/v1/customers/{user_id}/suppress", json=body))

    async def advance(self, duration: str) -> dict[str, Any]:
        """Let simulated time pass."""
        return _json(await self._client.post("/v1/clock", json={"advance": duration}))

    async def decisions_of(self, user_id: str) -> list[dict[str, Any]]:
        """The decisions about one person, newest first."""
        page = await self.get("/v1/decisions", customer=user_id)
        items: list[dict[str, Any]] = page["items"]
        return items

    async def newest_of(self, user_id: str, *, after: str | None) -> dict[str, Any]:
        """The person's newest decision once it is another than `after` and no longer running."""
        for _ in range(300):
            found = await self.decisions_of(user_id)
            if found and found[0]["id"] != after and found[0]["status"] != "running":
                return await self.get(f"/v1/decisions/{found[0]['id']}")
            await asyncio.sleep(0.1)
        raise Refused(f"no newer decision within 30 seconds for {user_id}")

    async def changed(self, decision_id: str, *, status: str) -> dict[str, Any]:
        """One decision once its status is another than `status`."""
        for _ in range(300):
            found = await self.get(f"/v1/decisions/{decision_id}")
            if found["status"] != status:
                return found
            await asyncio.sleep(0.1)
        raise Refused(f"{decision_id} stayed {status} for 30 seconds")

    async def resolved(self) -> int:
        """How many accepted messages still wait to become part of a profile."""
        return int((await self.get("/v1/inbox"))["waiting"])


def _json(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    if response.is_error:
        raise Refused(f"{body.get('title')}: {body.get('detail')}")
    return body
