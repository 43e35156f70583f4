"""The watched folder: what people save there is in force a moment later, or its problem is told."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.pack_files import Found
from agent.runs import Runs
from agent.watching import FolderWatch
from policies.pack import load_pack
from tests.agent.stage import goods, person, recover, stage
from tests.tools.pack_texts import commerce, on_top, organisation

EYES = ("currency: EUR", "currency: EUR\nfour_eyes: true")
_PATIENCE_S = 60


async def until(holds: Callable[[], Any]) -> None:
    """Wait until it is so; how long that takes is nobody's business."""

    async def look() -> None:
        while True:
            said = holds()
            if said if not asyncio.iscoroutine(said) else await said:
                return
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), _PATIENCE_S)


def version(runs: Runs, name: str = "commerce") -> Callable[[], Any]:
    async def newest() -> int:
        found = {p["name"]: p["version"] for p in await runs.publishing.listing()}
        return int(found.get(name, 0))

    return newest


async def test_a_saved_file_is_in_force_and_a_broken_one_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        folder = tmp_path / "policies"
        folder.mkdir()
        file = folder / "commerce.yaml"

        async def at(n: int) -> bool:
            return bool(await version(runs)() == n)

        file.write_text(commerce(2))
        await until(lambda: at(2))
        (newest, _) = (await runs.publishing.get("commerce"))["versions"]
        assert (newest["author"], newest["approver"]) == ("files", None)
        file.write_text(commerce(3).replace("hard:", "hrd:"))
        await until(lambda: runs.publishing.problems)
        assert runs.publishing.problems[0].startswith("commerce.yaml:")
        assert await at(2)
        old = commerce(2, ("max: 3, ", "max: 1, "))
        file.write_text(old)
        await until(lambda: "version: 3" in "".join(runs.publishing.problems))
        line = old.splitlines().index("version: 2") + 1
        assert runs.publishing.problems[0].startswith(f"commerce.yaml:{line}:1: ")
        file.write_text(commerce(3))
        await until(lambda: at(3))
        await until(lambda: not runs.publishing.problems)
        assert (await recover(runs, "ada"))["policy"]["version"] == 3
        file.unlink()
        shutil.rmtree(folder)
        await asyncio.sleep(0)
        folder.mkdir()
        (folder / "commerce.yaml").write_text(commerce(4))
        await until(lambda: at(4))


async def test_texts_that_stand_on_each_other_come_together(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_text(on_top("shop", goals="recover_cart", most=1_900))
    (folder / "b.yaml").write_text(organisation(1))
    async with stage(tmp_path) as runs:
        assert {p["name"] for p in await runs.publishing.listing()} >= {"shop", "house"}
        (folder / "b.yaml").write_text(organisation(2, ("value: 2000", "value: 1500")))
        # A file may be seen half written first; what is wrong with the whole of it comes after.
        await until(lambda: any("a.yaml:6:20:" in said for said in runs.publishing.problems))
        (folder / "a.yaml").write_text(on_top("shop", 2, goals="recover_cart", most=1_400))

        async def both() -> bool:
            at = [await version(runs, name)() for name in ("shop", "house")]
            return at == [2, 2]

        await until(both)
        assert (await runs.publishing.get("shop"))["in_force"]["version"] == 2


async def test_where_four_eyes_are_asked_for_a_file_is_a_proposal(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await runs.publishing.put("commerce", commerce(2, EYES), author="ann")
        folder = tmp_path / "policies"
        folder.mkdir()
        (folder / "commerce.yaml").write_text(commerce(3))

        async def waiting() -> list[dict[str, Any]]:
            found = await runs.publishing.changes("commerce")
            return [change for change in found if change["status"] == "waiting"]

        await until(waiting)
        assert [c["author"] for c in await waiting()] == ["files"]
    async with stage(tmp_path) as runs:
        (change,) = await waiting()
        assert (await runs.publishing.get("commerce"))["version"] == 2, "nor does a restart"
        await runs.publishing.decide("commerce", change["id"], "publish", by="ann")
        assert (await runs.publishing.get("commerce"))["version"] == 3


async def test_a_folder_that_was_named_and_is_not_there_is_told(tmp_path: Path) -> None:
    told: list[Found] = []

    async def take(found: Found) -> None:
        told.append(found)

    for must, problems in ((True, 1), (False, 0)):
        told.clear()
        watch = FolderWatch(tmp_path / "nowhere", take, must=must)
        watch.start()
        await until(lambda: told)
        await watch.stop()
        assert len(told) == 1 and len(told[0].problems) == problems


async def test_a_fault_while_looking_does_not_end_the_watch(tmp_path: Path) -> None:
    asked: list[Found] = []

    async def take(found: Found) -> None:
        asked.append(found)
        if len(asked) == 1:
            raise OSError("not now")

    watch = FolderWatch(tmp_path, take, must=True)
    watch.start()
    await until(lambda: len(asked) == 2)
    await watch.stop()


async def test_half_a_file_is_not_taken_though_it_reads_well(tmp_path: Path) -> None:
    whole = commerce(2)
    half = whole[: whole.index("caps:")] + whole[whole.index("tables:") :]
    load_pack(half, file="commerce.yaml")  # a pack without its caps, and nothing wrong with it
    looks = [Found({"commerce.yaml": text}) for text in ("", half, whole, whole)]
    taken: list[Found] = []

    async def take(found: Found) -> None:
        taken.append(found)

    watch = FolderWatch(
        tmp_path, take, must=False, read=lambda _: looks.pop(0) if len(looks) > 1 else looks[0]
    )
    watch.start()
    await until(lambda: taken)
    await watch.stop()
    assert taken == [Found({"commerce.yaml": whole})]
