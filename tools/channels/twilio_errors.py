"""Twilio's error codes for a message, and what each means for a letter.

From Twilio's "Error and Warning Dictionary". `refused` is about the number or the text; what is
about the account, the sender or the load is `not_sent`. Where Twilio does not say, the status of
its answer counts.
"""

from __future__ import annotations

from typing import Final

from tools.channels.channel import SendStatus

NOT_SENT, REFUSED, UNKNOWN = SendStatus.NOT_SENT, SendStatus.REFUSED, SendStatus.UNKNOWN

#: Whoever has this number has answered STOP: no text goes there until they answer START.
STOPPED: Final = 21610

ERRORS: Final = {
    20003: (NOT_SENT, "it does not know the account; check account and token_env"),
    20404: (NOT_SENT, "it does not know the account; check account"),
    20429: (NOT_SENT, "too much at once; later"),
    20503: (NOT_SENT, "it is not available; later"),
    21211: (REFUSED, "the number is none"),
    21212: (NOT_SENT, "the sender is none; check sender"),
    21214: (REFUSED, "the number cannot be reached"),
    21217: (REFUSED, "the number is none"),
    21408: (REFUSED, "the account may not write to this region"),
    21601: (NOT_SENT, "the sender cannot send texts; check sender"),
    21602: (REFUSED, "the text is empty"),
    21603: (NOT_SENT, "there is no sender; check sender"),
    21604: (REFUSED, "there is no number"),
    21606: (NOT_SENT, "the sender is not the account's, or cannot write there; check sender"),
    21608: (REFUSED, "a trial account writes only to numbers that were verified"),
    21609: (NOT_SENT, "it cannot use the address for receipts; check USHER_PUBLIC_URL"),
    21610: (REFUSED, "whoever has this number has answered STOP"),
    21611: (NOT_SENT, "the sender has too much waiting; later"),
    21612: (REFUSED, "there is no way from the sender to the number"),
    21614: (REFUSED, "the number is not a mobile one"),
    21617: (REFUSED, "the text is too long"),
    21619: (REFUSED, "the text is empty"),
    21659: (NOT_SENT, "the sender is not the account's; check sender"),
    21701: (NOT_SENT, "there is no such messaging service; check messaging_service"),
    21703: (NOT_SENT, "the messaging service has no sender; check it at Twilio"),
    21730: (NOT_SENT, "it is being maintained; later"),
    30001: (NOT_SENT, "too much is waiting; later"),
    30002: (NOT_SENT, "the account is suspended"),
    30003: (REFUSED, "the telephone cannot be reached"),
    30004: (REFUSED, "the message is blocked"),
    30005: (REFUSED, "nobody has this number"),
    30006: (REFUSED, "the number takes no texts"),
    30007: (REFUSED, "the network filtered the text"),
    30008: (UNKNOWN, "the network says that something went wrong, and not what"),
    30022: (NOT_SENT, "the sender is at its rate; later"),
    30023: (NOT_SENT, "the sender is at its limit for the day"),
    30034: (NOT_SENT, "the sender is not registered with the networks"),
}
