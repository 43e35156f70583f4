"""A rehearsal: a channel that answers from a script, so that one can see what the loop does then.

What a provider's bad day looks like (lost after hand-over, not reachable, refused) is written down
as a list and met on purpose, in a sandbox or a test. Letters arrive in memory only and reach
nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from tools.channels.channel import Letter, SendResult, SendStatus, StillOurs

#: One answer of the script: a status, or an error of the channel's own making.
Answer: TypeAlias = SendStatus | Exception
Meanwhile: TypeAlias = Callable[[Letter], Awaitable[None]]


class Scripted:
    """Answers one send after the other from `answers`; all that follow are `sent`.

    `unknown` and an error arrive all the same: that is what makes them unknown. `before_asking` and
    `after_asking` run on either side of the question whether the claim still stands.
    """

    name = "scripted"

    def __init__(
        self,
        answers: Sequence[Answer] = (),
        *,
        kind: str = "email",
        deduplicates: bool = False,
        before_asking: Meanwhile | None = None,
        after_asking: Meanwhile | None = None,
    ) -> None:
        """Make the channel. `reachable` may be turned off and on again."""
        self.kinds = (kind,)
        self.deduplicates = deduplicates
        self.reachable = True
        self.tried = 0
        self.arrived: list[Letter] = []
        self._answers = list(answers)
        self._before_asking = before_asking
        self._after_asking = after_asking

    async def send(self, letter: Letter, *, still_ours: StillOurs) -> SendResult:
        """Answer as the script says."""
        self.tried += 1
        if letter.channel not in self.kinds:
            return SendResult(SendStatus.REFUSED, None, f"this carries {self.kinds[0]}")
        if hashlib.sha256(letter.raw).hexdigest() != letter.sha256:
            return SendResult(SendStatus.REFUSED, None, "the bytes are not those decided on")
        if not self.reachable:
            return SendResult(SendStatus.NOT_SENT, None, "the channel cannot be reached")
        answer = self._answers.pop(0) if self._answers else SendStatus.SENT
        if answer is SendStatus.REFUSED or answer is SendStatus.NOT_SENT:
            return SendResult(answer, None, "the script says so")
        if self._before_asking is not None:
            await self._before_asking(letter)
        if not await still_ours():
            return SendResult(SendStatus.NOT_SENT, None, "the claim no longer stands")
        if self._after_asking is not None:
            await self._after_asking(letter)
        self._arrive(letter)
        if isinstance(answer, Exception):
            raise answer
        if answer is SendStatus.UNKNOWN:
            return SendResult(answer, None, "the script lost it")
        return SendResult(SendStatus.SENT, f"scripted:{letter.effect_id}", "")

    def _arrive(self, letter: Letter) -> None:
        known = {one.idempotency_key for one in self.arrived}
        if not (self.deduplicates and letter.idempotency_key in known):
            self.arrived.append(letter)
