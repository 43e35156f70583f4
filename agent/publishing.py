"""Publishing policy: packs in force, checking a text, putting a version (DESIGN §6)."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection

from agent.errors import Conflict, Invalid, NotFound
from agent.pack_proofs import compare, loaded, refuse_unkept
from policies.pack import Pack, PolicyError
from store import documents
from store.clock import Clock
from store.database import Database
from store.documents import Document, OldVersion
from tools.packs import NoPack, PackShelf


class Publishing:
    """Policy packs for people. A broken text never replaces a working one."""

    def __init__(self, db: Database, clock: Clock, shelf: PackShelf) -> None:
        self._db = db
        self._clock = clock
        self._shelf = shelf
        self.problems: list[str] = []

    async def listing(self) -> list[dict[str, Any]]:
        """Every pack in force, without its text."""
        found = await self._db.read(documents.all_live, "policy")
        return [_described(document) for document in found]

    async def get(self, name: str) -> dict[str, Any]:
        """One pack in force: text, rules with their reasons, versions and who wrote them."""
        shown = await self._db.read(_shown, self._shelf, name)
        if shown is None:
            raise NotFound(f"there is no policy pack '{name}'")
        return shown

    async def changes(self, text: str, *, file: str, against: str | None = None) -> dict[str, Any]:
        """What a text would answer otherwise than another one, or than a pack in force.

        `against`: a text, or the name of a pack in force; the one of the same name if not said.
        """
        after = await asyncio.to_thread(_readable, text, file)
        other, other_file = against or "", "against.yaml"
        if "\n" not in other:
            name = other or after.name
            other, other_file = (await self.get(name))["text"], f"{name}.yaml"
        before = await asyncio.to_thread(_readable, other, other_file)
        return await asyncio.to_thread(compare, before, after)

    async def put(self, name: str, text: str, *, author: str) -> dict[str, Any]:
        """Write a version and make it live. Raises `Invalid` with every problem of the text."""
        # Compiling takes a while; whoever else is served meanwhile does not wait for it.
        pack = await asyncio.to_thread(_loaded, text, f"{name}.yaml")
        if pack.name != name:
            raise Invalid(f"the text is the pack '{pack.name}', not '{name}'")
        try:
            document = await self._db.write(
                documents.put,
                kind="policy",
                name=name,
                text=text,
                author=author,
                at=self._clock.now_us(),
                version=pack.version,
            )
        except OldVersion as old:
            raise Conflict(str(old)) from old
        return _described(document)


def check(text: str, *, file: str) -> dict[str, Any]:
    """What is wrong with a text, each problem as `FILE:LINE:COL: text`."""
    try:
        pack = loaded(text, file)
    except PolicyError as broken:
        return {"ok": False, "problems": [str(problem) for problem in broken.problems]}
    return {"ok": True, "problems": [], "policy": pack.name, "version": pack.version}


def _loaded(text: str, file: str) -> Pack:
    """The pack of a text that keeps its own invariants."""
    pack = _readable(text, file)
    refuse_unkept(pack)
    return pack


def _readable(text: str, file: str) -> Pack:
    try:
        return loaded(text, file)
    except PolicyError as broken:
        raise Invalid(str(broken)) from broken


def _described(document: Document) -> dict[str, Any]:
    return {
        "name": document.name,
        "version": document.version,
        "sha256": document.sha256,
        "author": document.author,
        "created_at": document.created_at,
    }


def _shown(conn: Connection, shelf: PackShelf, name: str) -> dict[str, Any] | None:
    try:
        pack = shelf.live(conn, name)
    except NoPack:
        return None
    document = documents.live(conn, kind="policy", name=name)
    assert document is not None
    rules = [
        {
            "id": rule.id,
            "kind": rule.kind.value,
            "on": list(rule.on),
            "condition": rule.condition,
            "because": rule.because,
            "line": rule.line,
        }
        for rule in pack.rules
    ]
    versions = documents.versions(conn, kind="policy", name=name)
    return {
        **_described(document),
        "currency": pack.currency,
        "text": document.text,
        "rules": rules,
        "versions": [_described(version) for version in versions],
    }
