"""Packs in files: read from a folder, and which of them are news.

A file is news until its text was put, or proposed, once; so neither a restart nor a look at the
folder undoes what somebody published since. A folder goes in as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from agent.errors import Invalid
from agent.pack_plan import Wish, plan
from agent.pack_writing import SHIPPED, Wanted, propose, publish
from policies.jurisdictions import FILE, NAME
from policies.outline import outline
from policies.pack import PolicyError, load_pack
from store import documents
from store.documents import OldVersion
from store.schema import pack_changes
from tools.packs import PackShelf


@dataclass(frozen=True, slots=True)
class Found:
    """The texts of a folder by the names of their files, and what could not be read."""

    texts: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_folder(folder: Path) -> Found:
    """The packs of a folder."""
    if not folder.is_dir():
        return Found({}, (f"{folder}: there is no such folder",))
    texts: dict[str, str] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == FILE:
            continue
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # taken away while we looked
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}:1:1: cannot be read: {error}")
    return Found(texts, tuple(problems))


def beside(file: Path, shipped: Path) -> dict[str, str]:
    """Texts that a file may stand on: the shipped ones, and those that lie beside it."""
    texts: dict[str, str] = {}
    for folder in (shipped, file.resolve().parent):
        for name, text in read_folder(folder).texts.items():
            said = _name_of(text)
            if said is not None and (folder / name) != file.resolve():
                texts[said] = text
        if (folder / FILE).is_file():
            texts[NAME] = (folder / FILE).read_text(encoding="utf-8")
    return texts


def wishes_of(texts: Mapping[str, str], now: Mapping[str, str]) -> list[Wish]:
    """The packs in these files, by the names they give themselves. Raises `Invalid`.

    `now`: texts in force, which they may stand on.
    """
    names: dict[str, str] = {}
    problems: list[str] = []
    said = {file: _name_of(text) for file, text in texts.items()}
    library = {**now, **{name: texts[file] for file, name in said.items() if name is not None}}
    for file, text in texts.items():
        try:
            pack = load_pack(text, file=file, library=library)
        except PolicyError as broken:
            problems += [str(problem) for problem in broken.problems]
            continue
        if pack.name in names:
            problems.append(f"{file}:1:1: {names[pack.name]} is the pack '{pack.name}' already")
        names[pack.name] = file
    if problems:
        raise Invalid("\n".join(dict.fromkeys(problems)))
    return [Wish(name, texts[file], file) for name, file in names.items()]


def is_new(conn: Connection, wish: Wish, *, author: str) -> bool:
    """Whether to put a text: not what was put or proposed before, nor shipped over another's."""
    sha256 = documents.digest(wish.text)
    before = documents.of_sha256(conn, kind="policy", sha256=sha256)
    asked = conn.execute(
        select(pack_changes.c.id).where(
            pack_changes.c.name == wish.name,
            pack_changes.c.sha256 == sha256,
            pack_changes.c.author == author,
            pack_changes.c.status != "stale",
        )
    ).first()
    live = documents.live(conn, kind="policy", name=wish.name)
    overruled = author == SHIPPED and live is not None and live.author != SHIPPED
    return before is None and asked is None and not overruled


def seed_packs(
    conn: Connection,
    texts: Mapping[str, str],
    *,
    author: str,
    at: int,
    default: str,
    shelf: PackShelf,
    fresh_id: Callable[[str], str],
) -> list[str]:
    """Put what is new in these files, all or none. Returns the problems of what was left out."""
    try:
        now = shelf.in_force(conn)
        wishes = wishes_of(texts, now.texts)
        new = tuple(wish for wish in wishes if is_new(conn, wish, author=author))
        if not new:
            return []
        wanted = Wanted(author, "", at)
        made = plan(
            documents.live_key(conn, "policy"),
            now,
            new,
            compiled=shelf.compiled,
            default=default,
            proved=author != SHIPPED,
        )
        if not made.two_people:
            publish(conn, made, wanted, fresh_id)
            return []
        for alone in [
            plan(made.base, now, (wish,), compiled=shelf.compiled, default=default) for wish in new
        ]:
            propose(conn, alone, wanted, fresh_id)
    except Invalid as broken:
        return str(broken).splitlines()
    except OldVersion as old:
        return [at_version(texts, old)]
    return []


def at_version(texts: Mapping[str, str], old: OldVersion | Exception) -> str:
    """Where a file says the version that is too old."""
    said = str(old)
    for file, text in texts.items():
        if not said.startswith(f"{_name_of(text)} says version"):
            continue
        lines = text.splitlines()
        line = next((n for n, words in enumerate(lines, 1) if words.startswith("version:")), 1)
        return f"{file}:{line}:1: {said}"
    return said


def _name_of(text: str) -> str | None:
    return None if (said := outline(text, file="pack")) is None else said.policy
