"""The documents in force.

What people wrote, seeded from files into the database and read from there. Shipped files come
first; a folder of the deployment's own lies over them. A text that was put before is not put again,
so a restart never undoes what somebody published since. A broken file never replaces a working
document: it is told as a problem, and only an empty database refuses to start over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from agent.laws import read_laws, seed_laws
from agent.pack_files import Found, read_folder, seed_packs
from agent.pack_writing import FILES, SHIPPED
from policies.jurisdictions import FILE
from prompts.library import SHIPPED as SHIPPED_PROMPTS
from prompts.library import Library, texts_of
from prompts.problems import PromptError
from store import documents
from store.ids import new_id
from store.schema import documents as documents_table
from tools.packs import PackShelf
from tools.registry import TOOLS

SHIPPED_POLICIES = Path(__file__).parents[1] / "policies"
DEFAULT_PACK = "commerce"


def shipped_packs() -> dict[str, str]:
    """The shipped texts that packs are built on, by name, the jurisdictions among them."""
    return {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted(SHIPPED_POLICIES.glob("*.yaml"))
    }


class BrokenDocuments(Exception):
    """Files people wrote have problems, and there is nothing in the database yet to go on with."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Written:
    """Files of one origin: prompts by their names, packs by name, and what is wrong with them.

    `laws`: the text of the jurisdictions, where it has one.
    """

    author: str
    prompts: Mapping[str, str]
    packs: Mapping[str, str]
    problems: tuple[str, ...] = ()
    pack_problems: tuple[str, ...] = ()
    laws: str | None = None


def read_files(prompts: Path | None, policies: Path | None) -> list[Written]:
    """The shipped files, and those of the deployment's own folders where there are any."""
    own = _read(FILES, prompts, policies)
    shipped = _read(SHIPPED, SHIPPED_PROMPTS, SHIPPED_POLICIES)
    there = own.prompts or own.packs or own.problems or own.pack_problems
    return [shipped, own] if there else [shipped]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Problems of files that were left out; `own_packs`: of packs in the deployment's folder."""

    others: tuple[str, ...]
    own_packs: tuple[str, ...]


def seed(
    conn: Connection,
    written: list[Written],
    *,
    at: int,
    default: str = DEFAULT_PACK,
    shelf: PackShelf | None = None,
) -> list[str]:
    """Put what is new in these files. Returns the problems of what was left out."""
    left = seed_apart(conn, written, at=at, default=default, shelf=shelf or PackShelf())
    return [*left.others, *left.own_packs]


def seed_apart(
    conn: Connection, written: list[Written], *, at: int, default: str, shelf: PackShelf
) -> LeftOut:
    """Put what is new in these files; `default`: the deployment's own pack.

    The prompts of an origin go in as a whole or not at all, and so do its packs: they are checked
    together with everything that is in force and stays so. Raises `BrokenDocuments` where nothing
    was in force before.
    """
    problems: list[str] = []
    of_packs: list[str] = []
    working = bool(documents.all_live(conn, "agent"))
    for origin in written:
        of_packs.extend(_seed_packs(conn, origin, at=at, default=default, shelf=shelf))
        found = [*origin.problems] or _would_break(conn, origin)
        if found:
            problems.extend(found)
            continue
        for name, text in origin.prompts.items():
            kind, title = kind_of(name)
            if _is_new(conn, origin, kind=kind, name=title, text=text):
                documents.put(conn, kind=kind, name=title, text=text, author=origin.author, at=at)
    if (problems or of_packs) and not working:
        raise BrokenDocuments([*problems, *of_packs])
    return LeftOut(tuple(problems), tuple(of_packs))


def _seed_packs(
    conn: Connection, origin: Written, *, at: int, default: str, shelf: PackShelf
) -> list[str]:
    if origin.pack_problems:
        return [*origin.pack_problems]
    if origin.laws is not None:
        wrong = seed_laws(conn, origin.laws, author=origin.author, at=at, shelf=shelf)
        if wrong:
            return wrong
    return seed_packs(
        conn,
        origin.packs,
        author=origin.author,
        at=at,
        default=default,
        shelf=shelf,
        fresh_id=new_id,
    )


def library_in_force(conn: Connection) -> Library:
    """The library of every live agent, rules, message and brand text."""
    return Library.build(_in_force(conn), tools=TOOLS)


def kind_of(file: str) -> tuple[str, str]:
    """Kind and name of a prompt file: `messages/a.en.md` → (`message`, `a.en`)."""
    if file == "brand.md":
        return "brand", "brand"
    if file.startswith("messages/"):
        return "message", file.removeprefix("messages/").removesuffix(".md")
    if file.endswith(".rules.yaml"):
        return "rules", file.removesuffix(".rules.yaml")
    return "agent", file.removesuffix(".md")


def file_of(kind: str, name: str) -> str:
    """The file a document of this kind and name would be."""
    return {
        "brand": "brand.md",
        "message": f"messages/{name}.md",
        "rules": f"{name}.rules.yaml",
        "agent": f"{name}.md",
        "policy": f"{name}.yaml",
    }[kind]


def _would_break(conn: Connection, origin: Written) -> list[str]:
    """What would be wrong with all that is in force once this origin's files were among it."""
    texts = _in_force(conn)
    for file, text in origin.prompts.items():
        kind, title = kind_of(file)
        if _is_new(conn, origin, kind=kind, name=title, text=text):
            texts[file] = text
    found: list[str] = []
    try:
        Library.build(texts, tools=TOOLS)
    except PromptError as broken:
        found.extend(str(problem) for problem in broken.problems)
    return found


def _is_new(conn: Connection, origin: Written, *, kind: str, name: str, text: str) -> bool:
    """Whether to put a text: not what was put before, nor a shipped one over an edited one."""
    before = conn.execute(
        select(documents_table.c.version).where(
            documents_table.c.kind == kind,
            documents_table.c.name == name,
            documents_table.c.sha256 == documents.digest(text),
        )
    ).first()
    live = documents.live(conn, kind=kind, name=name)
    overruled = origin.author == SHIPPED and live is not None and live.author != SHIPPED
    return before is None and not overruled


def _in_force(conn: Connection) -> dict[str, str]:
    """The live text of every prompt file, by its name."""
    return {
        file_of(kind, document.name): document.text
        for kind in ("agent", "rules", "message", "brand")
        for document in documents.all_live(conn, kind)
    }


def _read(author: str, prompts: Path | None, policies: Path | None) -> Written:
    """The files of two folders; what cannot be read is a problem of its own."""
    problems: list[str] = []
    texts: dict[str, str] = {}
    if prompts is not None and not prompts.is_dir():
        problems.append(f"{prompts}: there is no such folder")
    elif prompts is not None:
        try:
            texts = texts_of(prompts)
        except PromptError as broken:
            problems.extend(str(problem) for problem in broken.problems)
    packs = Found({}) if policies is None else read_folder(policies)
    wrong, laws = packs.problems, None
    try:
        laws = None if policies is None else read_laws(policies)
    except (OSError, UnicodeDecodeError) as error:
        wrong = (*wrong, f"{policies}/{FILE}:1:1: cannot be read: {error}")
    return Written(author, texts, packs.texts, tuple(problems), wrong, laws)
