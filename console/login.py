"""Logging in: a key, or a link that was printed. Plain pages: they work without a socket."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console.sessions import COOKIE, GOOD_FOR_S, Sessions
from console.theme import stylesheet
from store import principals
from store.database import Database
from store.principals import Principal

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<title>Usher · log in</title><style>{css}
.u-login {{ max-width: 380px; margin: 14vh auto 0; padding: 0 16px; }}</style></head>
<body><main class="u-login"><section class="u-card"><div class="u-brand" style="padding:0">
<span class="u-mark"></span>Usher</div>{problem}
<form method="post" action="/login" class="u-card" style="border:0;padding:0">
<label for="key" class="u-small">Your key</label>
<input class="u-input" id="key" name="key" type="password" autocomplete="current-password"
 autofocus required>
<button class="u-button primary" type="submit">Log in</button></form>
<p class="u-small">The first key is in <span class="u-code">admin.key</span> in the data folder;
more are made with <span class="u-code">usher keys add NAME --role operator</span>.</p>
</section></main></body></html>"""


def router(db: Database, sessions: Sessions) -> APIRouter:
    """The routes of logging in and out."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    async def show(link: str | None = None) -> Response:
        if link is None:
            return _page()
        principal = await sessions.use_link(link)
        if principal is None:
            return _page("This link was used, or is over. Log in with your key.", status=403)
        return _let_in(sessions, principal)

    @routes.post("/login")
    async def log_in(key: Annotated[str, Form(max_length=200)]) -> Response:
        principal = await db.read(principals.of_key, key.strip())
        if principal is None or not principal.may("viewer"):
            return _page("This key is not one that may look in here.", status=403)
        return _let_in(sessions, principal)

    @routes.post("/login/out")
    async def log_out() -> Response:
        leaving = RedirectResponse("/login", 303)
        leaving.delete_cookie(COOKIE)
        return leaving

    return routes


def _let_in(sessions: Sessions, principal: Principal) -> Response:
    entering = RedirectResponse("/", 303)
    entering.set_cookie(
        COOKIE,
        sessions.cookie_of(principal),
        max_age=GOOD_FOR_S,
        httponly=True,
        samesite="strict",
        path="/",
    )
    return entering


def _page(problem: str = "", *, status: int = 200) -> HTMLResponse:
    said = f'<p class="u-chip deny">{escape(problem)}</p>' if problem else ""
    return HTMLResponse(_PAGE.format(css=stylesheet(), problem=said), status)
