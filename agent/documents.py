"""The documents in force: what people wrote, seeded from files into the database and read from there.

Shipped files come first; a folder of the deployment's own lies over them. A text that was put before is
not put again, so a restart never undoes what somebody published since. A broken file never replaces a
working document: it is told as a problem, and only an empty database refuses to start over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

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
    shipped = Written(SHIPPED, texts_of(SHIPPED_PROMPTS), _packs(SHIPPED_POLICIES))
    own_prompts = texts_of(prompts) if prompts is not None else {}
    own_packs = _packs(policies) if policies is not None else {}
    if not own_prompts and not own_packs:
        return [shipped]
    problems = tuple(_problems({**shipped.prompts, **own_prompts}, own_packs))
    return [shipped, Written(FILES, own_prompts, own_packs, problems)]


def seed(conn: Connection, written: list[Written], *, at: int) -> list[str]:
    """Put what is new in these files. Returns the problems of what was left out."""
    problems: list[str] = []
    working = bool(documents.all_live(conn, "agent"))
    for origin in written:
        if origin.problems:
            problems.extend(origin.problems)
            continue
        for name, text in origin.prompts.items():
            kind, title = kind_of(name)
            _put(conn, kind=kind, name=title, text=text, author=origin.author, at=at)
        for file, text in origin.packs.items():
            pack = load_pack(text, file=file)
            try:
                _put(
                    conn,
                    kind="policy",
                    name=pack.name,
                    text=text,
                    author=origin.author,
                    at=at,
                    version=pack.version,
                )
            except OldVersion as old:
                problems.append(f"{file}:1:1: {old}")
    if problems and not working:
        raise BrokenDocuments(problems)
    return problems


def library_in_force(conn: Connection) -> Library:
    """The library of every live agent, rules, message and brand text."""
    texts = {
        file_of(kind, document.name): document.text
        for kind in ("agent", "rules", "message", "brand")
        for document in documents.all_live(conn, kind)
    }
    return Library.build(texts, tools=TOOLS)


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


def _put(
    conn: Connection,
    *,
    kind: str,
    name: str,
    text: str,
    author: str,
    at: int,
    version: int | None = None,
) -> None:
    digest = documents.digest(text)
    known = conn.execute(
        select(documents_table.c.version).where(
            documents_table.c.kind == kind,
            documents_table.c.name == name,
            documents_table.c.sha256 == digest,
        )
    ).first()
    live = documents.live(conn, kind=kind, name=name)
    overruled = author == SHIPPED and live is not None and live.author != SHIPPED
    if known is None and not overruled:
        documents.put(conn, kind=kind, name=name, text=text, author=author, at=at, version=version)


def _packs(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*.yaml"))
        if path.name != _NOT_A_PACK
    }


def _problems(prompts: Mapping[str, str], packs: Mapping[str, str]) -> list[str]:
    problems: list[str] = []
    try:
        Library.build(prompts, tools=TOOLS)
    except PromptError as broken:
        problems.extend(str(problem) for problem in broken.problems)
    for file, text in packs.items():
        try:
            load_pack(text, file=file)
        except PolicyError as broken_pack:
            problems.extend(str(problem) for problem in broken_pack.problems)
    return problems
