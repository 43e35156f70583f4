"""Message files: the mail is the file; a planner names one and writes in slots of its own.

Front matter, then `# Subject`, `# Text`, `# HTML` (a text message has `# Text` alone). Class and
purpose are reviewed with the file. Whatever a template uses must be a declared slot, and the
other way round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePath
from typing import Annotated, Any, Final

from jinja2 import Template
from pydantic import Field

from prompts import formats, templates
from prompts.agents import Name, Purpose
from prompts.brand import Brand
from prompts.filling import fill_slots
from prompts.slots import OURS, Slot, SlotError, SlotSource, SlotType, names_discount, one_line
from prompts.source import Source, Strict
from prompts.templates import Section

__all__ = [
    "ChannelKind",
    "MessageClass",
    "MessageFile",
    "SlotError",
    "fill",
    "parse_message",
    "read_message",
]

_HEADING = re.compile(r"# (Subject|Text|HTML)\s*")
_LOCALE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$"


class MessageClass(StrEnum):
    """What a contact is in law: only marketing can be opted out of."""

    MARKETING = "marketing"
    SERVICE = "service"
    LEGAL = "legal"


class ChannelKind(StrEnum):
    """What kind of channel carries a message."""

    EMAIL = "email"
    SMS = "sms"


_SECTIONS: Final = {ChannelKind.EMAIL: ("Subject", "Text", "HTML"), ChannelKind.SMS: ("Text",)}


class _Front(Strict):
    name: Name
    locale: Annotated[str, Field(pattern=_LOCALE)]
    default: bool = False
    message_class: MessageClass = Field(alias="class", strict=False)
    channel: ChannelKind = Field(strict=False)
    purpose: Purpose = Field(strict=False)
    names_discount: bool = False
    max_segments: int = Field(default=2, ge=1, le=6)
    approved_by: str | None = None
    disclosures: tuple[Name, ...] = Field(default=(), strict=False)
    slots: dict[Name, Slot] = Field(default_factory=dict)


@dataclass(frozen=True)
class MessageFile:
    """One message in one locale. `max_segments` bounds a text message, in parts paid for.

    `disclosures`: which of the brand's wordings close it.
    """

    name: str
    locale: str
    default: bool
    message_class: str
    channel: str
    purpose: str
    names_discount: bool
    max_segments: int
    approved_by: str | None
    disclosures: tuple[str, ...]
    slots: Mapping[str, Slot]
    subject: str
    text: str
    html: str
    sha256: str

    @property
    def planner_slots(self) -> dict[str, Slot]:
        """The slots that a planner writes."""
        return {n: slot for n, slot in self.slots.items() if slot.source is SlotSource.PLANNER}

    @cached_property
    def compiled(self) -> tuple[Template, Template, Template]:
        """Subject, text and HTML, compiled once."""
        return (
            templates.compile_text(self.subject, html=False),
            templates.compile_text(self.text, html=False),
            templates.compile_text(self.html, html=True),
        )

    def described(self) -> dict[str, Any]:
        """What a planner is told: the message, and the slots that are its to write."""
        return {
            "message": self.name,
            "channel": self.channel,
            "locale": self.locale,
            "names_discount": self.names_discount,
            "slots": {
                name: {
                    "type": slot.type.value,
                    "max": slot.limit,
                    "required": slot.default is None,
                    "hint": slot.hint,
                }
                for name, slot in self.planner_slots.items()
            },
        }


def fill(
    message: MessageFile,
    brand: Brand,
    *,
    planner: Mapping[str, str],
    profile: Mapping[str, Any],
    cart: Mapping[str, Any],
    offer: Mapping[str, Any] | None,
    zone: str,
) -> dict[str, str]:
    """Every slot as it will be written, in the message's locale. Raises `SlotError`.

    `profile`: first_name. `cart`: lines [(name, quantity)], value_minor, currency, url. `offer`:
    code, discount_bp, expires_at (microseconds), or None. `zone`: where the person's dates are
    counted.
    """
    return fill_slots(
        message.slots,
        brand,
        locale=message.locale,
        planner=planner,
        profile=profile,
        cart=cart,
        offer=offer,
        zone=zone,
    )


def read_message(text: str, file: str) -> tuple[MessageFile | None, Source]:
    """Read a message file; its problems are noted in the source."""
    source = Source(text, file)
    sections = _sections(source) if source.front is not None else {}
    front = source.model(_Front)
    if front is None:
        return None, source
    _check_front(front, source)
    _check_body(front, sections, source)
    parts = {name: section.text.strip() for name, section in sections.items()}
    message = MessageFile(
        name=front.name,
        locale=front.locale,
        default=front.default,
        message_class=front.message_class.value,
        channel=front.channel.value,
        purpose=front.purpose.value,
        names_discount=front.names_discount,
        max_segments=front.max_segments,
        approved_by=front.approved_by,
        disclosures=front.disclosures,
        slots=front.slots,
        subject=parts.get("Subject", ""),
        text=parts.get("Text", ""),
        html=parts.get("HTML", ""),
        sha256=source.sha256,
    )
    return message, source


def parse_message(text: str, file: str) -> MessageFile:
    """Read a message file. Raises `PromptError` with all of its problems."""
    message, source = read_message(text, file)
    source.finish()
    assert message is not None
    return message


def _sections(source: Source) -> dict[str, Section]:
    found: dict[str, Section] = {}
    name, start, lines = "", 0, list[str]()
    for n, line in enumerate([*source.body.split("\n"), "# "], start=source.body_line):
        heading = _HEADING.fullmatch(line)
        if heading is None and line != "# ":
            if not name and line.strip():
                source.say_at(n, 1, "text before the first heading; start with '# Subject'")
            lines.append(line)
            continue
        if name:
            found[name] = Section("\n".join(lines), start)
        if heading is not None:
            name, start, lines = heading[1], n + 1, []
            if name in found:
                source.say_at(n, 1, f"the heading '# {name}' stands twice")
    return found


def _check_front(front: _Front, source: Source) -> None:
    stem = PurePath(source.file).name.removesuffix(".md")
    if source.file.endswith(".md") and stem != f"{front.name}.{front.locale}":
        source.say(
            ("name",), f"the file is {stem}.md, so it must be {front.name}.{front.locale}.md"
        )
    try:
        formats.locale_of(front.locale)
    except ValueError as error:
        source.say(("locale",), str(error))
    marketing = front.message_class is MessageClass.MARKETING
    if marketing != (front.purpose is Purpose.MARKETING):
        source.say(
            ("purpose",), f"a {front.message_class} message cannot have the purpose {front.purpose}"
        )
    offers = [name for name, slot in front.slots.items() if slot.source is SlotSource.OFFER]
    if not marketing and (offers or front.names_discount):
        source.say(
            ("slots", *offers[:1]) if offers else ("names_discount",),
            f"a {front.message_class} message may hold no offer; make it class marketing",
        )
    if offers and not front.names_discount:
        source.say(
            ("slots", offers[0]), "a message with an offer's slot needs names_discount: true"
        )
    if front.names_discount and not {"code", "discount"} <= set(offers):
        source.say(
            ("names_discount",), "a message that names a discount needs 'code' and 'discount'"
        )
    if "unsubscribe" in front.slots and not (marketing and front.channel is ChannelKind.EMAIL):
        source.say(("slots", "unsubscribe"), "only marketing e-mail has a link to unsubscribe")
    for name, slot in front.slots.items():
        _check_slot(name, slot, source)


def _check_slot(name: str, slot: Slot, source: Source) -> None:
    ours = OURS.get(name)
    if ours is None and slot.source is not SlotSource.PLANNER:
        known = ", ".join(n for n, (who, _) in OURS.items() if who is slot.source)
        source.say(("slots", name), f"there is no '{name}' from {slot.source}; there are: {known}")
    elif ours is not None and ours != (slot.source, slot.type):
        source.say(
            ("slots", name),
            f"'{name}' is always type: {ours[1]}, from: {ours[0]}; rename it or mend it",
        )
    if slot.default is not None:
        if wrong := one_line(slot.default):
            source.say(("slots", name, "default"), wrong)
        if names_discount(slot.default):
            source.say(("slots", name, "default"), "a default may name no amount")


def _check_body(front: _Front, sections: Mapping[str, Section], source: Source) -> None:
    wanted: Sequence[str] = _SECTIONS[front.channel]
    used: set[str] = set()
    urls = frozenset(n for n, slot in front.slots.items() if slot.type is SlotType.URL)
    for name in wanted:
        section = sections.get(name)
        if section is None or not section.text.strip():
            source.say_at(source.body_line, 1, f"the part '# {name}' is missing or empty")
            continue
        uses = templates.check(section, source, html=name == "HTML", urls=urls)
        for slot in sorted(uses - front.slots.keys()):
            source.say_at(section.line, 1, f"'# {name}' uses '{slot}', which is no declared slot")
        if name == "Subject" and "\n" in section.text.strip():
            source.say_at(section.line, 1, "the subject must be one line")
        if name != "HTML":
            _check_words(section, source)
        used |= uses
    for name, section in sections.items():
        if name not in wanted:
            source.say_at(section.line, 1, f"a message by {front.channel} has no part '# {name}'")
    for slot in sorted(front.slots.keys() - used):
        source.say(("slots", slot), f"the slot '{slot}' is declared and never used")


def _check_words(section: Section, source: Source) -> None:
    for line, words in templates.fixed_text(section):
        for n, part in enumerate(words.split("\n")):
            if names_discount(part):
                source.say_at(line + n, 1, "fixed text names an amount; use the slots of the offer")
