"""What Meta's Graph API says in its answers, for every adapter that speaks it.

An error is told by its number alone, because its words may hold an address (Graph API, "Handle
errors": `error.code`, `error.error_subcode`). What is about the account, its token, its load or its
settings is `not_sent`: once that is mended the letter can go. How much of the limit is used stands
in `x-app-usage` and `x-business-use-case-usage` ("Rate limits"), as percent, with the minutes until
one may come again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tools.channels.channel import SendResult, SendStatus
from tools.channels.http_answers import plainly
from tools.channels.http_call import Answer

NOT_SENT, REFUSED, UNKNOWN = SendStatus.NOT_SENT, SendStatus.REFUSED, SendStatus.UNKNOWN

VERSION: Final = "v25.0"
BASE_URL: Final = "https://graph.facebook.com"

#: What an error means: what is true of the letter, and why, in our words.
Means = tuple[SendStatus, str]
#: Longest rest that is taken from a header, in seconds: an hour is the window of most limits.
LONGEST_REST_S: Final = 3_600.0
#: Where an answer says "too much" and not for how long.
REST_S: Final = 60.0
_FULL: Final = 100
_TOKEN: Final = "the access token does not hold (any more); make a new one"
_RIGHTS: Final = "the token may not do this; check its permissions"
_TOO_MUCH: Final = "too much at once; later"

#: Graph API, "Error codes", and Marketing API, "Error codes": the same whatever is asked for.
_COMMON: Final[Mapping[int, Means]] = {
    0: (NOT_SENT, _TOKEN),
    1: (UNKNOWN, "something went wrong there; nobody knows whether it has taken this"),
    2: (NOT_SENT, "it is not available; later"),
    3: (NOT_SENT, _RIGHTS),
    4: (NOT_SENT, _TOO_MUCH),
    10: (NOT_SENT, _RIGHTS),
    17: (NOT_SENT, _TOO_MUCH),
    32: (NOT_SENT, _TOO_MUCH),
    100: (REFUSED, "it cannot use what was sent"),
    102: (NOT_SENT, _TOKEN),
    104: (NOT_SENT, "it wants the requests signed with the app's secret"),
    190: (NOT_SENT, _TOKEN),
    341: (NOT_SENT, _TOO_MUCH),
    368: (NOT_SENT, "the account is blocked for a while, for what it has sent"),
    467: (NOT_SENT, _TOKEN),
    613: (NOT_SENT, _TOO_MUCH),
}
_NOTHING_THERE: Final = "there is nothing of this id for this token; check the ids in usher.toml"


def means(answer: Answer, own: Mapping[int, Means]) -> SendResult:
    """What an answer that is no success means. `own`: what its numbers mean for this adapter."""
    code, subcode = _numbers(answer)
    if code is None:
        return plainly(answer)
    found = _of(code, subcode, own)
    if found is None:
        return plainly(answer)
    return SendResult(found[0], None, f"Meta said {code}: {found[1]}")


def rest_s(answer: Answer) -> float:
    """Seconds to ask nothing more, by an answer's own figures; 0 where there is room left."""
    code, _ = _numbers(answer)
    waits = [REST_S] if code is not None and _is_too_much(code) else [0.0]
    for usage in _usages(answer.headers):
        minutes = _number(usage.get("estimated_time_to_regain_access"))
        used = max(
            _number(usage.get(name)) for name in ("call_count", "total_time", "total_cputime")
        )
        waits.append(minutes * 60 or (REST_S if used >= _FULL else 0.0))
    return min(max(waits), LONGEST_REST_S)


def _of(code: int, subcode: int | None, own: Mapping[int, Means]) -> Means | None:
    if code in own:
        return own[code]
    if code == 100 and subcode == 33:
        return (NOT_SENT, _NOTHING_THERE)
    if code in _COMMON:
        return _COMMON[code]
    if _is_too_much(code):
        return (NOT_SENT, _TOO_MUCH)
    return (NOT_SENT, _RIGHTS) if 200 <= code <= 299 else None


def _is_too_much(code: int) -> bool:
    """Codes of a limit; 80000 to 80014 are those of a business's use case."""
    limits = (4, 17, 32, 341, 613, 130429, 131048, 131056)
    return code in limits or 80_000 <= code <= 80_014


def _numbers(answer: Answer) -> tuple[int | None, int | None]:
    said = answer.json()
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, dict):
        return None, None
    code, subcode = error.get("code"), error.get("error_subcode")
    return (code if type(code) is int else None, subcode if type(subcode) is int else None)


def _usages(headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """The figures of both headers: one object, and a list of them by business."""
    app = _object(headers.get("x-app-usage", ""))
    business = _object(headers.get("x-business-use-case-usage", ""))
    listed = [one for some in business.values() if isinstance(some, list) for one in some]
    return [app, *(one for one in listed if isinstance(one, dict))]


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(value: Any) -> float:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return max(float(value), 0.0) if plain and value == value else 0.0
