"""The project's own source, for tests that read it: which files, which imports, of which room."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("agent", "api", "console", "customers", "evals", "policies", "prompts", "store", "tools")
ROOT_MODULES = ("cli", "server")
OURS = frozenset((*ROOMS, *ROOT_MODULES))


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: the file it stands in, its line, the module it names."""

    file: Path
    line: int
    module: str

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is committed or about to be; nothing that `.gitignore` names."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    paths = [ROOT / name for name in listed.split("\0") if name]
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files(*rooms: str) -> list[Path]:
    """Python files of those rooms; a root module is a room of its own."""
    return [path for path in project_files() if path.suffix == ".py" and room_of(path) in rooms]


def room_of(path: Path) -> str:
    """`agent` for `agent/runs.py`, `cli` for `cli.py`."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Every import in the file, those inside functions and under TYPE_CHECKING too."""
    return tuple(_imports(path, ast.parse(path.read_text(encoding="utf-8"), str(path))))


def _imports(path: Path, tree: ast.Module) -> Iterator[Import]:
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield Import(path, node.lineno, module)
