"""Zendesk: a ticket for a team, once (Ticketing API v2).

`POST /api/v2/tickets.json` with an `Idempotency-Key`, which Zendesk remembers for two hours; and
because a process may be down for longer, a ticket of this effect is looked for first (`external_id`
is the effect's id), so that the same effect never opens two. A letter's JSON is `{"subject",
"body"}`, and where wanted `"priority"` (low, normal, high, urgent), `"queue"` and `"tags"`; `to` is
who it is about, which stands under the text. The queue is a tag, and a group where settings name
one. The text is an internal note: a ticket writes to nobody.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tools.channels.asked_for import asked_for, asks, not_sent, text_of
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.http_answers import plainly
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.refusals import refused
from tools.channels.trial import Trial

PRIORITIES: Final = ("low", "normal", "high", "urgent")
_LONGEST_SUBJECT, _LONGEST_BODY, _MOST_TAGS = 150, 65_000, 20
_TAG: Final = re.compile(r"[a-z0-9_./-]{1,50}", re.ASCII)
#: Fields whose names may be told when Zendesk cannot use them; its words may hold an address.
_TOLD: Final = ("subject", "comment", "priority", "tags", "external_id", "group", "group_id")


@dataclass(frozen=True, slots=True)
class Zendesk:
    """One account. `email` is the agent's whose token it is; `groups`: Zendesk's ids by queue."""

    name: str
    call: HttpCall
    email: str = field(repr=False)
    token: str = field(repr=False)
    groups: Mapping[str, int]

    kinds = ("ticket",)
    deduplicates = True
    steps = SAID

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Open the ticket, or find the one that this letter has opened before."""
        said = asked_for(letter, kind="ticket")
        if isinstance(said, SendResult):
            return said
        body = body_of(letter, said, self.groups)
        if isinstance(body, SendResult):
            return body
        found = await self._opened_before(letter)
        if isinstance(found, SendResult):
            return found
        answer = await self.call.ask(
            "POST",
            "/api/v2/tickets.json",
            headers={
                **self._headers(),
                "content-type": "application/json",
                "idempotency-key": letter.idempotency_key,
            },
            body=body,
            still_ours=still_ours,
            told=told,
        )
        if isinstance(answer, SendResult):
            return answer
        if _key_used(answer):
            # Settings have changed since: the ticket is there, as it was asked for first.
            found = await self._opened_before(letter)
            return found or not_sent("Zendesk has seen this key with something else; later")
        return _result(answer)

    def to_try(self, trial: Trial) -> Letter:
        """A ticket that says that it is a test; somebody may close it."""
        said = f"Usher: a test of the channel {trial.channel}"
        body = "It was asked for by an operator; nothing is to be done."
        return asks(trial, "", {"subject": said, "body": body, "priority": "low"})

    async def _opened_before(self, letter: Letter) -> SendResult | None:
        """The ticket of this effect; None where there is none yet. Looking hands nothing over."""
        answer = await self.call.ask(
            "GET",
            f"/api/v2/tickets.json?external_id={quote(letter.effect_id, safe='')}",
            headers=self._headers(),
            body=b"",
            still_ours=_always,
        )
        if isinstance(answer, SendResult):
            return not_sent(answer.detail)
        if answer.status != 200:
            return not_sent(plainly(answer).detail)
        said = answer.json()
        tickets = said.get("tickets") if isinstance(said, dict) else None
        if not isinstance(tickets, list):
            return not_sent("Zendesk's list of tickets could not be read")
        # The filter is looked at again: an account that ignored it would answer with any ticket.
        ours = [
            t for t in tickets if isinstance(t, dict) and t.get("external_id") == letter.effect_id
        ]
        ids = [t["id"] for t in ours if type(t.get("id")) is int]
        return _sent(min(ids)) if ids else None

    def _headers(self) -> dict[str, str]:
        account = base64.b64encode(f"{self.email}/token:{self.token}".encode()).decode("ascii")
        return {"authorization": f"Basic {account}", "accept": "application/json"}


def body_of(letter: Letter, said: dict[str, Any], groups: Mapping[str, int]) -> bytes | SendResult:
    """The bytes of the request that opens the ticket, or why they cannot be made."""
    subject = text_of(said, "subject", longest=_LONGEST_SUBJECT)
    body = text_of(said, "body", longest=_LONGEST_BODY)
    if subject is None or body is None:
        return refused("a ticket needs a subject (to 150 characters) and a body")
    priority, queue, tags = said.get("priority", "normal"), said.get("queue"), said.get("tags", [])
    if priority not in PRIORITIES:
        return refused(f"a ticket's priority is one of {', '.join(PRIORITIES)}")
    if not isinstance(tags, list) or len(tags) > _MOST_TAGS:
        return refused(f"a ticket's tags are a list of at most {_MOST_TAGS}")
    if not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in tags):
        return refused("a ticket's tag is small letters, digits, _ . / and -, without blanks")
    if queue is not None and not (isinstance(queue, str) and _TAG.fullmatch(queue)):
        return refused("a ticket's queue is small letters, digits, _ . / and -, without blanks")
    about = f"\n\nAbout: {letter.to}" if letter.to else ""
    marked = dict.fromkeys(["usher", *([queue] if queue else []), *tags])
    ticket: dict[str, Any] = {
        "subject": subject,
        "comment": {"body": body + about, "public": False},
        "priority": priority,
        "external_id": letter.effect_id,
        "tags": list(marked),
    }
    if queue is not None and queue in groups:
        ticket["group_id"] = groups[queue]
    return json.dumps({"ticket": ticket}, separators=(",", ":")).encode("ascii")


def _result(answer: Answer) -> SendResult:
    said = answer.json()
    if answer.status in (200, 201):
        ticket = said.get("ticket") if isinstance(said, dict) else None
        number = ticket.get("id") if isinstance(ticket, dict) else None
        if type(number) is int:
            return _sent(number)
        return SendResult(SendStatus.UNKNOWN, None, "Zendesk does not say which ticket it made")
    if answer.status == 409:
        return not_sent("Zendesk said 409: somebody changes the same thing just now; later")
    if answer.status == 422:
        return refused(f"Zendesk said 422: it cannot use {_fields(said)}")
    return plainly(answer)


def _fields(said: Any) -> str:
    """Which of the fields it names in `details`, by our own list of names."""
    details = said.get("details") if isinstance(said, dict) else None
    named = [one for one in _TOLD if isinstance(details, dict) and one in details]
    return ", ".join(named) or "what was sent"


def _key_used(answer: Answer) -> bool:
    """Zendesk answers 400 `IdempotentRequestError` to a key it has seen with another body."""
    said = answer.json()
    return (
        answer.status == 400
        and isinstance(said, dict)
        and said.get("error") == "IdempotentRequestError"
    )


def _sent(number: int) -> SendResult:
    return SendResult(SendStatus.SENT, f"zendesk:{number}", "")


async def _always() -> bool:
    return True
