"""Publishing: a broken pack never replaces a working one; each version stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.errors import Conflict, Invalid, NotFound
from agent.publishing import check
from evals.flat_pack import flat_commerce
from tests.agent.stage import goods, person, recover, stage

TEXT = flat_commerce()


def version(n: int, text: str = TEXT) -> str:
    return text.replace("version: 1", f"version: {n}")


async def test_a_new_version_is_in_force_for_the_next_decision(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        strict = TEXT.replace(
            "never_when: action.useful_minutes == 0", "never_when: action.useful_minutes >= 60"
        )
        told = await runs.publishing.put("commerce", version(2, strict), author="ann")
        assert (told["version"], told["author"]) == (2, "ann")
        decision = await recover(runs, "ada")
        assert decision["policy"]["version"] == 2 and decision["status"] == "no_action"
        shown = await runs.publishing.get("commerce")
        assert [v["version"] for v in shown["versions"]] == [2, 1]
        assert all(rule["because"] for rule in shown["rules"])


async def test_what_is_broken_or_misnamed_or_old_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        with pytest.raises(Invalid, match=r"commerce.yaml:\d+:\d+: "):
            await runs.publishing.put("commerce", TEXT.replace("hard:", "hrd:"), author="ann")
        with pytest.raises(Invalid, match="is the pack 'commerce'"):
            await runs.publishing.put("other", TEXT, author="ann")
        with pytest.raises(Conflict, match="version: 2"):
            await runs.publishing.put("commerce", TEXT + "# changed\n", author="ann")
        with pytest.raises(NotFound):
            await runs.publishing.get("other")
        listed = [(pack["name"], pack["version"]) for pack in await runs.publishing.listing()]
        assert listed == [
            *(("commerce", 1), ("finance", 1), ("organisation", 1), ("travel", 1)),
        ]


def test_a_check_names_every_place() -> None:
    assert check(TEXT, file="mine.yaml") == {
        "ok": True, "problems": [], "policy": "commerce", "version": 1,
    }  # fmt: skip
    told = check(TEXT.replace("currency: EUR", "currency: euro"), file="mine.yaml")
    assert not told["ok"] and all(p.startswith("mine.yaml:") for p in told["problems"])


async def test_compiling_a_text_holds_nobody_else_up(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        served = asyncio.Event()
        asyncio.get_running_loop().call_soon(served.set)
        with pytest.raises(Invalid):
            await runs.publishing.put("commerce", TEXT.replace("hard:", "hrd:"), author="ann")
        assert served.is_set()
