"""A mail server in a process of its own that writes down what it took and fails in named ways.

Run as `python -m tests.soak.mail LOG SEED`; it prints its port. A letter it takes is a JSON line on
disk before anybody is answered: `id` (Message-ID), `to`, `date` (the letter's own), `begun_ns`
(when the recipient was named, on the clock that all processes of a machine share). The ways:

- `refused`: 550, not taken
- `put_off`: 451, not taken
- `hung_up`: hangs up once the letter is whole, not taken
- `taken_hung_up`: takes it and hangs up
- `taken_silent`: takes it and never answers
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

#: By way, of how many letters in a hundred.
WAYS = {"refused": 4, "put_off": 4, "hung_up": 3, "taken_hung_up": 4, "taken_silent": 2}
_TAKEN = 100 - sum(WAYS.values())


class Taker:
    """Takes letters; what it took is durable before anybody hears of it."""

    def __init__(self, log: Path, chance: random.Random) -> None:
        self._log = log.open("a", encoding="utf-8")
        self._chance = chance

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Told the recipient: from here on somebody is writing to this person."""
        envelope.rcpt_tos.append(address)
        session.begun_ns = time.monotonic_ns()  # type: ignore[attr-defined]
        return "250 2.1.5 go on"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The letter is whole: one of the ways."""
        [way] = self._chance.choices([*WAYS, "taken"], [*WAYS.values(), _TAKEN])
        if way == "refused":
            return "550 5.1.1 no such mailbox"
        if way == "put_off":
            return "451 4.3.0 come back later"
        if way != "hung_up":
            self._keep(session, envelope)
        if way == "taken_silent":
            await asyncio.Event().wait()
        if way in ("hung_up", "taken_hung_up") and server.transport is not None:
            server.transport.close()
        return "250 2.0.0 taken"

    def _keep(self, session: Session, envelope: Envelope) -> None:
        raw: Any = envelope.content
        letter = message_from_bytes(raw)
        line = {
            "id": letter["Message-ID"],
            "to": envelope.rcpt_tos[0],
            "date": letter["Date"],
            "begun_ns": session.begun_ns,  # type: ignore[attr-defined]
        }
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()
        os.fsync(self._log.fileno())


async def main(log: str, seed: str) -> None:
    """Serve until the process is ended."""
    taker = Taker(Path(log), random.Random(int(seed)))
    loop = asyncio.get_running_loop()
    serving = await loop.create_server(lambda: SMTP(taker, hostname="soak"), "127.0.0.1", 0)
    print(serving.sockets[0].getsockname()[1], flush=True)
    await serving.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
