"""What a result is a result of: digests of everything that it depends on.

Two results are alike only where all of it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.documents import shipped_packs
from evals import case_files
from evals.flat_pack import flat_commerce
from policies.pack import load_pack
from prompts.library import Library
from store import documents

_ROOM = Path(__file__).parent
#: Whatever grades, and whatever makes what is graded: a change of either makes another measure.
GRADER = (
    "bad_agents.py",
    "case_files.py",
    "case_grading.py",
    "case_run.py",
    "cohort.py",
    "final_store.py",
    "gold.py",
    "house.py",
    "oracle.py",
    "record.py",
    "scoring.py",
    "ungoverned.py",
    "worlds/catalogue.py",
    "worlds/people.py",
    "worlds/response.py",
    "worlds/shop.py",
)


def grader_digest() -> str:
    """A sha256 over the grader's own source."""
    total = hashlib.sha256()
    for name in GRADER:
        for part in (name.encode(), (_ROOM / name).read_bytes()):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def identity(
    *,
    suite: str,
    cases: Sequence[str],
    world: dict[str, Any],
    trials: int,
    models: dict[str, str | None],
) -> dict[str, Any]:
    """The identity of a result. `models`: by planner, the model's name where there is one."""
    text = flat_commerce()
    pack = load_pack(text, file="commerce.yaml", library=shipped_packs())
    return {
        "suite": suite,
        "grader": grader_digest(),
        "cases": {"sha256": case_files.digest_of(), "chosen": list(cases)},
        "world": world,
        "trials": trials,
        "models": models,
        "prompts": Library.read().digest(),
        "pack": {"name": pack.name, "version": pack.version, "sha256": documents.digest(text)},
    }
