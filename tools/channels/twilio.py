"""Text messages by Twilio: the text as it was decided on, to one number.

Twilio is told where to send its receipts, with the effect's id in the address. It knows no
idempotency keys: nothing is sent on a guess. Fields and answers are those of "Message resource" in
Twilio's API reference.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Final
from urllib.parse import urlencode

from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.http_answers import plainly
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.refusals import not_for_it, refused
from tools.channels.trial import Trial, number, text_to_try
from tools.channels.twilio_errors import ERRORS, STOPPED

BASE_URL: Final = "https://api.twilio.com"
RECEIPTS: Final = "/v1/receipts/twilio"
_SID: Final = re.compile(r"[A-Z]{2}[0-9a-f]{32}", re.ASCII)


class Twilio:
    """Twilio's Messages as a channel."""

    kinds = ("sms",)
    deduplicates = False
    steps = SAID

    def __init__(
        self,
        name: str,
        call: HttpCall,
        *,
        account: str,
        token: str,
        messaging_service: str | None = None,
        public_url: str | None = None,
    ) -> None:
        """`token` is never shown. With a `messaging_service` that chooses the sender.

        `public_url`: where Twilio's receipts reach us; None: it sends none.
        """
        self.name = name
        self._call = call
        self._path = f"/2010-04-01/Accounts/{account}/Messages.json"
        self._login = base64.b64encode(f"{account}:{token}".encode()).decode("ascii")
        self._service = messaging_service
        self._receipts = None if public_url is None else public_url.rstrip("/") + RECEIPTS

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Hand the text over, once. `told` hears of each step that went well."""
        if why := not_for_it(letter, self.kinds) or self._no_text(letter):
            return refused(why)
        answer = await self._call.ask(
            "POST",
            self._path,
            headers={
                "authorization": f"Basic {self._login}",
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            body=urlencode(self._form(letter)).encode("ascii"),
            still_ours=still_ours,
            told=told,
        )
        return answer if isinstance(answer, SendResult) else _means(letter, answer)

    def to_try(self, trial: Trial) -> Letter:
        """A text that tries the channel. Raises `NotAnAddress`."""
        return text_to_try(trial)

    def _no_text(self, letter: Letter) -> str | None:
        if number(letter.to) is None:
            return "the recipient is not one telephone number"
        if self._service is None and not letter.sender:
            return "there is no sender; set sender or messaging_service"
        try:
            text = letter.raw.decode("utf-8")
        except UnicodeDecodeError:
            return "the text is not UTF-8"
        return None if text.strip() else "the text is empty"

    def _form(self, letter: Letter) -> dict[str, str]:
        form = {"To": letter.to, "Body": letter.raw.decode("utf-8")}
        if self._service is None:
            form["From"] = letter.sender
        else:
            form["MessagingServiceSid"] = self._service
        if self._receipts is not None:
            query = urlencode({"effect_id": letter.effect_id})
            form["StatusCallback"] = f"{self._receipts}?{query}"
        return form


def _means(letter: Letter, answer: Answer) -> SendResult:
    said = answer.json()
    fields: dict[str, Any] = said if isinstance(said, dict) else {}
    taken = 200 <= answer.status <= 299
    code = fields.get("error_code" if taken else "code")
    if isinstance(code, int) and code in ERRORS:
        status, why = ERRORS[code]
        return SendResult(status, None, f"Twilio said {code}: {why}", opted_out=code == STOPPED)
    if not taken:
        return plainly(answer)
    if fields.get("status") in ("failed", "undelivered", "canceled"):
        return refused("Twilio took the text and could not send it")
    sid = fields.get("sid")
    its_own = sid if isinstance(sid, str) and _SID.fullmatch(sid) else letter.effect_id
    return SendResult(SendStatus.SENT, f"twilio:{its_own}", "")
