"""What another system is asked to do: the exact bytes it gets, with one digest.

Such an effect goes to the channel that carries its kind (a signed webhook, a vendor's interface; in
sandbox the outbox) and, unlike a message, ends nothing: the planner reads what became of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from store.sealing import Vault
from tools.tool import Prepared, Setting


def request_bytes(what: Mapping[str, Any]) -> bytes:
    """A request as canonical JSON: sorted names, no blanks, ASCII."""
    text = json.dumps(what, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def asked(
    *,
    kind: str,
    channel: str,
    to: str,
    what: Mapping[str, Any],
    setting: Setting,
    expires_at: int,
    result: Mapping[str, Any],
    basis: tuple[object, ...] = (),
    amount_minor: int | None = None,
    currency: str | None = None,
    write: Callable[[Connection, Vault, str], None] | None = None,
) -> Prepared:
    """An effect that asks another system for `what`. `to`: whom or what it is about, there.

    `channel` is what a channel must carry to take it; `expires_at` (microseconds): until when it is
    of use.
    """
    raw = request_bytes({**what, "goal": setting.goal, "journey_id": setting.journey_id})
    return Prepared(
        kind=kind,
        channel=channel,
        purpose=setting.agent.purpose,
        to=to,
        expires_at=expires_at,
        amount_minor=amount_minor,
        currency=currency,
        sha256=hashlib.sha256(raw).hexdigest(),
        basis=basis,
        body={"to": to, "raw": raw.decode("ascii"), "request": dict(what)},
        result=dict(result),
        write=write,
        hands_over=True,
    )
