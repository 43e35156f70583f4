"""Slots: the only places of a message that are not reviewed text, and what may stand in them.

Who fills a slot is fixed by its name: the planner may write words in the slots that are its own;
codes, discounts, dates, links and names come from our rows (P14). What does not fit raises
`SlotError`, which says for each slot what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import Field, model_validator

from prompts.source import Strict


class SlotType(StrEnum):
    """What stands in a slot; decides how it is written."""

    TEXT = "text"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    URL = "url"
    CODE = "code"
    INT = "int"


class SlotSource(StrEnum):
    """Who fills a slot."""

    PROFILE = "profile"
    CART = "cart"
    OFFER = "offer"
    SYSTEM = "system"
    PLANNER = "planner"


#: Slots that we fill ourselves: name → who fills it, and what stands there.
OURS: Final = {
    "first_name": (SlotSource.PROFILE, SlotType.TEXT),
    "items": (SlotSource.CART, SlotType.TEXT),
    "cart_value": (SlotSource.CART, SlotType.MONEY),
    "cart_url": (SlotSource.CART, SlotType.URL),
    "code": (SlotSource.OFFER, SlotType.CODE),
    "discount": (SlotSource.OFFER, SlotType.PERCENT),
    "expires": (SlotSource.OFFER, SlotType.DATE),
    "unsubscribe": (SlotSource.SYSTEM, SlotType.URL),
}
_PLANNER_TYPES: Final = (SlotType.TEXT, SlotType.INT, SlotType.DATE)
_LONGEST: Final = {SlotType.URL: 2000, SlotType.CODE: 40}
_SHORT: Final = 80


class Slot(Strict):
    """One slot. `max` counts characters as written; `default` stands in when nothing is given."""

    type: SlotType = Field(strict=False)
    source: SlotSource = Field(alias="from", strict=False)
    max: int | None = Field(default=None, ge=1, le=2000)
    default: str | None = None
    hint: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Slot:
        if self.type is SlotType.TEXT and self.max is None:
            raise ValueError("a text slot needs 'max', its longest length in characters")
        if self.source is SlotSource.PLANNER and self.type not in _PLANNER_TYPES:
            raise ValueError(
                f"a planner may not write a {self.type}: it is filled from our own rows (P14)"
            )
        if self.source in (SlotSource.OFFER, SlotSource.SYSTEM) and self.default is not None:
            raise ValueError("an offer's or the system's slot has no default: it is there or not")
        if self.default is not None and len(self.default) > self.limit:
            raise ValueError(f"the default is longer than the slot's {self.limit} characters")
        return self

    @property
    def limit(self) -> int:
        """The longest value, in characters."""
        return self.max if self.max is not None else _LONGEST.get(self.type, _SHORT)


@dataclass(frozen=True, slots=True)
class SlotProblem:
    """What is wrong with one slot, and what to do."""

    slot: str
    text: str

    def __str__(self) -> str:
        return f"slot '{self.slot}': {self.text}"


class SlotError(Exception):
    """A message that cannot be written with these slots; `problems` names all of them."""

    def __init__(self, problems: Iterable[SlotProblem]) -> None:
        """Keep the problems, one a line of the message."""
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


# A scheme, a www, an address, a word that looks like a host: mail programs link all of them.
_LINK = re.compile(
    r"\w+://|\bwww\.|\bmailto:|\btel:|\bjavascript:|@|\b[\w-]+\.[^\W\d_]{2,}\b", re.IGNORECASE
)
_OPEN_LINK = re.compile(r"\w+://|\bwww\.|\bmailto:|[^\s.]\.[^\W\d_]{2,}/", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\d\s*(?:%|per\s?cent|pct|prozent|off\b|[€$£¥₹])|[€$£¥₹]\s*\d|[%‰]"
    r"|\b(?:eur|usd|gbp|chf|jpy)\b|\b(?:euros?|dollars?|pounds?)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d(?:[\s()/.-]*\d){6,}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,38}[A-Za-z0-9]", re.ASCII)
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": ".", "․": "."})


def one_line(text: str) -> str | None:
    """Say why a text cannot stand in a line; None when it can. Nothing invisible, no line break."""
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            return (
                f"it holds the character U+{ord(char):04X} (a line break, control or invisible "
                "character); write one plain line"
            )
    return None


def planner_text(text: str) -> str | None:
    """Say why a planner may not write this; None when it may: no link, no amount."""
    plain = unicodedata.normalize("NFKC", text).translate(_DOTS)
    if _LINK.search(plain):
        return "it holds a link or an address; leave links to the message file"
    if _AMOUNT.search(plain):
        return "it names a price or a discount; these come from the offer and the cart only"
    if _NUMBER.search(plain):
        return "it holds a telephone or other long number; leave it out"
    return None


def holds_link(text: str, *, strict: bool) -> bool:
    """Whether a text of ours, a name say, would become a link; `strict` also bare host names."""
    plain = unicodedata.normalize("NFKC", text).translate(_DOTS)
    return (_LINK if strict else _OPEN_LINK).search(plain) is not None


def is_code(text: str) -> bool:
    """Whether this is a voucher code: letters, digits and hyphens, 4 to 40 of them."""
    return _CODE.fullmatch(text) is not None


def names_discount(text: str) -> bool:
    """Whether fixed text holds an amount or percent, which must come from an offer."""
    return _AMOUNT.search(unicodedata.normalize("NFKC", text)) is not None
