"""Customers: found by any identifier of theirs, or by our id.

What is typed here goes to the server on the page's own socket and stands in no address.
"""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from agent.errors import Gone, UsherError
from console import fields
from console.components import button, card, cell, empty, row, table, text
from console.frame import House, Visit, at, moment, page

_SHOWN = 20


def register(house: House) -> None:
    """Put the page in its place."""

    @at("/customers")
    async def customers(request: Request) -> None:
        async with page(house, request, "Customers", here="/customers") as visit:
            await _search(visit)
            await _newest(visit)


async def _search(visit: Visit) -> None:
    typed = ""

    def tell(words: str) -> None:
        nonlocal typed
        typed = words

    async def find() -> None:
        if not typed.strip():
            said.set_text("Type an identifier first.")
            return
        try:
            await visit.runs.caught_up()
            found = await visit.runs.people.find(typed.strip())
        except Gone:
            said.set_text("This person was erased. Nothing of theirs is kept.")
        except UsherError as error:
            said.set_text(f"{error}.")
        else:
            ui.navigate.to(f"/customers/{found}")

    with card("Find somebody"):
        with ui.element("div").classes("u-row u-search"):
            field = fields.line(
                "Any identifier",
                tell=tell,
                kind="search",
                note="user id, e-mail address, phone number, anonymous id, or our cus_…",
            )
            field.on("keydown.enter", find).props("autofocus")
            button("Find", find, kind="primary")
        with ui.element("div").classes("u-strong").props('role="status"'):
            said = ui.label("")


async def _newest(visit: Visit) -> None:
    found = await visit.runs.people.newest(limit=_SHOWN)
    names = await visit.runs.figures.names([one["id"] for one in found])
    with card("New lately"):
        if not found:
            empty(
                "Nobody is known yet. Send an identify message (POST /v1/identify), or bring your "
                "customers: usher import FILE."
            )
            return
        with table("Who", "Our id", "First heard of"):
            for one in found:
                with row():
                    with cell(), ui.link(target=f"/customers/{one['id']}"):
                        ui.label(names.get(one["id"], "—"))
                    with cell():
                        text(one["id"], "u-code")
                    with cell():
                        text(moment(one["created_at"]), "u-small")
