"""The soak's sender: it repeats what was not answered, and remembers what was, and when."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.soak.judge import Told
from tests.soak.traffic import Message, address_of

_LATER = frozenset({429, 503})
_BETWEEN_TRIES_S = 0.1


class Gone(Exception):
    """The server went away before it answered; what was asked may have been done."""


def ask(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """What the server answers, asked again while it says `later`. Raises `Gone`."""
    while True:
        try:
            answer = client.request(method, path, json=body)
        except httpx.TransportError as fault:
            raise Gone from fault
        if answer.status_code not in _LATER:
            return answer.raise_for_status().json()
        time.sleep(_BETWEEN_TRIES_S)


class Sender:
    """Sends batches in order until each is answered, and notes every acknowledged opt-out.

    An opt-out that came as an event counts once a person's page has been answered after it: that
    page waits until everything accepted before it has taken effect.
    """

    def __init__(self, zones: dict[str, str]) -> None:
        self.left: list[list[Message]] = []
        self.sent = 0
        self._zones = zones
        self._answered: set[str] = set()
        self._opted_out: dict[str, int] = {}
        self._said_no: list[str] = []

    def send(self, client: httpx.Client, most: int) -> None:
        """Send so many batches. Raises `Gone`."""
        for _ in range(min(most, len(self.left))):
            ask(client, "POST", "/v1/batch", {"batch": self.left[0]})
            done = self.left.pop(0)
            self.sent += len(done)
            self._answered |= {one["messageId"] for one in done}
            self._said_no += [
                one["userId"] for one in done if one.get("event") == "Consent Revoked"
            ]
            self.acknowledge(client)

    def acknowledge(self, client: httpx.Client) -> None:
        """Wait until the opt-outs sent so far have taken effect. Raises `Gone`."""
        if self._said_no:
            ask(client, "GET", f"/v1/customers/{self._said_no[-1]}")
            for user in self._said_no:
                self._opted_out.setdefault(address_of(user), time.monotonic_ns())
            self._said_no.clear()

    def opt_out(self, client: httpx.Client, user: str) -> None:
        """Tell the server to its face that somebody wants no marketing. Raises `Gone`."""
        no = {"scope": "purpose", "reason": "asked to be left alone"}
        ask(client, "POST", f"/v1/customers/{user}/suppress", no)
        self._opted_out.setdefault(address_of(user), time.monotonic_ns())

    def told(self) -> Told:
        """What the judge is to know."""
        return Told(len(self._answered), self._zones, dict(self._opted_out))
