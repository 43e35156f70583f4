"""The grammar: a handful of whole sentences, with synonyms (docs/chat.md).

A sentence fits from its first to its last word or it is `Unknown`; nothing is guessed, and a part
that is not understood is never left out. Upper and lower case are one; references keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from agent.brake import InFlight
from agent.chat import windows
from agent.chat.intents import (
    Help,
    HowMany,
    Intent,
    Lift,
    Recover,
    Start,
    Stop,
    Unknown,
    Vocabulary,
    WhatHappened,
    Why,
)

LONGEST: Final = 500
#: What is shown to whoever asks for help, and to whoever was not understood.
EXAMPLES: Final = (
    "why dec_… · why for ada@example.com",
    "what happened to ada@example.com",
    "start recover_cart for ada@example.com",
    "recover carts over 80 € from last night",
    "stop all discounts · stop email · stop shopping",
    "lift the brake",
    "how many contacts this week",
)
_REF = r"(?P<ref>\S(?:.{0,198}\S)?)"
_WHEN = rf"(?P<when>{windows.WORDS})"
_MONEY = (
    r"(?:(?P<before>€|\$|£|[A-Za-z]{3}) ?)?(?P<amount>\d{1,7}(?:[.,]\d{1,2})?)"
    r"(?: ?(?P<after>€|\$|£|euros?|dollars?|pounds?|[A-Za-z]{3}))?"
)
_OVER = r"(?:worth )?(?P<over>over|above|more than|at least)"
_UNDER = r"(?:worth )?(?P<under>under|below|less than)"
_FATE = r"(?P<fate>hold|drain|cancel)(?: (?:what is queued|the queue|everything queued))?"
_CURRENCIES = {
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "$": "USD",
    "dollar": "USD",
    "dollars": "USD",
    "£": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
}
_SCOPES = (
    (r"everything|all|all (?:contact|contacts|messages|agents)", "all"),
    (r"(?:all )?(?:discounts?|offers?|codes|vouchers)", "offers"),
    (r"(?:all )?(?:e-?mails?|mails?)", "channel:email"),
    (r"(?:all )?(?:sms|texts?|text messages)", "channel:sms"),
)
_COUNTED = (
    (r"contacts|messages|letters", "contacts"),
    (r"e-?mails?|mails", "email"),
    (r"sms|texts|text messages", "sms"),
    (r"decisions", "decisions"),
    (r"refusals|denials|refused|denied", "refusals"),
    (r"questions|approvals|(?:(?:questions|decisions) (?:are )?)?waiting", "waiting"),
    (r"(?:(?:contacts|messages) (?:are )?)?(?:deferred|scheduled|queued)", "deferred"),
)
_POLITE = re.compile(r"(?:please|pls|can you|could you|usher,?) ", re.IGNORECASE)


def _sentence(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_HELP = _sentence(r"(?:help|\?|hello|hi|what can (?:you do|i ask))")
_WHY = _sentence(rf"(?:why|explain)(?: (?:for|about|was|did))? {_REF}")
_WHAT = _sentence(rf"(?:what happened (?:to|with|for)|what about|timeline (?:of|for)) {_REF}")
_START = _sentence(rf"(?:start|begin|run) (?P<goal>[A-Za-z][A-Za-z0-9_ -]{{0,63}}?) for {_REF}")
_CARTS = r"(?:recover|win back|rescue) (?:all |the |all the )?carts"
_RECOVER = (
    _sentence(rf"{_CARTS}(?: (?:{_OVER}|{_UNDER}) {_MONEY})?(?: (?:(?:from|of|since) )?{_WHEN})?"),
    _sentence(rf"{_CARTS} (?:(?:from|of|since) )?{_WHEN} (?:{_OVER}|{_UNDER}) {_MONEY}"),
)
_STOP = _sentence(
    r"(?:stop|halt|pause|block|freeze) (?P<what>.{1,80}?)(?: now)?"
    rf"(?:,? and {_FATE})?(?: because (?P<reason>.{{1,200}}))?"
)
_LIFT = _sentence(
    r"(?:lift|release|let go of) (?:the |all )?brakes?(?: (?P<id>brk_[0-9a-z]{1,40}))?"
    r"(?: (?:on|for) (?P<what>.{1,80}))?"
)
_COUNT = _sentence(
    r"how many (?P<what>[a-z -]{1,40}?)(?: (?:were|was|are|did we|have we|have been|went|there))?"
    rf"(?: (?:sent|made|out|send|make))?(?: {_WHEN})?"
)


class Grammar:
    """The interpreter that needs no model."""

    async def interpret(self, text: str, words: Vocabulary) -> Intent:
        """What is meant; `Unknown` for anything else."""
        return parse(text, words)


def parse(text: str, words: Vocabulary) -> Intent:
    """The intent of a sentence."""
    if len(text) > LONGEST or not text.isprintable():
        return Unknown()
    said = " ".join(text.split())
    while polite := _POLITE.match(said):
        said = said[polite.end() :]
    asked = said.rstrip(" .!?").removesuffix(" please").rstrip(" .!?")
    for pattern, read in _SENTENCES:
        found = pattern.fullmatch(asked or said)
        intent = read(found, words) if found is not None else None
        if intent is not None:
            return intent
    return Unknown()


def _start(found: re.Match[str], words: Vocabulary) -> Intent | None:
    goal = found["goal"].strip().lower().replace(" ", "_").replace("-", "_")
    return Start(goal, found["ref"]) if goal in words.goals else None


def _recover(found: re.Match[str], words: Vocabulary) -> Intent | None:
    when = (found["when"] or "last 24 hours").lower()
    if found["amount"] is None:
        return Recover(when)
    stated = [c for c in (found["before"], found["after"]) if c]
    if len(stated) > 1:
        return None
    currency = None
    if stated:
        currency = _CURRENCIES.get(stated[0].lower(), stated[0].upper())
    amount = found["amount"].replace(",", ".")
    return Recover(when, found["over"] is not None, amount, currency)


def _stop(found: re.Match[str], words: Vocabulary) -> Intent | None:
    scope = _scope(found["what"], words)
    if scope is None:
        return None
    fates: dict[str, InFlight] = {"hold": "hold", "drain": "drain", "cancel": "cancel"}
    fate = fates[(found["fate"] or "hold").lower()]
    return Stop(scope, fate, found["reason"])


def _lift(found: re.Match[str], words: Vocabulary) -> Intent | None:
    if found["what"] is None:
        return Lift(brake_id=found["id"] and found["id"].lower())
    scope = _scope(found["what"], words)
    return None if scope is None or found["id"] else Lift(scope=scope)


def _count(found: re.Match[str], words: Vocabulary) -> Intent | None:
    asked = found["what"].strip().lower().removeprefix("are ")
    for pattern, what in _COUNTED:
        if re.fullmatch(pattern, asked):
            return HowMany(what, (found["when"] or "today").lower())
    return None


def _scope(text: str, words: Vocabulary) -> str | None:
    for pattern, scope in _SCOPES:
        if re.fullmatch(pattern, text, re.IGNORECASE):
            return scope
    kind, _, name = text.lower().removeprefix("the ").rpartition(" ")
    name = name.replace("-", "_")
    if kind in ("", "agent") and name in words.agents:
        return f"agent:{name}"
    goal = text.lower().removeprefix("the ").removeprefix("goal ").replace(" ", "_")
    return f"goal:{goal}" if goal in words.goals else None


_Read = Callable[[re.Match[str], Vocabulary], Intent | None]
_SENTENCES: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_HELP, lambda found, words: Help()),
    (_COUNT, _count),
    *((pattern, _recover) for pattern in _RECOVER),
    (_LIFT, _lift),
    (_STOP, _stop),
    (_START, _start),
    (_WHAT, lambda found, words: WhatHappened(found["ref"])),
    (_WHY, lambda found, words: Why(found["ref"])),
)
