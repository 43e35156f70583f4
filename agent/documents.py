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

from agent.pack_proofs import unkept
from policies.pack import PolicyError, load_pack
from prompts.library import SHIPPED as SHIPPED_PROMPTS
from prompts.library import Library, texts_of
from prompts.problems import PromptError
from store import documents
from store.documents import OldVersion
from store.schema import documents as documents_table
from tools.registry import TOOLS

SHIPPED_POLICIES = Path(__file__).parents[1] / "policies"
SHIPPED, FILES = "shipped", "files"
_NOT_A_PACK = "jurisdictions.yaml"


class BrokenDocuments(Exception):
    """Files people wrote have problems, and there is nothing in the database yet to go on with."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Written:
    """Files of one origin: prompts by their names, packs by name, and what is wrong with them."""

    author: str
    prompts: Mapping[str, str]
    packs: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_files(prompts: Path | None, policies: Path | None) -> list[Written]:
    """The shipped files, and those of the deployment's own folders where there are any."""
    own = _read(FILES, prompts, policies)
    shipped = _read(SHIPPED, SHIPPED_PROMPTS, SHIPPED_POLICIES)
    return [shipped, own] if own.prompts or own.packs or own.problems else [shipped]


def seed(conn: Connection, written: list[Written], *, at: int) -> list[str]:
    """Put what is new in these files. Returns the problems of what was left out.

    Each origin goes in as a whole or not at all: its files are checked together with everything
    that is in force and stays so. Raises `BrokenDocuments` where nothing was in force before.
    """
    problems: list[str] = []
    working = bool(documents.all_live(conn, "agent"))
    for origin in written:
        found = [*origin.problems] or _would_break(conn, origin)
        if found:
            problems.extend(found)
            continue
        for name, text in origin.prompts.items():
            kind, title = kind_of(name)
            if _is_new(conn, origin, kind=kind, name=title, text=text):
                documents.put(conn, kind=kind, name=title, text=text, author=origin.author, at=at)
        for file, text in origin.packs.items():
            problems.extend(_put_pack(conn, origin, file, text, at))
    if problems and not working:
        raise BrokenDocuments(problems)
    return problems


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
    for file, text in origin.packs.items():
        try:
            pack = load_pack(text, file=file)
        except PolicyError as broken_pack:
            found.extend(str(problem) for problem in broken_pack.problems)
            continue
        if _is_new(conn, origin, kind="policy", name=pack.name, text=text):
            found.extend(unkept(pack))
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


def _put_pack(conn: Connection, origin: Written, file: str, text: str, at: int) -> list[str]:
    pack = load_pack(text, file=file)
    if not _is_new(conn, origin, kind="policy", name=pack.name, text=text):
        return []
    try:
        documents.put(
            conn,
            kind="policy",
            name=pack.name,
            text=text,
            author=origin.author,
            at=at,
            version=pack.version,
        )
    except OldVersion as old:
        lines = text.splitlines()
        line = next((n for n, said in enumerate(lines, 1) if said.startswith("version:")), 1)
        return [f"{file}:{line}:1: {old}"]
    return []


def _in_force(conn: Connection) -> dict[str, str]:
    """The live text of every prompt file, by its name."""
    return {
        file_of(kind, document.name): document.text
        for kind in ("agent", "rules", "message", "brand")
        for document in documents.all_live(conn, kind)
    }


def _read(author: str, prompts: Path | None, policies: Path | None) -> Written:
    """The files of two folders; what cannot be read is a problem of its own."""
    problems = [
        f"{folder}: there is no such folder"
        for folder in (prompts, policies)
        if folder is not None and not folder.is_dir()
    ]
    texts: dict[str, str] = {}
    packs: dict[str, str] = {}
    if prompts is not None and prompts.is_dir():
        try:
            texts = texts_of(prompts)
        except PromptError as broken:
            problems.extend(str(problem) for problem in broken.problems)
    if policies is not None and policies.is_dir():
        for path in sorted(policies.glob("*.yaml")):
            if path.name == _NOT_A_PACK:
                continue
            try:
                packs[path.name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{path}:1:1: cannot be read: {error}")
    return Written(author, texts, packs, tuple(problems))
