"""A signed webhook as a receiver: JSON by POST, signed as Standard Webhooks say.

`webhook-id` is the delivery's id and the same at every attempt; whoever gets it twice has it
already. 410 means that nothing more is wanted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from store.deliveries import Delivery
from tools.channels import standard_webhooks
from tools.channels.posting import judged, post
from tools.channels.receiver import Answer

Payload = Callable[[Delivery], dict[str, Any]]


def as_it_is(delivery: Delivery) -> dict[str, Any]:
    """The body as it was written."""
    return delivery.body


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """One URL. `payload` makes what is sent of a delivery; `seconds` is the machine's time."""

    http: httpx.AsyncClient
    url: str
    key: bytes = field(repr=False)
    payload: Payload = as_it_is
    timeout_s: float = 10.0
    seconds: Callable[[], float] = time.time

    async def deliver(self, delivery: Delivery) -> Answer:
        """Post it, signed afresh: the time in the signature is that of this attempt."""
        body = json.dumps(self.payload(delivery), separators=(",", ":"), ensure_ascii=False)
        data = body.encode()
        signed = standard_webhooks.headers(
            [self.key], message_id=delivery.id, at_s=int(self.seconds()), body=data
        )
        headers = {"content-type": "application/json", "user-agent": "Usher", **signed}
        said = await post(self.http, self.url, data, headers, timeout_s=self.timeout_s)
        return judged(said, gone_stops=True)
