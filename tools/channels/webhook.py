"""Any other system, by a signed webhook: it is told what it is asked to do, and who asks.

The signature is that of Standard Webhooks; `webhook-id` is the effect's idempotency key, so that
whoever receives it does it once however often it comes: a second time it answers 2xx again, or 409.
Therefore what was lost on the way is sent again, with the same id. The body is one JSON object,
`{"type", "timestamp", "data": {"effect_id", "kind", "to", "request"}}`; the request stands in it
byte for byte as it was decided on, an e-mail as `{"mime"}`, a text as `{"text"}`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from tools.channels import standard_webhooks
from tools.channels.channel import KINDS, Letter, SendResult, SendStatus, StillOurs
from tools.channels.http_answers import plainly
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.refusals import no_mail, no_request, not_for_it, refused
from tools.channels.trial import Trial, mail_to_try, request_to_try, text_to_try

TYPE: Final = "effect.requested"
_AS_PEOPLE_READ: Final = ("email", "sms")
#: What may stand in `webhook-id`: no full stop, which separates it from the time.
_ID: Final = re.compile(r"[A-Za-z0-9_:-]{1,200}", re.ASCII)
#: These are about the moment, not about what is asked for.
_LATER: Final = frozenset({408, 425, 429})


class Webhook:
    """A URL of somebody's own as a channel, for one kind or several."""

    deduplicates = True
    steps = SAID

    def __init__(
        self,
        name: str,
        call: HttpCall,
        *,
        keys: Sequence[bytes],
        kinds: Sequence[str],
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`keys` sign, each of them, while one replaces another. `wall`: UTC in seconds."""
        self.name = name
        self.kinds = tuple(kind for kind in KINDS if kind in kinds)
        self._call = call
        self._keys = tuple(keys)
        self._wall = wall

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Ask for it. A repeated key is harmless."""
        if why := not_for_it(letter, self.kinds) or _not_told(letter):
            return refused(why)
        now_s = int(self._wall())
        body = body_of(letter, now_s)
        signed = standard_webhooks.headers(
            self._keys, message_id=letter.idempotency_key, at_s=now_s, body=body
        )
        answer = await self._call.ask(
            "POST",
            "",
            headers={"content-type": "application/json", **signed},
            body=body,
            still_ours=still_ours,
            told=told,
        )
        return answer if isinstance(answer, SendResult) else _means(letter, answer)

    def to_try(self, trial: Trial) -> Letter:
        """A letter that tries the channel. Raises `NotAnAddress`."""
        if trial.kind == "email":
            return mail_to_try(trial)
        return text_to_try(trial) if trial.kind == "sms" else request_to_try(trial)


def body_of(letter: Letter, at_s: int) -> bytes:
    """What is posted. `at_s`: UTC in whole seconds."""
    if letter.channel in _AS_PEOPLE_READ:
        name = "mime" if letter.channel == "email" else "text"
        request = _json({name: letter.raw.decode("utf-8")})
    else:
        request = letter.raw
    head = _json({"effect_id": letter.effect_id, "kind": letter.channel, "to": letter.to})
    at = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    around = _json({"type": TYPE, "timestamp": at})
    return around[:-1] + b',"data":' + head[:-1] + b',"request":' + request + b"}}"


def _json(value: dict[str, str]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _not_told(letter: Letter) -> str | None:
    if not _ID.fullmatch(letter.idempotency_key):
        return "the idempotency key cannot stand in webhook-id"
    if letter.channel == "email":
        return no_mail(letter)
    if letter.channel == "sms":
        try:
            letter.raw.decode("utf-8")
        except UnicodeDecodeError:
            return "the text is not UTF-8"
        return None
    return no_request(letter.raw)


def _means(letter: Letter, answer: Answer) -> SendResult:
    if 200 <= answer.status <= 299 or answer.status == 409:
        return SendResult(SendStatus.SENT, f"webhook:{letter.effect_id}", "")
    meant = plainly(answer)
    if 400 <= answer.status <= 499 and answer.status not in _LATER:
        return refused(meant.detail)
    return meant
