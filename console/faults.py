"""What the console shows when it cannot show a page: that it was logged, or that there is none.

The library's own page prints what an exception says, and that may hold what somebody sent (P5).
Ours says nothing of it, and the log gets its class and the line of ours in which it came up. Where
the request itself fails the page is plain: it needs no socket, and no session.
"""

from __future__ import annotations

from html import escape
from typing import Final

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from nicegui import app as pages
from nicegui import ui

from agent.fault_place import place_of
from console import theme
from console.components import card, text

log = structlog.get_logger("usher.console")

_SORRY: Final = (
    "This page could not be shown",
    "The fault is ours and was logged; nothing was changed by it. Load the page again; if it comes "
    "back, give whoever runs Usher the time of day.",
)
_NOT_HERE: Final = (
    "There is no such page",
    "The address may be mistyped, or the page is from another version.",
)
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<title>Usher · {title}</title><style>{css}
.u-alone {{ max-width: 460px; margin: 14vh auto 0; padding: 0 16px; }}</style></head>
<body><main class="u-alone"><section class="u-card"><div class="u-brand" style="padding:0">
<span class="u-mark"></span>Usher</div><h1 class="u-title">{title}</h1><div>{words}</div>
<div class="u-row"><a class="u-button" href="/">Start here</a>
<a class="u-button" href="/decisions">Live decisions</a></div></section></main></body></html>"""


def register() -> None:
    """Let every fault of a page, and every address without one, be answered here."""
    pages.on_page_exception(_show)
    pages.on_exception(told)
    handlers = pages.exception_handlers
    handlers[404] = _no_page
    handlers[Exception] = _fault


def told(fault: Exception) -> None:
    """Log a fault of a page or of a click by class and place."""
    log.error("page_failed", error=type(fault).__name__, at=place_of(fault))


def plain(status: int, title: str, words: str) -> Response:
    """A page that needs nothing but itself."""
    page = _PAGE.format(css=theme.stylesheet(), title=escape(title), words=escape(words))
    return HTMLResponse(page, status)


def _show(fault: Exception) -> None:
    theme.apply()
    title, words = _SORRY
    ui.page_title(f"{title} · Usher")
    alone = ui.element("div").classes("u-main").style("max-width: 560px; margin: 10vh auto 0")
    with alone, card(title):
        text(words)
        with ui.element("div").classes("u-row"):
            for name, path in (("Start here", "/"), ("Live decisions", "/decisions")):
                with ui.link(target=path).classes("u-button"):
                    ui.label(name)


async def _no_page(request: Request, fault: Exception) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return plain(404, *_NOT_HERE)
    return PlainTextResponse(_NOT_HERE[0], 404)


async def _fault(request: Request, fault: Exception) -> Response:
    return plain(500, *_SORRY)
