"""WhatsApp by Meta's Cloud API (v25.0): a template at any time, plain text only as an answer.

`POST /{version}/{phone_number_id}/messages`. A letter's JSON is either `{"template": {"name",
"language", "parameters": […]}}` (the texts of the template's body, in order), or `{"text",
"window_until"}`: within 24 hours of the person's last message anything may be said, and the letter
says until when (UTC, microseconds). After that a text is refused here already, because Meta would
take it and deliver nothing (131047). Meta keeps no idempotency key: what is lost is unknown.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools.channels import meta_graph
from tools.channels.asked_for import asked_for, asks, text_of
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.http_call import SAID, Answer, HttpCall, Told
from tools.channels.meta_graph import NOT_SENT, REFUSED, UNKNOWN
from tools.channels.refusals import refused
from tools.channels.trial import NotAnAddress, Trial

_LONGEST_TEXT, _LONGEST_PARAMETER, _MOST_PARAMETERS = 4_096, 1_024, 50
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2,4})?", re.ASCII)
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_TEMPLATE: Final = "check the template in WhatsApp Manager"

#: Cloud API, "Error codes"; what is not here means the same for everything of Meta's.
ERRORS: Final[Mapping[int, meta_graph.Means]] = {
    33: (NOT_SENT, "there is no such sending number; check phone_number_id"),
    130403: (NOT_SENT, "the account may not write to this country"),
    130429: (NOT_SENT, "too many messages at once; later"),
    130472: (REFUSED, "Meta delivers no marketing to this person, for an experiment"),
    131000: (UNKNOWN, "something went wrong there; nobody knows whether it has taken this"),
    131005: (NOT_SENT, "the token may not do this; check its permissions"),
    131008: (REFUSED, "something that is needed is not in the message"),
    131009: (REFUSED, "a value in the message cannot be used"),
    131016: (NOT_SENT, "it is not available; later"),
    131021: (REFUSED, "the person has the sending number themselves"),
    131026: (REFUSED, "the message cannot be delivered: no WhatsApp there, or an old one"),
    131031: (NOT_SENT, "the account is locked"),
    131037: (NOT_SENT, "the sending number has no approved display name"),
    131042: (NOT_SENT, "the account's way to pay does not work"),
    131045: (NOT_SENT, "the sending number is not registered rightly"),
    131047: (REFUSED, "the person's last message is more than 24 hours old; use a template"),
    131048: (NOT_SENT, "too many of its messages were reported; Meta slows the number down"),
    131049: (REFUSED, "Meta delivers no more marketing to this person for now"),
    131050: (REFUSED, "the person has stopped marketing from this number"),
    131051: (REFUSED, "this kind of message is not supported"),
    131056: (NOT_SENT, "too many messages to the same person at once; later"),
    131057: (NOT_SENT, "the account is being maintained; later"),
    132000: (REFUSED, f"the template has another number of parameters; {_TEMPLATE}"),
    132001: (REFUSED, f"there is no approved template of this name and language; {_TEMPLATE}"),
    132005: (REFUSED, f"the filled template is too long; {_TEMPLATE}"),
    132007: (REFUSED, f"the template breaks a rule of WhatsApp's; {_TEMPLATE}"),
    132012: (REFUSED, f"a parameter is not of the form that the template says; {_TEMPLATE}"),
    132015: (REFUSED, f"the template is paused for its quality; {_TEMPLATE}"),
    132016: (REFUSED, f"the template is disabled for its quality; {_TEMPLATE}"),
    133010: (NOT_SENT, "the sending number is not registered"),
}


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """One sending number, by Meta's id of it. `wall`: UTC in seconds."""

    name: str
    call: HttpCall
    token: str = field(repr=False)
    phone_number_id: str
    version: str = meta_graph.VERSION
    wall: Callable[[], float] = time.time

    kinds = ("whatsapp",)
    deduplicates = False
    steps = SAID

    async def send(
        self, letter: Letter, *, still_ours: StillOurs, told: Told | None = None
    ) -> SendResult:
        """Hand the message to Meta; whether it is delivered is told later, by a receipt."""
        said = asked_for(letter, kind="whatsapp")
        if isinstance(said, SendResult):
            return said
        body = body_of(letter, said, now_us=int(self.wall() * 1_000_000))
        if isinstance(body, SendResult):
            return body
        answer = await self.call.ask(
            "POST",
            f"/{self.version}/{self.phone_number_id}/messages",
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/json",
            },
            body=body,
            still_ours=still_ours,
            told=told,
        )
        if isinstance(answer, SendResult):
            return answer
        self.call.rest(meta_graph.rest_s(answer))
        return _result(answer)

    def to_try(self, trial: Trial) -> Letter:
        """Meta's own sample template, which is there with every new number."""
        if not _NUMBER.fullmatch(trial.to):
            raise NotAnAddress("this is not one telephone number such as +4930123456")
        return asks(trial, trial.to, {"template": {"name": "hello_world", "language": "en_US"}})


def body_of(letter: Letter, said: dict[str, Any], *, now_us: int) -> bytes | SendResult:
    """The bytes of the request, or why they cannot be made."""
    if not _NUMBER.fullmatch(letter.to):
        return refused("WhatsApp needs a number with + and its country's code")
    message = _message(said, now_us)
    if isinstance(message, SendResult):
        return message
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": letter.to,
        **message,
        # Comes back with every receipt of this message.
        "biz_opaque_callback_data": letter.effect_id,
    }
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _message(said: dict[str, Any], now_us: int) -> dict[str, Any] | SendResult:
    template = said.get("template")
    if (template is None) == (said.get("text") is None):
        return refused("a message is either a template or a text")
    if template is not None:
        return _template(template)
    text, until = text_of(said, "text", longest=_LONGEST_TEXT), said.get("window_until")
    if text is None:
        return refused(f"a text has 1 to {_LONGEST_TEXT} characters")
    if type(until) is not int or now_us >= until:
        return refused(ERRORS[131047][1])
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _template(said: Any) -> dict[str, Any] | SendResult:
    name, language = (
        (said.get("name"), said.get("language")) if isinstance(said, dict) else ("", "")
    )
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return refused("a template's name is small letters, digits and _")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        return refused("a template's language is a code such as de or en_GB")
    texts = said.get("parameters", [])
    if not isinstance(texts, list) or len(texts) > _MOST_PARAMETERS:
        return refused(f"a template's parameters are a list of at most {_MOST_PARAMETERS}")
    if not all(_fits(text) for text in texts):
        # Meta refuses them with 132012, whatever the template says.
        return refused("a template's parameter is a text without line breaks, tabs or many blanks")
    template: dict[str, Any] = {"name": name, "language": {"code": language}}
    if texts:
        parameters = [{"type": "text", "text": text} for text in texts]
        template["components"] = [{"type": "body", "parameters": parameters}]
    return {"type": "template", "template": template}


def _fits(text: Any) -> bool:
    plain = isinstance(text, str) and bool(text.strip()) and len(text) <= _LONGEST_PARAMETER
    return plain and not re.search(r"[\r\n\t]| {5}", text)


def _result(answer: Answer) -> SendResult:
    said = answer.json()
    if answer.status != 200 or (isinstance(said, dict) and "error" in said):
        return meta_graph.means(answer, ERRORS)
    messages = said.get("messages") if isinstance(said, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    wamid = first.get("id") if isinstance(first, dict) else None
    if isinstance(wamid, str) and wamid.startswith("wamid."):
        return SendResult(SendStatus.SENT, wamid, "")
    return SendResult(UNKNOWN, None, "Meta does not say under which id it has taken the message")
