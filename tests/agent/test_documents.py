"""Documents: files seed the database; a broken one replaces nothing that works, a start no edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.documents import (
    FILES,
    SHIPPED,
    BrokenDocuments,
    Written,
    file_of,
    kind_of,
    library_in_force,
    read_files,
    seed,
    shipped_packs,
)
from evals.flat_pack import flat_commerce
from policies.pack import load_pack
from prompts.library import SHIPPED as SHIPPED_PROMPTS
from store import documents
from store.database import Database
from store.documents import Document

NOW = 1_772_539_200_000_000
AGENT = (SHIPPED_PROMPTS / "shopping.md").read_text(encoding="utf-8")
COMMERCE = shipped_packs()["commerce"]
#: The same rules in one text.
PACK = flat_commerce()


def start(db: Database, prompts: Path | None = None, policies: Path | None = None) -> list[str]:
    """What a start of the service does with files."""
    return db.write_now(seed, read_files(prompts, policies), at=NOW)


def live(db: Database, kind: str, name: str) -> Document:
    found = db.read_now(documents.live, kind=kind, name=name)
    assert found is not None
    return found


def put(db: Database, kind: str, name: str, text: str, version: int | None = None) -> None:
    db.write_now(
        documents.put, kind=kind, name=name, text=text, author="ann", at=NOW, version=version
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def calmer(text: str = AGENT) -> str:
    return text.replace("expires_after: P7D", "expires_after: P3D")


def test_the_first_start_takes_what_is_shipped(db: Database) -> None:
    assert start(db) == []
    assert live(db, "agent", "shopping").author == SHIPPED
    assert {
        document.name: document.text for document in db.read_now(documents.all_live, "policy")
    } == shipped_packs()
    library = db.read_now(library_in_force)
    assert set(library.agents) == {"shopping"} and set(library.rules) == {"shopping"}


def test_a_start_again_writes_nothing(db: Database) -> None:
    start(db)
    start(db)
    assert len(db.read_now(documents.versions, kind="agent", name="shopping")) == 1


def test_a_folder_of_ones_own_lies_over_the_shipped_files(db: Database, own: Path) -> None:
    (own / "shopping.md").write_text(calmer(), encoding="utf-8")
    assert start(db, own) == []
    assert live(db, "agent", "shopping").author == FILES
    assert db.read_now(library_in_force).agents["shopping"].expires_after == "P3D"


def test_a_first_start_over_broken_files_refuses_and_lists_every_place(
    db: Database, own: Path
) -> None:
    (own / "shopping.md").write_text(AGENT.replace("purpose: marketing", "purpose: x", 1))
    (own / "commerce.yaml").write_text(PACK.replace("currency: EUR", "currency: euro"))
    with pytest.raises(BrokenDocuments) as caught:
        start(db, own, own)
    said = str(caught.value).splitlines()
    assert any(line.startswith("shopping.md:4:") for line in said), said
    assert any(line.startswith("commerce.yaml:") and line.count(":") >= 3 for line in said), said
    assert db.read_now(documents.all_live, "agent") == [], "nothing is half there"


def test_a_broken_file_never_replaces_a_working_one(db: Database, own: Path) -> None:
    (own / "shopping.md").write_text(calmer())
    start(db, own)
    (own / "shopping.md").write_text(calmer().replace("- send_email", "- send_emial"))
    (own / "brand.md").write_text((SHIPPED_PROMPTS / "brand.md").read_text() + "\nMore.\n")
    problems = start(db, own)
    assert any("shopping.md:" in p and "send_emial" in p for p in problems)
    assert live(db, "agent", "shopping").text == calmer()
    assert live(db, "brand", "brand").author == SHIPPED, "a folder goes in whole or not at all"


def test_a_broken_pack_never_replaces_a_working_one(db: Database, own: Path) -> None:
    start(db)
    (own / "commerce.yaml").write_text(PACK.replace("customer.open_complaint\n", "customer.opn\n"))
    problems = start(db, None, own)
    assert problems and problems[0].startswith("commerce.yaml:")
    assert "customer.opn" in problems[0]
    assert live(db, "policy", "commerce").text == COMMERCE


def test_files_that_break_only_together_with_what_is_in_force_are_left_out(
    db: Database, own: Path
) -> None:
    """Somebody published an agent of the same goal; the folder's own would be a second one."""
    start(db)
    mine = AGENT.replace("name: shopping", "name: second")
    (own / "second.md").write_text(mine)
    problems = start(db, own)
    assert any(p.startswith("second.md:") or p.startswith("shopping.md:") for p in problems)
    assert set(db.read_now(library_in_force).agents) == {"shopping"}


def test_a_restart_does_not_undo_what_was_put(db: Database, own: Path) -> None:
    (own / "shopping.md").write_text(calmer())
    start(db, own)
    put(db, "agent", "shopping", AGENT + "\nBe brief.\n")
    put(db, "policy", "commerce", PACK.replace("version: 1", "version: 2"), version=2)
    assert start(db, own) == []
    assert live(db, "agent", "shopping").text.endswith("Be brief.\n")
    assert live(db, "policy", "commerce").version == 2


def test_a_shipped_upgrade_does_not_overrule_an_edited_text_but_comes_with_the_others(
    db: Database,
) -> None:
    start(db)
    put(db, "agent", "shopping", calmer())
    (shipped,) = read_files(None, None)
    brand = shipped.prompts["brand.md"] + "\nOne more line.\n"
    newer = {**shipped.prompts, "shopping.md": AGENT + "\nNew.\n", "brand.md": brand}
    upgraded = Written(SHIPPED, newer, shipped.packs)
    assert db.write_now(seed, [upgraded], at=NOW) == []
    assert live(db, "agent", "shopping").text == calmer()
    assert live(db, "brand", "brand").text == brand


def test_a_changed_pack_with_an_old_number_is_told_at_its_version(db: Database, own: Path) -> None:
    start(db)
    (own / "commerce.yaml").write_text(COMMERCE.replace("# 20 %", "# twenty"))
    (problem,) = start(db, None, own)
    line = COMMERCE.splitlines().index("version: 1") + 1
    assert problem.startswith(f"commerce.yaml:{line}:1: ") and "version: 2" in problem
    text = live(db, "policy", "commerce").text
    assert text == COMMERCE
    assert load_pack(text, file="x", library=shipped_packs()).version == 1


def test_what_cannot_be_read_is_a_problem_and_no_crash(db: Database, own: Path) -> None:
    start(db)
    (own / "shopping.md").write_bytes(b"\xff\xfe")
    (own / "commerce.yaml").write_bytes(b"\xff\xfe")
    problems = start(db, own, own)
    assert len(problems) == 2 and all(":1:1: " in p for p in problems)
    (gone,) = start(db, own / "nowhere")
    assert "no such folder" in gone


@pytest.mark.parametrize(
    "file", ["brand.md", "shopping.md", "shopping.rules.yaml", "messages/a.en.md"]
)
def test_a_file_and_its_document_name_each_other(file: str) -> None:
    assert file_of(*kind_of(file)) == file
