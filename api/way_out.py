"""The way out of marketing: `/u/{token}`, the link in every marketing e-mail (RFC 8058).

Open to anybody who has the letter: no login, no cookie, nothing of another site. Reading shows a
page and changes nothing, because scanners of mail gateways follow every link; only a POST acts,
that of a mailbox (`List-Unsubscribe=One-Click`) or of the page's own button.
"""

from __future__ import annotations

from email import message_from_bytes
from html import escape
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response

from agent.unsubscribing import Link, Standing
from api.access import Service
from api.route import Route

router = APIRouter(tags=["the way out"], prefix="/u", route_class=Route)

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
_BUTTON: Final = ("unsubscribe", "yes")

_ENGLISH: Final = {
    "title": "Unsubscribe",
    "ask": "You get marketing messages from {brand}: offers, reminders of a cart, and the like. "
    "If you press the button, they stop, on every channel.",
    "service": "Messages about your own orders and bookings are no marketing and still reach you.",
    "button": "Stop marketing messages",
    "done": "You have unsubscribed. {brand} sends you no marketing messages any more.",
    "erased": "{brand} keeps no data about you and sends you nothing.",
    "unknown": "This link is not complete, or it is not one of ours.",
    "what": "Open it again from the message itself, whole, or reply to the message with STOP.",
    "unread": "Nothing has changed: this request was not sent by the button of this page.",
}
_GERMAN: Final = {
    "title": "Abmelden",
    "ask": "Sie bekommen Werbung von {brand}: Angebote, Erinnerungen an einen Warenkorb und "
    "Ähnliches. Wenn Sie den Knopf drücken, hört das auf, auf jedem Weg.",
    "service": "Nachrichten zu Ihren eigenen Bestellungen und Buchungen sind keine Werbung und "
    "erreichen Sie weiterhin.",
    "button": "Keine Werbung mehr",
    "done": "Sie sind abgemeldet. {brand} schickt Ihnen keine Werbung mehr.",
    "erased": "{brand} hat keine Daten über Sie und schickt Ihnen nichts.",
    "unknown": "Dieser Link ist unvollständig oder nicht von uns.",
    "what": "Öffnen Sie ihn noch einmal aus der Nachricht selbst, oder antworten Sie auf sie mit "
    "STOPP.",
    "unread": "Nichts hat sich geändert: Diese Anfrage kam nicht vom Knopf dieser Seite.",
}
_PAGE: Final = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title} · {brand}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 10vh auto;
 padding: 0 1rem; color: #1c1c1c; background: #fff }}
button {{ font: inherit; padding: .7rem 1.2rem; border: 0; border-radius: .4rem; color: #fff;
 background: #1d4ed8; cursor: pointer }}
button:focus-visible {{ outline: 3px solid #f59e0b; outline-offset: 2px }}
</style></head>
<body><main><h1>{brand}</h1>
{body}
</main></body></html>
"""


@router.head("/{token:path}")
async def peek(runs: Service, token: str) -> Response:
    """Whether there is such a page. Changes nothing."""
    return await show(runs, token)


@router.get("/{token:path}")
async def show(runs: Service, token: str) -> Response:
    """What the link is for, and a button. Changes nothing."""
    link = await runs.outside.unsubscribing.look(token)
    return _page(runs.env.library.brand.name, link)


@router.post("/{token:path}")
async def act(runs: Service, request: Request, token: str) -> Response:
    """Unsubscribe. Pressed again it says the same."""
    brand = runs.env.library.brand.name
    if not _meant(request.headers.get("content-type", ""), await request.body()):
        link = await runs.outside.unsubscribing.look(token)
        return _page(brand, link, unread=True)
    return _page(brand, await runs.outside.unsubscribing.act(token))


def _page(brand: str, link: Link | None, *, unread: bool = False) -> Response:
    german = link is not None and link.locale.lower().startswith("de")
    words = _GERMAN if german else _ENGLISH
    status, parts, button = 200, ["done"], False
    if link is None:
        status, parts = 404, ["unknown", "what"]
    elif link.standing is Standing.ERASED:
        parts = ["erased"]
    elif link.standing is Standing.SUBSCRIBED:
        parts, button = ["ask", "service"], True
    if unread and link is not None:
        status, parts = 400, ["unread", *parts]
    lines = [f"<p>{escape(words[part].format(brand=brand))}</p>" for part in parts]
    if button:
        name, value = _BUTTON
        lines.append(
            f'<form method="post"><input type="hidden" name="{name}" value="{value}">'
            f"<button>{escape(words['button'])}</button></form>"
        )
    page = _PAGE.format(
        lang="de" if german else "en",
        title=escape(words["title"]),
        brand=escape(brand),
        body="\n".join(lines),
    )
    return Response(page, status, _HEADERS, "text/html; charset=utf-8")


def _meant(content_type: str, body: bytes) -> bool:
    """Whether this is a mailbox's one click, or our button; both kinds of form are sent."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        fields = {
            (str(part.get_param("name", header="content-disposition")), _text(part.get_payload()))
            for part in whole.walk()
            if not part.is_multipart()
        }
    else:
        try:
            stated = parse_qs(body.decode("utf-8"), max_num_fields=20)
        except ValueError:
            return False
        fields = {(name, value) for name, values in stated.items() for value in values}
    return _ONE_CLICK in fields or _BUTTON in fields


def _text(payload: object) -> str:
    return payload.strip() if isinstance(payload, str) else ""
