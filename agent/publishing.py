"""Publishing policy: packs in force, checking a text, changing what is in force (DESIGN §6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from agent import pack_history
from agent.errors import BadRequest, Conflict, Invalid, NotFound
from agent.pack_changing import Clocks, PackChanging, of_version
from agent.pack_files import Found, at_version, is_new, wishes_of
from agent.pack_plan import Wish
from agent.pack_proofs import check_and_prove, compare, loaded
from agent.pack_writing import FILES
from policies.pack import Pack, PolicyError, load_pack
from store import documents, pack_changes
from store.clock import Clock
from store.database import Database
from store.pack_changes import Change
from tools.packs import PackShelf

_LONGEST_REASON = 1_000


class Publishing:
    """Policy packs for people. A broken text never replaces a working one.

    `problems`: what is wrong with files of the deployment's own folder, which are left out.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        shelf: PackShelf,
        *,
        default: str,
        clocks: Clocks | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        self._db = db
        self._shelf = shelf
        self._default = default
        self._changing = PackChanging(db, clock, shelf, default, clocks or Clocks())
        self.problems: list[str] = list(problems)

    # -- read -------------------------------------------------------------------------------------

    async def listing(self) -> list[dict[str, Any]]:
        """Every pack in force, without its text."""
        return await self._db.read(_listed, self._shelf, self._default)

    async def get(self, name: str) -> dict[str, Any]:
        """One pack in force: text, rules with their reasons, versions and who wrote them."""
        shown = await self._db.read(_shown, self._shelf, name)
        if shown is None:
            raise NotFound(f"there is no policy pack '{name}'")
        return shown

    async def changes(self, name: str) -> list[dict[str, Any]]:
        """Every change of a pack, newest first: proposed, published, refused."""
        found = await self._db.read(pack_history.changes, self._shelf, name)
        if not found:
            await self.get(name)
        return found

    async def check(self, text: str, *, file: str) -> dict[str, Any]:
        """What is wrong with a text, read on top of the packs in force."""
        texts = (await self._db.read(self._shelf.in_force)).texts
        return await asyncio.to_thread(check, text, file=file, library=texts)

    async def prove(self, text: str, *, file: str) -> dict[str, Any]:
        """The same, and everything that can be proved of it. Raises `NotReady`."""
        texts = (await self._db.read(self._shelf.in_force)).texts
        return await asyncio.to_thread(check_and_prove, text, file=file, library=texts)

    async def compare(self, text: str, *, file: str, against: str | None = None) -> dict[str, Any]:
        """What a text would answer otherwise than another one, or than a pack in force.

        `against`: a text, or the name of a pack in force; the one of the same name if not said.
        """
        texts = (await self._db.read(self._shelf.in_force)).texts
        after = await asyncio.to_thread(_loaded, text, file, texts)
        other, other_file = against or "", "against.yaml"
        if "\n" not in other:
            name = other or after.name
            other, other_file = (await self.get(name))["text"], f"{name}.yaml"
        before = await asyncio.to_thread(_loaded, other, other_file, texts)
        return await asyncio.to_thread(compare, before, after)

    async def draft(self, text: str, file: str) -> Pack:
        """A text as the pack it would be. Raises `Invalid` with every problem of the text."""
        texts = (await self._db.read(self._shelf.in_force)).texts
        # Compiling takes a while; whoever else is served meanwhile does not wait for it.
        return await asyncio.to_thread(_loaded, text, file, texts)

    # -- change -----------------------------------------------------------------------------------

    async def put(self, name: str, text: str, *, author: str, reason: str = "") -> dict[str, Any]:
        """Publish a version, or propose it where the pack in force asks for four eyes.

        Raises `Invalid` with every problem of the text, and of packs that stand on it. The text in
        force put again changes nothing.
        """
        live = await self._db.read(documents.live, kind="policy", name=name)
        if live is not None and live.text == text:
            return {**pack_history.described(live), "status": "published", "change": None}
        wish = Wish(name, text, f"{name}.yaml")
        (change,) = await self._changing.want([wish], author=author, reason=_short(reason))
        return _answer(change)

    async def rollback(
        self, name: str, version: int, *, author: str, reason: str
    ) -> dict[str, Any]:
        """Bring an older version into force again as it was; its number says which it is."""
        wish = await self._db.read(of_version, name, version)
        (change,) = await self._changing.want(
            [wish], author=author, reason=_given(reason), kind="rollback"
        )
        return _answer(change)

    async def decide(
        self, name: str, change_id: str, decision: str, *, by: str, reason: str = ""
    ) -> dict[str, Any]:
        """A second person's answer to a proposed change: `publish` or `reject`."""
        yes = decision == "publish"
        change = await self._changing.decide(
            name,
            change_id,
            publish_it=yes,
            by=by,
            reason=_short(reason) if yes else _given(reason),
        )
        return _answer(change)

    async def take_files(self, found: Found) -> None:
        """Take in what is new in the deployment's folder, or keep what is wrong with it."""
        problems = list(found.problems)
        if not problems:
            try:
                new = await self._new_of(found.texts)
                if new:
                    await self._changing.want(new, author=FILES)
            except Conflict as old:
                problems = [at_version(found.texts, old)]
            except Invalid as broken:
                problems = str(broken).splitlines()
        self.problems = problems

    async def _new_of(self, texts: Mapping[str, str]) -> list[Wish]:
        now = (await self._db.read(self._shelf.in_force)).texts
        wishes = await asyncio.to_thread(partial(wishes_of, texts, now))
        return await self._db.read(_new, wishes)


def check(text: str, *, file: str, library: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What is wrong with a text, each problem as `FILE:LINE:COL: text`."""
    try:
        pack = load_pack(text, file=file, library=library or {})
    except PolicyError as broken:
        return {"ok": False, "problems": [str(problem) for problem in broken.problems]}
    return {"ok": True, "problems": [], "policy": pack.name, "version": pack.version}


def _loaded(text: str, file: str, library: Mapping[str, str]) -> Pack:
    try:
        return loaded(text, file, library)
    except PolicyError as broken:
        raise Invalid(str(broken)) from broken


def _new(conn: Connection, wishes: Sequence[Wish]) -> list[Wish]:
    return [wish for wish in wishes if is_new(conn, wish, author=FILES)]


def _short(reason: str) -> str:
    said = " ".join(reason.split())
    if len(said) > _LONGEST_REASON:
        raise BadRequest(f"a reason holds {_LONGEST_REASON} characters at most")
    return said


def _given(reason: str) -> str:
    said = _short(reason)
    if not said:
        raise Invalid("say why: this needs a reason")
    return said


def _answer(change: Change) -> dict[str, Any]:
    told = pack_history.told(change)
    return {
        "name": change.name,
        "version": change.version,
        "sha256": change.sha256,
        "author": change.author,
        "created_at": change.at,
        "status": change.status,
        "in_force_since": told.get("in_force_since"),
        "took_us": told.get("took_us"),
        "change": told,
    }


def _listed(conn: Connection, shelf: PackShelf, default: str) -> list[dict[str, Any]]:
    packs = shelf.in_force(conn)
    waiting = pack_changes.waiting(conn)
    told = []
    for document in documents.all_live(conn, "policy"):
        if document.name not in packs.names:
            continue  # what packs are only read with
        usable = document.name not in packs.broken
        pack = packs.pack(document.name) if usable else None
        told.append(
            {
                **pack_history.described(document),
                "build_sha256": None if pack is None else pack.sha256,
                "extends": None if pack is None or len(pack.texts) < 2 else pack.texts[-2].name,
                "goals": [g for g, names in packs.goals.items() if document.name in names],
                "decides_the_rest": document.name == default,
                "four_eyes": packs.asks_for_two(document.name),
                "waiting": waiting.get(document.name, 0),
                "problems": [str(p) for p in packs.broken[document.name].problems]
                if not usable
                else [],
            }
        )
    return told


def _shown(conn: Connection, shelf: PackShelf, name: str) -> dict[str, Any] | None:
    document = documents.live(conn, kind="policy", name=name)
    if document is None:
        return None
    packs = shelf.in_force(conn)
    told = {
        **pack_history.described(document),
        "text": document.text,
        "in_force": pack_history.in_force(conn, name),
        "waiting": pack_changes.waiting(conn).get(name, 0),
        "versions": pack_history.versions(conn, name),
        "four_eyes": packs.asks_for_two(name),
    }
    if name in packs.broken:  # written for another release of Usher; it decides nothing
        problems = [str(problem) for problem in packs.broken[name].problems]
        return {**told, **_UNUSABLE, "problems": problems}
    return {**told, **_of_pack(packs.pack(name)), "problems": []}


_UNUSABLE: Mapping[str, Any] = {
    "build_sha256": None,
    "currency": None,
    "extends": [],
    "goals": [],
    "rules": [],
}


def _of_pack(pack: Pack) -> dict[str, Any]:
    rules = [
        {
            "id": rule.id,
            "kind": rule.kind.value,
            "on": list(rule.on),
            "condition": rule.condition,
            "because": rule.because,
            "line": rule.line,
            "pack": next(text.name for text in pack.texts if text.file == rule.file),
        }
        for rule in pack.rules
    ]
    return {
        "build_sha256": pack.sha256,
        "currency": pack.currency,
        "extends": [text.name for text in pack.texts[:-1]],
        "goals": list(pack.goals),
        "rules": rules,
    }
