"""E-mail by SendGrid: its Web API is given the letter's own parts, so what arrives was decided on.

SendGrid writes the mail anew from what it is given; a letter with a part that it could not write is
refused. Nothing is added to it: no tracking of opens or clicks, no footer, no link of its own. It
knows no idempotency keys: nothing is sent on a guess. The fields and answers are those of "Mail
Send" in SendGrid's v3 API reference.
"""

from __future__ import annotations

import json
import re
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from typing import Any, Final, cast

from tools.channels.addresses import mailbox
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.http_answers import plainly
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.refusals import no_mail, not_for_it, refused
from tools.channels.trial import Trial, mail_to_try

BASE_URL: Final = "https://api.sendgrid.com"
_PATH: Final = "/v3/mail/send"
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,120}", re.ASCII)
#: SendGrid writes these itself, from the fields that are given it.
_ITS_OWN: Final = frozenset(
    {"from", "to", "subject", "reply-to", "date", "mime-version"}
    | {"content-type", "content-transfer-encoding"}
)
_OFF: Final = {"enable": False}
#: Where SendGrid's status says another thing than elsewhere.
_ELSEWHERE: Final = {
    406: "it takes no answer in JSON; check base_url",
    451: "the account's data may not leave its region; check base_url",
}


class Sendgrid:
    """SendGrid as a channel."""

    kinds = ("email",)
    deduplicates = False
    steps = SAID

    def __init__(self, name: str, call: HttpCall, *, key: str) -> None:
        """`key`: an API key that may send mail; it is never shown."""
        self.name = name
        self._call = call
        self._key = key

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Hand the letter over, once. `told` hears of each step that went well."""
        if why := not_for_it(letter, self.kinds) or no_mail(letter):
            return refused(why)
        try:
            body = json.dumps(mail_of(letter), ensure_ascii=False).encode("utf-8")
        except NotCarried as what:
            return refused(str(what))
        answer = await self._call.ask(
            "POST",
            _PATH,
            headers={
                "authorization": f"Bearer {self._key}",
                "content-type": "application/json",
                "accept": "application/json",
            },
            body=body,
            still_ours=still_ours,
            told=told,
        )
        return answer if isinstance(answer, SendResult) else _means(letter, answer)

    def to_try(self, trial: Trial) -> Letter:
        """A letter that tries the channel. Raises `NotAnAddress`."""
        return mail_to_try(trial)


class NotCarried(ValueError):
    """SendGrid's API has no field for something in the letter; the text says for what."""


def mail_of(letter: Letter) -> dict[str, Any]:
    """The letter as SendGrid's API takes it. Raises `NotCarried`."""
    try:
        mail = BytesParser(policy=SMTP).parsebytes(letter.raw)
        sender = mail["From"].addresses
        texts = [_content(part) for part in _parts(mail)]
        subject = str(mail["Subject"])
    except (MessageError, LookupError, ValueError, AttributeError) as fault:
        if isinstance(fault, NotCarried):
            raise
        raise NotCarried("the letter cannot be read") from None
    if len(sender) != 1 or mailbox(sender[0].addr_spec) != mailbox(letter.sender):
        raise NotCarried("the letter says another sender than it would be sent by")
    made: dict[str, Any] = {
        "personalizations": [
            {"to": [{"email": mailbox(letter.to)}], "custom_args": {"effect_id": letter.effect_id}}
        ],
        "from": _named(letter.sender, sender[0].display_name),
        "subject": subject,
        "content": texts,
        "headers": {
            name: str(value) for name, value in mail.items() if name.lower() not in _ITS_OWN
        },
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": _OFF,
            "subscription_tracking": _OFF,
            "ganalytics": _OFF,
        },
        "mail_settings": {"footer": _OFF, "sandbox_mode": _OFF},
    }
    if (reply_to := mail["Reply-To"]) is not None:
        if len(reply_to.addresses) != 1:
            raise NotCarried("the letter asks for answers to several addresses")
        answers = reply_to.addresses[0]
        made["reply_to"] = _named(answers.addr_spec, answers.display_name)
    return made


def _parts(mail: EmailMessage) -> list[EmailMessage]:
    """The texts of the letter: one, or a plain one with its HTML."""
    if not mail.is_multipart():
        return [mail]
    if mail.get_content_type() != "multipart/alternative":
        raise NotCarried("the letter has an attachment, or parts that are no alternatives")
    return [cast(EmailMessage, part) for part in mail.iter_parts()]


def _content(part: EmailMessage) -> dict[str, str]:
    kind = part.get_content_type()
    if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
        raise NotCarried("the letter has a part that is neither plain text nor HTML")
    return {"type": kind, "value": str(part.get_content())}


def _named(address: str, name: str) -> dict[str, str]:
    return {"email": address, **({"name": name} if name else {})}


def _means(letter: Letter, answer: Answer) -> SendResult:
    if 200 <= answer.status <= 299:
        said = answer.headers.get("x-message-id", "")
        its_own = said if _ID.fullmatch(said) else letter.effect_id
        return SendResult(SendStatus.SENT, f"sendgrid:{its_own}", "")
    if answer.status in _ELSEWHERE:
        why = f"the other system said {answer.status}: {_ELSEWHERE[answer.status]}"
        return SendResult(SendStatus.NOT_SENT, None, why)
    return plainly(answer)
