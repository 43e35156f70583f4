"""What is built and committed: the wheel is whole, the locks are exact, no file names a machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.source import ROOMS, ROOT, ROOT_MODULES, project_files, room_of

LOCKS = ("requirements.lock", "requirements-dev.lock")
LONGEST = 400

#: Put together here, so that this file does not hold what it looks for.
_FOLDERS = "|".join(["work", "root", "farm", "tmp", "home"])
_MACHINE = re.compile(rf"(?<![\w.])/(?:{_FOLDERS})/")
_REGISTRY = re.compile(
    "|".join(["py" + "pi[.]org", "python" + "hosted", "--(extra-)?index" + "-url"])
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy so that the checkout stays as it is."""
    copy = tmp_path_factory.mktemp("source")
    for path in project_files():
        if room_of(path) not in {"tests", "docs", ".ci"}:
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out", "."],
        cwd=copy,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout[-2_000:] + built.stderr[-2_000:]
    return zipfile.ZipFile(next((copy / "out").glob("usher-*.whl")))


def test_the_wheel_holds_every_file_of_every_room(wheel: zipfile.ZipFile) -> None:
    packed = set(wheel.namelist())
    ours = {
        str(path.relative_to(ROOT))
        for path in project_files()
        if room_of(path) in {*ROOMS, *ROOT_MODULES}
    }
    assert not ours - packed


def test_the_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert "usher = cli:main" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_exact_versions_with_hashes_and_nothing_else(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        assert re.fullmatch(
            r"[a-z0-9][a-z0-9._-]*==[^\s;]+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line
        ), line[:120]


def test_both_locks_name_the_same_versions() -> None:
    runtime, development = (_versions(lock) for lock in LOCKS)
    assert runtime <= development


def test_everything_declared_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for lock, declared in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-dev.lock", project["optional-dependencies"]["dev"]),
    ):
        names = {name for name, _ in _versions(lock)}
        for line in declared:
            name = re.split(r"[\[<>=]", line, maxsplit=1)[0].lower().replace(".", "-")
            assert name in names, f"{name} is not in {lock}; run make lock"


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in project_files()
        for number, line in enumerate(_lines(path), 1)
        if _MACHINE.search(line) or _REGISTRY.search(line)
    ]
    assert not found


def test_no_source_file_is_longer_than_it_should_be() -> None:
    long = {
        str(path.relative_to(ROOT)): len(_lines(path))
        for path in project_files()
        if path.suffix == ".py" and len(_lines(path)) > LONGEST
    }
    assert not long


def test_every_decision_is_linked_from_the_index_of_the_documents() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((decisions/[^)#]+)\)", index))
    written = {
        f"decisions/{path.name}" for path in project_files() if path.parent.name == "decisions"
    }
    assert written == linked


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = []
    for path in project_files():
        if path.suffix == ".md" and room_of(path) not in {"prompts", "evals"}:
            for target in re.findall(r"\]\(([^)\s]+)\)", "\n".join(_lines(path))):
                file = target.partition("#")[0]
                if file and "://" not in target and not (path.parent / file).exists():
                    broken.append(f"{path.relative_to(ROOT)} -> {target}")
    assert not broken


def _versions(lock: str) -> set[tuple[str, str]]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, flags=re.M))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
