"""What an e-mail must be to travel unchanged: seven-bit lines that end as lines end, one recipient.

A relay mends what is not so, and then what arrives is not what was decided on, and its signature
breaks. So nothing is mended here: a letter that would not arrive as it is, is refused.
"""

from __future__ import annotations

import re
from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import SMTP
from typing import Final

from tools.channels.addresses import mailbox

#: RFC 5322 §2.1.1, without the line's end.
LONGEST_LINE: Final = 998
_ONCE: Final = ("from", "to", "date", "subject", "message-id")
_NEVER: Final = frozenset({"cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "dkim-signature"})
_BARE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n|\x00")
_PARSER: Final = BytesHeaderParser(policy=SMTP)


def flaw(raw: bytes, *, to: str) -> str | None:
    """Why these bytes are not one e-mail to this envelope address; None where they are."""
    if _BARE.search(raw) or not raw.endswith(b"\r\n"):
        return "a line of the letter does not end as lines of e-mail end"
    if not raw.isascii():
        return "the letter holds bytes that are not ASCII"
    if max(len(line) for line in raw.split(b"\r\n")) > LONGEST_LINE:
        return f"a line of the letter is longer than {LONGEST_LINE} characters"
    names = header_names(raw)
    if names is None:
        return "the letter has no head and body"
    if missing := [name for name in _ONCE if names.count(name) != 1]:
        return f"the letter needs the header {missing[0]} exactly once"
    if forbidden := sorted(_NEVER.intersection(names)):
        return f"the letter has the header {forbidden[0]}; it is for one person, and not signed yet"
    if _written_to(raw) != to:
        return "the letter is addressed to somebody else than it would be sent to"
    return None


def header_names(raw: bytes) -> list[str] | None:
    """The names of the letter's headers in small letters, in order; None where it has no head."""
    head, blank, _ = raw.partition(b"\r\n\r\n")
    names: list[str] = []
    for line in head.split(b"\r\n"):
        name, colon, _ = line.partition(b":")
        if line[:1] in (b" ", b"\t"):
            if not names:
                return None
            continue
        if not colon or not re.fullmatch(rb"[!-9;-~]+", name):
            return None
        names.append(name.decode("ascii").lower())
    return names if blank else None


def _written_to(raw: bytes) -> str | None:
    """The one mailbox in the header To."""
    try:
        addresses = _PARSER.parsebytes(raw)["To"].addresses
    except (MessageError, ValueError, IndexError, AttributeError):
        return None
    return mailbox(addresses[0].addr_spec) if len(addresses) == 1 else None
