"""Rendering: a message with its slots becomes the exact bytes that arrive.

Same input, same bytes: the date, the id and the boundary are given or derived, never drawn. An
e-mail is RFC 5322 in plain ASCII with text and HTML alternatives; marketing carries the headers
of RFC 8058, the postal address and a way out, or it is not written at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from html import escape
from typing import Final
from urllib.parse import quote

from prompts import templates
from prompts.brand import Brand, Footer
from prompts.messages import MessageFile
from prompts.slots import SlotError, SlotProblem, one_line

_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=78)
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO: Final = frozenset("^{}\\[~]|€")
# What typographers write and no telephone alphabet has; one such sign halves a text message.
_AS_GSM: Final = str.maketrans(
    {"×": "x", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "…": "..."}
)
_PAGE: Final = """\
<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1c1c1c;background:#ffffff">
<div style="max-width:560px;margin:0 auto">
{body}
<hr style="border:0;border-top:1px solid #dddddd;margin:32px 0 16px">
<div style="font-size:13px;color:#5c5c5c">
{footer}
</div>
</div>
</body>
</html>"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it arrives. `segments`: parts of a text message (0 for e-mail)."""

    subject: str
    text: str
    html: str
    raw: bytes
    sha256: str
    segments: int = 0


def render(
    message: MessageFile,
    brand: Brand,
    *,
    slots: Mapping[str, str],
    to: str,
    sender: str,
    unsubscribe_url: str | None,
    message_id: str,
    date_us: int,
) -> Rendered:
    """Write the message. `slots` come from `fill`. Raises `SlotError` for what cannot be written.

    `message_id` is the part before the `@`; `date_us` the instant it is dated. Without an
    `unsubscribe_url` the brand's mailbox is the way out of marketing.
    """
    footer = brand.footer_in(message.locale)
    if footer is None:
        raise SlotError(
            [SlotProblem("footer", f"brand.md has no footer in '{message.locale}'; add one")]
        )
    if message.channel == "sms":
        return _sms(message, brand, footer, slots)
    way_out = _way_out(message, brand, unsubscribe_url)
    known = dict(slots) if way_out is None else {**slots, "unsubscribe": way_out}
    subject_of, text_of, html_of = message.compiled
    subject = " ".join(templates.write(subject_of, known).split())
    _need_line("subject", subject)
    text = templates.write(text_of, known).strip()
    text += "\n\n--\n" + "\n".join(_closing(message, brand, footer, way_out)) + "\n"
    html = _PAGE.format(
        lang=message.locale,
        title=escape(subject),
        body=templates.write(html_of, known),
        footer=_html_closing(message, brand, footer, way_out),
    )
    mail = _headed(brand, to=to, sender=sender, message_id=message_id, date_us=date_us)
    mail["Subject"] = subject
    if message.message_class == "marketing":
        ways = [f"<{url}>" for url in (unsubscribe_url, _mailto(brand)) if url is not None]
        mail["List-Unsubscribe"] = _Verbatim("List-Unsubscribe", ways)
        if unsubscribe_url is not None and unsubscribe_url.startswith("https://"):
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    # Only now: what is named Content-… before goes into the first part with its text.
    mail["Content-Language"] = message.locale
    for part in mail.iter_parts():
        del part["MIME-Version"]
    # Quoted-printable never writes "=_", so no text can hold the boundary.
    mail.set_boundary(f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}")
    raw = mail.as_bytes(policy=_POLICY)
    return Rendered(subject, text, html, raw, hashlib.sha256(raw).hexdigest())


class _Verbatim(str):
    """A header of links, one a line: the library would encode what is longer than a line."""

    def __new__(cls, name: str, links: Sequence[str]) -> _Verbatim:
        made = super().__new__(cls, ", ".join(links))
        made.name = name
        made.links = tuple(links)
        return made

    name: str
    links: tuple[str, ...]

    def fold(self, *, policy: Policy) -> str:
        """The header as it is written."""
        joined = f",{policy.linesep} ".join(self.links)
        return f"{self.name}: {joined}{policy.linesep}"


def segments(text: str) -> int:
    """How many parts a text message is sent and paid in: GSM 03.38 where it fits, else UCS-2."""
    if all(char in _GSM or char in _GSM_TWO for char in text):
        length = sum(2 if char in _GSM_TWO else 1 for char in text)
        return 1 if length <= 160 else -(-length // 153)
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= 70 else -(-length // 67)


def _sms(message: MessageFile, brand: Brand, footer: Footer, slots: Mapping[str, str]) -> Rendered:
    words = " ".join(templates.write(message.compiled[1], slots).translate(_AS_GSM).split())
    text = " ".join([f"{brand.name}: {words}", *_disclosed(message, brand)])
    if message.message_class == "marketing":
        text = f"{text} {footer.sms_stop}"
    _need_line("text", text)
    parts = segments(text)
    if parts > message.max_segments:
        raise SlotError(
            [
                SlotProblem(
                    "text",
                    f"the message needs {parts} text-message parts, {message.max_segments} are "
                    "allowed; write shorter words without special characters",
                )
            ]
        )
    raw = text.encode("utf-8")
    return Rendered("", text, "", raw, hashlib.sha256(raw).hexdigest(), parts)


def _headed(brand: Brand, *, to: str, sender: str, message_id: str, date_us: int) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    writer = _address("sender", sender, brand.name)
    mail["From"] = writer
    mail["To"] = _address("to", to, "")
    if not message_id.isascii() or not message_id.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"'{message_id}' cannot stand in a Message-ID")
    mail["Message-ID"] = f"<{message_id}@{writer.domain}>"
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=date_us)
    mail["Date"] = format_datetime(at.replace(microsecond=0))
    return mail


def _address(slot: str, text: str, name: str) -> Address:
    """An address, with `name` where it brings none. Raises `SlotError` for anything else."""
    _need_line(slot, text)
    if text.endswith(">") and "<" in text:
        given, _, text = text[:-1].rpartition("<")
        name = given.strip().strip('"') or name
    local, at, domain = text.strip().rpartition("@")
    try:
        host = domain.encode("idna").decode("ascii")
        if not at or not local.isascii() or any(char in ',;:<>()[]"\\ ' for char in local + host):
            raise ValueError("no address")
        return Address(display_name=name, addr_spec=f"{local}@{host}")
    except (ValueError, IndexError, MessageError) as error:
        raise SlotError(
            [SlotProblem(slot, "this is not one e-mail address such as ada@shop.example")]
        ) from error


def _need_line(slot: str, text: str) -> None:
    if wrong := one_line(text):
        raise SlotError([SlotProblem(slot, wrong)])


def _mailto(brand: Brand) -> str | None:
    if brand.unsubscribe_mailbox is None:
        return None
    return f"mailto:{quote(brand.unsubscribe_mailbox, safe='@+')}?subject=unsubscribe"


def _way_out(message: MessageFile, brand: Brand, unsubscribe_url: str | None) -> str | None:
    if message.message_class != "marketing":
        return None
    if unsubscribe_url is not None:
        clean = unsubscribe_url.isascii() and not set(unsubscribe_url) & set(' <>"\\\r\n\t,')
        if not clean or not unsubscribe_url.startswith(("https://", "http://")):
            raise SlotError([SlotProblem("unsubscribe", "this is not a web address")])
        return unsubscribe_url
    mailto = _mailto(brand)
    if mailto is None:
        raise SlotError(
            [
                SlotProblem(
                    "unsubscribe",
                    "marketing needs a way out: set the server's public address, or "
                    "unsubscribe_mailbox in brand.md",
                )
            ]
        )
    return mailto


def _closing(message: MessageFile, brand: Brand, footer: Footer, way_out: str | None) -> list[str]:
    lines = [footer.discount] if message.names_discount else []
    lines += _disclosed(message, brand)
    if way_out is not None:
        shown = way_out.removeprefix("mailto:").partition("?")[0]
        lines += [footer.why, f"{footer.unsubscribe}: {shown}"]
    return [*lines, brand.name, *brand.postal_address]


def _disclosed(message: MessageFile, brand: Brand) -> list[str]:
    """The wordings that the message says it carries. Raises `SlotError` where one is not there."""
    said = [(name, brand.disclosure(name, message.locale)) for name in message.disclosures]
    absent = [
        SlotProblem("disclosures", f"brand.md has no disclosure '{name}' in '{message.locale}'")
        for name, words in said
        if words is None
    ]
    if absent:
        raise SlotError(absent)
    return [words for _, words in said if words is not None]


def _html_closing(message: MessageFile, brand: Brand, footer: Footer, way_out: str | None) -> str:
    parts = [escape(footer.discount)] if message.names_discount else []
    parts += [escape(said) for said in _disclosed(message, brand)]
    if way_out is not None:
        link = f'<a href="{escape(way_out)}">{escape(footer.unsubscribe)}</a>'
        parts.append(f"{escape(footer.why)} {link}")
    parts.append("<br>".join(escape(line) for line in (brand.name, *brand.postal_address)))
    return "\n".join(f"<p>{part}</p>" for part in parts)
