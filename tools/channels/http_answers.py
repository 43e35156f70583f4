"""What the status of an HTTP answer means for a letter, where a provider says nothing of its own.

Told by the number: an answer's words may hold an address. `refused` is about the letter; what is
about the account, the address of the service or its load is `not_sent`, because whatever is mended,
the letter can be sent. A failing server may have taken it: that is unknown.
"""

from __future__ import annotations

from typing import Final

from tools.channels.channel import SendResult, SendStatus
from tools.channels.http_call import Answer

NOT_SENT, REFUSED, UNKNOWN = SendStatus.NOT_SENT, SendStatus.REFUSED, SendStatus.UNKNOWN

_MEANS: Final = {
    400: (REFUSED, "it cannot use what was sent"),
    401: (NOT_SENT, "it does not know the account; check the key"),
    402: (NOT_SENT, "the account has no credit"),
    403: (NOT_SENT, "the account may not do this; check its rights and the sender"),
    404: (NOT_SENT, "there is nothing at this address; check base_url and the account"),
    405: (NOT_SENT, "there is nothing of that kind at this address; check base_url"),
    407: (NOT_SENT, "something in between asks for an account"),
    408: (NOT_SENT, "it did not wait for the whole request"),
    410: (REFUSED, "what this is about is gone"),
    413: (REFUSED, "it is too large"),
    422: (REFUSED, "it cannot use what was sent"),
    425: (NOT_SENT, "it wants to be asked later"),
    429: (NOT_SENT, "too much at once; later"),
    501: (NOT_SENT, "it cannot do this"),
    503: (NOT_SENT, "it is not available; later"),
}


def plainly(answer: Answer) -> SendResult:
    """What an answer that is no success means, by RFC 9110 §15."""
    status = answer.status
    if status in _MEANS:
        means, why = _MEANS[status]
    elif 300 <= status <= 399:
        means, why = NOT_SENT, "the service has moved; check base_url"
    elif 400 <= status <= 499:
        means, why = REFUSED, "it does not take this"
    else:
        means, why = UNKNOWN, "nobody knows whether it has taken this"
    return SendResult(means, None, f"the other system said {status}: {why}")
