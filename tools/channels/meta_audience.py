"""Meta's custom audiences: one person on the list, or off it (Marketing API v25.0).

`POST /{version}/{audience_id}/users` adds, `DELETE` of the same takes off; the body is
`{"payload": {"schema": […], "data": [[hash]]}}`. A letter's JSON is `{"action": "add"|"remove",
"audience": NAME}`, with `"consent": true` or `false` where the person has said so; `to` is their
address or number, which is hashed here and goes no further. A hash that is there already is no
second person, so an unknown request may be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.channels import meta_graph
from tools.channels.asked_for import asked_for, asks
from tools.channels.audience_members import Member, of_meta
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.meta_graph import NOT_SENT, UNKNOWN
from tools.channels.refusals import refused
from tools.channels.trial import NotAnAddress, Trial

_METHODS: Final = {"add": "POST", "remove": "DELETE"}
_SCHEMA: Final = {"email": "EMAIL", "phone": "PHONE"}

#: Marketing API, "Error codes"; what is not here means the same for everything of Meta's.
_ERRORS: Final[Mapping[int, meta_graph.Means]] = {
    2650: (NOT_SENT, "it could not change the audience; later"),
    2655: (NOT_SENT, "the terms for custom audiences have not been accepted in Ads Manager"),
}


@dataclass(frozen=True, slots=True)
class MetaAudience:
    """One ad account. `audiences`: Meta's ids by the names that letters use."""

    name: str
    call: HttpCall
    token: str = field(repr=False)
    audiences: Mapping[str, str]
    version: str = meta_graph.VERSION

    kinds = ("audience",)
    deduplicates = True
    steps = SAID

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Put the person on the audience, or take them off."""
        said = asked_for(letter, kind="audience")
        if isinstance(said, SendResult):
            return said
        method, audience = _METHODS.get(str(said.get("action"))), said.get("audience")
        if method is None:
            return refused('what is asked of an audience is neither "add" nor "remove"')
        if not isinstance(audience, str) or audience not in self.audiences:
            return refused(f"channels.{self.name} in usher.toml names no audience of this name")
        member = of_meta(letter.to)
        if member is None:
            return refused("neither an e-mail address nor a number with its country's code")
        answer = await self.call.ask(
            method,
            f"/{self.version}/{self.audiences[audience]}/users",
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/json",
            },
            body=body_of(member, consent=said.get("consent")),
            still_ours=still_ours,
            told=told,
        )
        if isinstance(answer, SendResult):
            return answer
        self.call.rest(meta_graph.rest_s(answer))
        return _result(answer, letter)

    def to_try(self, trial: Trial) -> Letter:
        """Take an address off that was never on: it shows the account, and changes nothing."""
        if of_meta(trial.to) is None:
            raise NotAnAddress("this is neither an e-mail address nor a number with + such as +49…")
        first = next(iter(self.audiences))
        return asks(trial, trial.to, {"action": "remove", "audience": first})


def body_of(member: Member, *, consent: Any = None) -> bytes:
    """The bytes of a request for one person. `consent`: whether they agreed, where known."""
    payload = {"schema": [_SCHEMA[member.kind]], "data": [[member.sha256]]}
    stated = {"customer_consent": consent} if isinstance(consent, bool) else {}
    return json.dumps({"payload": payload, **stated}, separators=(",", ":")).encode("ascii")


def _result(answer: Answer, letter: Letter) -> SendResult:
    """Meta counts what it has received, and what of it it could not read."""
    said = answer.json()
    counted = isinstance(said, dict) and "num_received" in said
    if answer.status != 200 or (isinstance(said, dict) and "error" in said):
        return meta_graph.means(answer, _ERRORS)
    if not counted:
        return SendResult(UNKNOWN, None, "Meta does not say what it has received")
    if said["num_received"] != 1 or said.get("num_invalid_entries"):
        return refused("Meta could not read the hash it was sent")
    # Its own number is another one each time; ours stays the same when a request is repeated.
    return SendResult(SendStatus.SENT, f"meta:{letter.effect_id}", "")
