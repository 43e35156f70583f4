"""Files that people wrote and broke, and how each must be told: `FILE:LINE:COL: text`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from evals.flat_pack import flat_commerce
from prompts.library import SHIPPED as SHIPPED_PROMPTS

_PACK = flat_commerce()
_AGENT = (SHIPPED_PROMPTS / "shopping.md").read_text(encoding="utf-8")

#: By their place under the data folder.
BROKEN = {
    "policies/commerce.yaml": _PACK.replace("currency: EUR", "currency: euro?"),
    "prompts/shopping.md": _AGENT.replace("purpose: marketing", "purpose: pestering"),
    "prompts/messages/cart_reminder.en.md": "---\nclass: marketing\n---\n{{ broken\n",
    "prompts/shopping.rules.yaml": "goals: [recover_cart\n",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write them where a deployment has its own."""
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def is_place(line: str, file: str) -> bool:
    """Whether a line names a line and a column of this file and says something about it."""
    name = file.partition("/")[2]
    return re.fullmatch(rf"(?:\S*/)?{re.escape(name)}:[1-9]\d*:[1-9]\d*: .+", line) is not None
