"""E-mail by SMTP: one letter, one recipient, one connection; handed over by one line.

Everything but the line that ends the letter is written first. Then the channel asks whether the
claim still stands, and only then writes that line: what is stopped until the last moment stays, and
the server throws away what it was never given whole (RFC 5321 §4.1.1.4). A server's answer is
believed; where none comes after that line, the letter's fate is unknown and nobody sends it again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final

from tools.channels.addresses import mailbox
from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs
from tools.channels.pace import Pace
from tools.channels.refusals import no_mail, not_for_it
from tools.channels.signing import Dkim
from tools.channels.smtp_session import SAID, Patience, Relay, Session, Step, Stopped
from tools.channels.trial import Trial, mail_to_try

_QUEUED: Final = re.compile(r"\bqueued as ([A-Za-z0-9.-]{1,64})(?=\s|$)", re.ASCII)


class Smtp:
    """A mail server as a channel. It knows no idempotency keys: nothing is sent on a guess."""

    kinds = ("email",)
    deduplicates = False
    steps = SAID

    def __init__(
        self,
        name: str,
        relay: Relay,
        *,
        dkim: Dkim | None = None,
        pace: Pace | None = None,
        patience: Patience = asyncio.timeout,
    ) -> None:
        """Make the channel; nothing is opened before a letter is sent."""
        self.name = name
        self._relay = relay
        self._dkim = dkim
        self._pace = pace
        self._patience = patience

    async def send(
        self,
        letter: Letter,
        *,
        still_ours: StillOurs,
        told: Callable[[Step], None] | None = None,
    ) -> SendResult:
        """Hand the letter over, once. `told` hears of each step that went well."""
        to, sender = mailbox(letter.to), mailbox(letter.sender)
        refusal = not_for_it(letter, self.kinds) or no_mail(letter)
        if refusal is not None or to is None or sender is None:
            return SendResult(SendStatus.REFUSED, None, refusal or "there is no address")
        if self._pace is not None and not await self._pace.turn():
            return _not_sent("the channel is at its rate; later")
        raw = letter.raw
        if self._dkim is not None:
            raw = await asyncio.to_thread(self._dkim.sign, raw)
            if not raw.endswith(letter.raw):
                return _not_sent("signing would have changed the letter")
        session = Session(self._relay, patience=self._patience, told=told)
        try:
            await session.open()
            await session.address(sender=sender, to=to, size=len(raw))
            await session.write(raw)
            if not await still_ours():
                return _not_sent("the claim no longer stands; nothing was handed over")
            said = await session.hand_over()
        except Stopped as stopped:
            return SendResult(stopped.status, None, stopped.detail)
        else:
            session.close()
            return SendResult(SendStatus.SENT, _provider_id(letter, said), "")
        finally:
            session.abandon()

    def to_try(self, trial: Trial) -> Letter:
        """A letter that tries the channel. Raises `NotAnAddress`."""
        return mail_to_try(trial)


def _provider_id(letter: Letter, said: str) -> str:
    """The server's own name for the letter where it gives one, else ours, as in its Message-ID."""
    queued = _QUEUED.search(said)
    return f"smtp:{queued.group(1) if queued else letter.effect_id}"


def _not_sent(detail: str) -> SendResult:
    return SendResult(SendStatus.NOT_SENT, None, detail)
