"""A letter that tries a channel: it says that it is a test, and holds nothing of anybody.

Each channel that can be tried says which letter that is (`to_try`), what its steps mean in words
(`steps`), and tells each step that went well while it sends.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Protocol, runtime_checkable

from tools.channels.addresses import mailbox
from tools.channels.channel import Letter, SendResult, StillOurs
from tools.instants import instant

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class NotAnAddress(ValueError):
    """A channel cannot reach what it was told to; the text says what it can, not what was told."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: a channel by its name, for one kind, `to` whom, from whom, and when (µs)."""

    channel: str
    kind: str
    effect_id: str
    to: str
    sender: str
    sender_name: str
    at_us: int


@runtime_checkable
class Tried(Protocol):
    """What a channel has that can be tried."""

    @property
    def steps(self) -> Mapping[str, str]:
        """What each step means once it has gone well, in words."""
        ...

    def to_try(self, trial: Trial) -> Letter:
        """The letter. Raises `NotAnAddress` for what this channel cannot reach."""
        ...

    async def send(
        self,
        letter: Letter,
        *,
        still_ours: StillOurs,
        told: Callable[[str], None] | None = None,
    ) -> SendResult:
        """`Channel.send`, which tells each step that went well."""
        ...


def number(text: str) -> str | None:
    """A telephone number as E.164 writes it; None for anything else."""
    return text if _NUMBER.fullmatch(text) else None


def mail_to_try(trial: Trial) -> Letter:
    """An e-mail. Raises `NotAnAddress`."""
    to = mailbox(trial.to)
    if to is None:
        raise NotAnAddress("this is not one e-mail address such as ada@shop.example")
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(display_name=trial.sender_name, addr_spec=trial.sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = f"Usher: a test of the channel {trial.channel}"
    mail["Date"] = format_datetime(instant(trial.at_us).replace(microsecond=0))
    mail["Message-ID"] = f"<{trial.effect_id}@{trial.sender.rpartition('@')[2]}>"
    mail.set_content(
        f"This letter was sent by Usher to test the channel {trial.channel}.\n"
        "It was asked for by an operator, and nobody else got it.\n",
        cte="quoted-printable",
    )
    return _letter(trial, to, mail.as_bytes())


def text_to_try(trial: Trial) -> Letter:
    """A text message. Raises `NotAnAddress`."""
    to = number(trial.to)
    if to is None:
        raise NotAnAddress("this is not one telephone number such as +4930123456")
    return _letter(trial, to, f"Usher: a test of the channel {trial.channel}.".encode())


def request_to_try(trial: Trial) -> Letter:
    """What a system is asked that is to do nothing: `{"test": …}`."""
    asked = {"test": f"Usher: a test of the channel {trial.channel}; nothing is to be done"}
    return _letter(trial, trial.to, json.dumps(asked, separators=(",", ":")).encode())


def _letter(trial: Trial, to: str, raw: bytes) -> Letter:
    return Letter(
        effect_id=trial.effect_id,
        idempotency_key=trial.effect_id,
        customer_id="",
        channel=trial.kind,
        to=to,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        sender=trial.sender,
    )
