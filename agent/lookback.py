"""How far back somebody looks: `7d`, `36h`, `2w`, an ISO 8601 duration, or an instant."""

from __future__ import annotations

import re
from datetime import datetime

from agent.errors import Invalid
from prompts.durations import microseconds
from tools.instants import microseconds as at_us

_SHORT = re.compile(r"([0-9]{1,4})([hdw])", re.ASCII)


def looked_back_to(since: str, now_us: int) -> int:
    """The instant from which on is looked at. Raises `Invalid`."""
    short = _SHORT.fullmatch(since.strip())
    if short is not None:
        n, unit = short[1], short[2].upper()
        since = f"PT{n}H" if unit == "H" else f"P{n}{unit}"
    try:
        return max(0, now_us - microseconds(since.strip()))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(since.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(
            f"since: '{since[:40]}' is neither a length of time such as 7d, 36h or P7D "
            "nor an instant such as 2026-03-03T00:00:00Z"
        )
    return at_us(at)
