"""What a restored database believes: what may have been sent counts, what was under way is over."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.backup import Sources, make, read_manifest
from agent.errors import Conflict, Invalid
from agent.restore_folder import erasures_in, mark_in_place, restore
from agent.restoring import mark
from agent.settings import Settings
from store.database import Database
from store.ledger import EffectStatus
from store.lock import FolderLock
from store.schema import brakes, contacts, customers, effects
from tests.agent.deployment import (
    Deployment,
    ScriptedPlanner,
    agent_file,
    deployment,
    sends,
    write,
)
from tests.store.effect_of import claim, effect
from tools.channels.channel import Letter
from tools.channels.scripted import Scripted

NIGHT = "2026-03-03T22:00:00Z"


def settings(folder: Path) -> Settings:
    return Settings(data=folder, clock=NIGHT, settle=0, embedder="hashing")  # type: ignore[arg-type]


def backed_up(d: Deployment, to: Path, **more: Any) -> Path:
    make(Sources.of(d.runs.settings), to, **more)
    return to


def parts(channel: Scripted, *answers: Any) -> Parts:
    planner = ScriptedPlanner(*(answers or (sends(), sends(), sends())))
    return Parts(planner=planner, channels={"email": channel})


async def test_p2_a_claim_in_the_backup_is_unknown_and_counts(tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def hang(letter: Letter) -> None:
        reached.set()
        await asyncio.Event().wait()

    old, kept, new = tmp_path / "old", tmp_path / "kept", tmp_path / "new"
    async with deployment(old, parts=parts(Scripted(before_asking=hang))) as d:
        await d.person()
        await d.trigger(wait=0)
        await reached.wait()
        backed_up(d, kept)
    done = restore(kept, settings(new), keys=old)
    assert (done.marked.unknown, done.marked.unfinished) == (1, 0)
    channel = Scripted(deduplicates=True)
    async with deployment(new, parts=parts(channel), stocked=False) as d:
        await d.runs.idle()
        assert [row["status"] for row in d.contacts()] == ["unknown"]
        assert [row["state"] for row in d.rows(contacts)] == ["committed"]
        assert (await d.latest())["outcome"]["kind"] == "unconfirmed"
        assert channel.tried == 0
        d.everything_ended()


async def test_p3_what_the_original_may_have_decided_on_is_not_decided_again(
    tmp_path: Path,
) -> None:
    """Answered and not acted on, waiting, to be looked at again: over. News after it: decided."""
    old, kept, new = tmp_path / "old", tmp_path / "kept", tmp_path / "new"
    agents = write(
        tmp_path / "a", shopping=agent_file("shopping", "recover_cart", autonomy="assisted")
    )
    async with deployment(old, parts=parts(Scripted()), prompts=agents) as d:
        await d.person()
        await d.person("bob")
        assert (await d.decide())["status"] == "awaiting_approval"
        d.runs.approving._wake = d.runs.dispatcher._again.add
        await d.answer("approve")
        await d.runs.dispatcher.stop()
        await d.trigger("bob", wait=0)
        await d.runs.resolver.reached(d.runs._seq)
        backed_up(d, kept)
    done = restore(kept, settings(new), keys=old)
    assert (done.marked.unfinished, done.marked.not_looked_again) == (1, 1)
    channel = Scripted()
    async with deployment(new, parts=parts(channel), stocked=False, prompts=agents) as d:
        await d.runs.idle()
        assert d.statuses() == ["completed"]
        assert "recorded" in d.states()
        await d.runs.brake.lift(done.marked.brake_id, by="ann")
        await d.runs.idle()
        assert channel.tried == 0
        assert d.statuses() == ["completed"]
        assert (await d.decide("bob"))["status"] == "awaiting_approval"
        d.everything_ended()


async def test_p10_whoever_was_erased_since_the_backup_is_erased_again(tmp_path: Path) -> None:
    old, kept, new = tmp_path / "old", tmp_path / "kept", tmp_path / "new"
    async with deployment(old, parts=parts(Scripted()), clock=NIGHT) as d:
        ada, bob = await d.person(), await d.person("bob")
        assert (await d.decide())["status"] == "scheduled"
        backed_up(d, kept)
        await d.runs.people.erase("ada", by="ann")
    done = restore(kept, settings(new), keys=old, until_us=0)
    assert (done.marked.erased_again, done.marked.unknown) == (1, 0)
    async with deployment(new, parts=parts(Scripted()), stocked=False, clock=NIGHT) as d:
        await d.runs.idle()
        erased = {row["id"]: row["erased_at"] is not None for row in d.rows(customers)}
        assert erased == {ada: True, bob: False}
        assert [row["status"] for row in d.contacts()] == ["cancelled"]
        assert await d.runs.people.find("bob") == bob
        d.everything_ended()


async def test_p10_keys_in_a_backup_are_said_and_named(tmp_path: Path) -> None:
    old, kept, new = tmp_path / "old", tmp_path / "kept", tmp_path / "new"
    async with deployment(old, parts=parts(Scripted())) as d:
        ada = await d.person()
        backed_up(d, kept, with_keys=True)
        receipt = await d.runs.people.erase("ada", by="ann")
    assert "Erase them again" in read_manifest(kept)["says"]
    assert erasures_in(json.dumps(receipt)) == [ada]
    done = restore(kept, settings(new))
    assert done.with_keys
    assert done.marked.erased_again == 0


async def test_a_backup_that_is_not_whole_and_a_folder_in_use_are_refused(tmp_path: Path) -> None:
    old, kept, new = tmp_path / "old", tmp_path / "kept", tmp_path / "new"
    async with deployment(old, parts=parts(Scripted())) as d:
        await d.person()
        await d.decide()
        backed_up(d, kept)
        with pytest.raises(Conflict, match="stop it"):
            mark_held(old)
    with pytest.raises(Invalid, match="name with --keys"):
        restore(kept, settings(new))
    with pytest.raises(Conflict, match="not empty"):
        restore(kept, settings(old), keys=old)
    for path, says in (("usher.db", "not what was written"), ("policies/x.yaml", "does not name")):
        broken = tmp_path / path.replace("/", "_")
        shutil.copytree(kept, broken)
        (broken / path).parent.mkdir(exist_ok=True)
        with (broken / path).open("ab") as file:
            file.write(b"x")
        with pytest.raises(Invalid, match=says):
            restore(broken, settings(new), keys=old)
    with pytest.raises(Invalid, match="no backup"):
        restore(old, settings(new), keys=old)
    assert not (new / "usher.db").exists()


def mark_held(folder: Path) -> None:
    """What marking says of a folder that somebody works on."""
    lock = FolderLock(folder)
    lock.take()
    try:
        mark_in_place(settings(folder))
    finally:
        lock.release()


def test_what_was_loaded_by_other_means_is_put_on_hold_on_both_databases(
    any_database: Database,
) -> None:
    db = any_database
    [ada] = db.vault.reserve(1)

    def begin(conn: Any) -> None:
        for n, hour in ((1, 5), (2, 6)):
            mail = effect(ada, n, status=EffectStatus.SCHEDULED, not_before=hour)
            assert claim(conn, db.vault, mail)

    def standing(conn: Any) -> tuple[list[str], dict[str, str]]:
        pulled = [row.scope for row in conn.execute(brakes.select())]
        return pulled, {row.id: row.status for row in conn.execute(effects.select())}

    db.write_now(begin)
    for unknown in (1, 0):  # marking again changes nothing
        marked = db.write_now(
            mark,
            db.vault,
            brake_id="brk_1",
            now_us=5,
            until_us=5,
            made_at=None,
            keyed=[ada],
        )
        assert (marked.brake_id, marked.unknown, marked.waiting) == ("brk_1", unknown, 1)
        assert db.read_now(standing) == (["all"], {"eff_1": "unknown", "eff_2": "scheduled"})
