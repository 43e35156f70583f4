"""A webhook in Slack's format as a receiver: `{"text": …}` by POST to a URL that is itself secret.

Mattermost, Teams' connectors and others take the same. A repetition shows the same text again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from store.deliveries import Delivery
from tools.channels.posting import Answered, judged, post
from tools.channels.receiver import Answer, GivenUp

#: Slack's answers that no repetition mends ("Sending messages using incoming webhooks").
_NEVER = (400, 403, 404, 410)


@dataclass(frozen=True, slots=True)
class Slack:
    """One incoming webhook. `says` makes the text of a delivery."""

    http: httpx.AsyncClient
    url: str = field(repr=False)
    says: Callable[[Delivery], str]
    timeout_s: float = 10.0

    async def deliver(self, delivery: Delivery) -> Answer:
        """Post the text."""
        body = json.dumps({"text": escaped(self.says(delivery))}).encode()
        headers = {"content-type": "application/json", "user-agent": "Usher"}
        said = await post(self.http, self.url, body, headers, timeout_s=self.timeout_s)
        if isinstance(said, Answered) and said.status in _NEVER:
            return GivenUp(
                f"it answered {said.status}: the webhook is gone or wants another format"
            )
        return judged(said)


def escaped(text: str) -> str:
    """Text in which Slack sees no link, mention or mark-up of its own (its three entities)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
