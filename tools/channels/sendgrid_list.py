"""SendGrid's own suppression lists: what we stop, SendGrid stops too, whoever sends by it.

All contact, an erased person and a closed address go on the global list. A marketing opt-out goes
on the account's unsubscribe group for marketing, because the global list would stop service mail
too; where an account sends marketing only, it goes on the global list. Adding an address twice is
harmless. Routes and answers: SendGrid's API v3, `POST /asm/suppressions/global` and
`POST /asm/groups/{group_id}/suppressions`, 201 with a list of addresses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import httpx

from store.deliveries import Delivery
from tools.channels.posting import Answered, judged, post
from tools.channels.receiver import Acknowledged, Answer, GivenUp
from tools.channels.stops_told import StopTold

_MARKETING, _SERVICE = "marketing", "service"
#: What SendGrid answers to a key that is wrong or may not do this: waiting mends nothing.
_NOT_ALLOWED = (401, 403)


@dataclass(frozen=True, slots=True)
class SendGridList:
    """One account. `group` None: it sends marketing only, and the global list is for all."""

    http: httpx.AsyncClient
    url: str
    api_key: str = field(repr=False)
    group: int | None
    timeout_s: float = 10.0

    async def deliver(self, delivery: Delivery) -> Answer:
        """Put the addresses on the list that stops what is stopped."""
        stop = StopTold.of(delivery)
        path = self._path(stop)
        if path is None:
            return Acknowledged("nothing in it is about e-mail of this account")
        addresses = stop.values("email")
        if not addresses:
            return Acknowledged("no e-mail address of theirs is known")
        body = json.dumps({"recipient_emails": addresses}).encode()
        headers = {
            "authorization": f"Bearer {self.api_key}",
            "content-type": "application/json",
            "user-agent": "Usher",
        }
        said = await post(self.http, self.url + path, body, headers, timeout_s=self.timeout_s)
        if isinstance(said, Answered) and said.status in _NOT_ALLOWED:
            return GivenUp(f"it answered {said.status}: the key may not change suppressions")
        if isinstance(said, Answered) and said.status == 400:
            return GivenUp("it answered 400: it does not take this address or this group")
        return judged(said)

    def _path(self, stop: StopTold) -> str | None:
        if not stop.stops(purpose=_MARKETING, channel="email"):
            return None
        if self.group is None or stop.stops(purpose=_SERVICE, channel="email"):
            return "/v3/asm/suppressions/global"
        return f"/v3/asm/groups/{self.group}/suppressions"
