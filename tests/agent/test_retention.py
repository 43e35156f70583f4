"""Retention under simulated time: only what is due goes, nobody held is touched, caps count on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import update

from agent.assembly import Parts, open_runs
from agent.messages import Suppress
from agent.retention import CapsNeedThem, Retention
from agent.retention_times import CLASSES, microseconds
from agent.settings import Settings
from agent.sweeping import ROWS
from evals.flat_pack import flat_commerce
from store import audit
from store.clock import SystemClock
from store.schema import (
    contacts,
    customers,
    effects,
    events,
    inbox,
    journeys,
    memories,
    suppressions,
    tombstones,
)
from tests.agent.canaries import Asked
from tests.agent.deployment import (
    CART,
    HOUR_US,
    NOON,
    Deployment,
    ScriptedPlanner,
    deployment,
    does,
    sends,
)
from tests.agent.test_anchoring import Bell
from tests.databases import Place

YEAR = 365
ALL: dict[str, str] = {
    "events": "P2Y",
    "memories": "P1Y",
    "outbox": "P180D",
    "contacts": "P2Y",
    "inbox_reasons": "P90D",
}


async def live(d: Deployment, user: str = "ada") -> str:
    """A cart recovered, a word remembered, an answer of the journey's end. Returns our id."""
    customer_id = await d.person(user)
    await d.track("Message Replied", user=user, text="I like it blue", channel="email")
    await d.decide(user, cart=CART | {"id": f"cart-{user}"})
    await d.runs.idle()
    await d.runs.env.recall.index()
    return customer_id


def held_rows(d: Deployment, customer_id: str) -> dict[str, int]:
    tables = (events, memories, contacts)
    found = {table.name: len(d.rows(table, customer_id=customer_id)) for table in tables}
    theirs = {row["id"] for row in d.rows(effects, customer_id=customer_id)}
    return found | {"outbox": len(theirs & set(d.outbox.ids()))}


async def test_only_what_is_due_goes_and_each_class_by_its_own_time(any_place: Place) -> None:
    parts = Parts(planner=ScriptedPlanner(sends()))
    place = {"database_url": any_place.url}
    async with deployment(any_place.folder, parts=parts, retention=ALL, **place) as d:
        ada = await live(d)
        first = held_rows(d, ada)
        assert min(first.values()) > 0
        await d.advance(days=100)
        ended = held_rows(d, ada)
        assert ended["contacts"] == first["contacts"] and ended["outbox"] == first["outbox"]
        await d.advance(days=100)
        assert held_rows(d, ada)["outbox"] == 0
        assert held_rows(d, ada)["memories"] > 0
        await d.advance(days=2 * YEAR - 201)
        assert held_rows(d, ada)["contacts"] == first["contacts"]
        assert held_rows(d, ada)["events"] >= first["events"]
        await d.track("Product Viewed")
        await d.runs.idle()
        await d.advance(days=2)
        left = held_rows(d, ada)
        assert (left["contacts"], left["outbox"]) == (0, 0)
        assert len(d.rows(events)) == 1
        assert len(d.rows(effects)) > 0 and d.rows(customers, id=ada)[0]["erased_at"] is None
        d.everything_ended()


async def test_memories_go_with_their_vectors_and_vectors_first(tmp_path: Path) -> None:
    deleted: list[tuple[list[str], int]] = []

    class Watching(Asked):
        def delete(self, ids: Any) -> None:
            deleted.append((list(ids), len(d.rows(memories))))
            super().delete(ids)

    vectors = Watching(tmp_path / "memory")
    async with deployment(
        tmp_path / "data", parts=Parts(vectors=vectors), retention={"memories": "P1Y"}
    ) as d:
        ada = await d.person()
        await d.track("Message Replied", text="I like it blue", channel="email")
        await d.runs.idle()
        await d.runs.env.recall.index()
        ids = {row["id"] for row in d.rows(memories, customer_id=ada)}
        assert vectors.count() == len(ids) > 0
        await d.advance(days=YEAR - 1)
        assert deleted == []
        await d.advance(days=2)
        assert d.rows(memories) == [] and vectors.count() == 0
        assert [(set(gone), there) for gone, there in deleted] == [(ids, len(ids))]


async def test_nobody_held_is_touched_nor_who_is_one_with_them(any_place: Place) -> None:
    everything = ALL | {"idle_profiles": "P1Y"}
    place = {"database_url": any_place.url}
    async with deployment(any_place.folder, retention=everything, **place) as d:
        device = {"anonymousId": "device-1"}
        await d.say({"type": "track", "event": "Product Viewed", **device})
        ada, bob = await live(d), await live(d, "bob")
        await d.say({"type": "identify", "userId": "ada", "traits": {}, **device})
        await d.runs.people.hold("ada", on=True)
        await d.runs.idle()
        await d.advance(days=30)
        before = [row for row in d.rows(events) if row["customer_id"] != bob]
        kept = {name: held_rows(d, ada)[name] for name in ("memories", "contacts", "outbox")}
        await d.advance(days=3 * YEAR)
        after = [row for row in d.rows(events) if row["customer_id"] != bob]
        assert {row["id"] for row in before} <= {row["id"] for row in after}
        assert {name: held_rows(d, ada)[name] for name in kept} == kept
        assert d.rows(customers, id=ada)[0]["erased_at"] is None
        assert d.rows(customers, id=bob)[0]["erased_at"] is not None


async def test_a_second_sweep_finds_nothing_and_the_journal_still_verifies(tmp_path: Path) -> None:
    async with deployment(tmp_path, retention=ALL) as d:
        await live(d)
        await d.advance(days=2 * YEAR + 10)
        there = {t.name: len(d.rows(t)) for t in (events, memories, contacts, effects, inbox)}
        taken = {each["class"]: each for each in await d.runs.retention.status()}
        assert {name: taken[name]["due"] for name in CLASSES} == dict.fromkeys(CLASSES, 0)
        assert taken["memories"]["swept_last"]["error"] is None
        await d.advance(days=1)
        assert {
            t.name: len(d.rows(t)) for t in (events, memories, contacts, effects, inbox)
        } == there
        assert not d.runs.db.read_now(audit.verify, d.runs.db.vault).problems


async def test_what_a_crash_left_half_done_is_done_at_the_next_start(tmp_path: Path) -> None:
    class Failing(Asked):
        def delete(self, ids: Any) -> None:
            super().delete(ids)
            raise OSError("the process stops here")

    folder = tmp_path / "data"
    kept = {"memories": "P30D"}
    failing = Parts(vectors=Failing(folder / "memory"))
    async with deployment(folder, parts=failing, retention=kept) as d:
        await d.person()
        await d.track("Message Replied", text="I like it blue", channel="email")
        await d.runs.idle()
        await d.runs.env.recall.index()
        await d.advance(days=40)
        [status] = [s for s in await d.runs.retention.status() if s["class"] == "memories"]
        assert status["swept_last"]["error"] == "OSError" and status["due"] > 0
    async with deployment(folder, stocked=False, retention=kept) as d:
        await d.advance(minutes=1)
        assert d.rows(memories) == []


async def test_nothing_that_caps_count_changes(tmp_path: Path) -> None:
    """The same contacts are refused for the same caps, swept or not."""
    said: list[list[str]] = []
    for number, kept in enumerate(({}, {"contacts": "P90D", "events": "P1D", "memories": "P1D"})):
        parts = Parts(planner=ScriptedPlanner(*[sends()] * 20))
        async with deployment(tmp_path / str(number), parts=parts, retention=kept) as d:
            await d.person()
            verdicts = []
            for day in range(12):
                await d.trigger(cart=CART | {"id": f"cart-{day}"})
                await d.advance(days=1 if day < 8 else 20)
                verdicts.append(d.statuses()[-1])
            said.append([*verdicts, *sorted(row["status"] for row in d.contacts())])
    assert said[0] == said[1] and len(set(said[0])) > 1


async def test_an_idle_person_is_erased_and_comes_back_with_a_consent_only(tmp_path: Path) -> None:
    async with deployment(tmp_path, retention={"idle_profiles": "P1Y"}) as d:
        ada = await d.person()
        bob = await d.person("bob")
        cem = await d.person("cem")
        stop = Suppress(scope="purpose", reason="they asked for it")
        await d.runs.people.suppress("cem", stop, by="ann")
        await d.advance(days=200)
        await d.track("Product Viewed", user="bob")
        await d.runs.idle()
        await d.advance(days=YEAR - 200 - 1)
        assert not any(row["erased_at"] for row in d.rows(customers))
        await d.advance(days=30)
        erased = {row["id"] for row in d.rows(customers) if row["erased_at"]}
        assert erased == {ada}
        assert {row["customer_id"] for row in d.rows(tombstones)} == {ada}
        assert d.rows(suppressions, customer_id=cem) != []
        await d.track("Product Viewed")
        await d.runs.idle()
        assert {row["id"] for row in d.rows(customers)} == {ada, bob, cem}
        await d.runs._forgetting.idle()


async def test_contacts_stay_for_a_pack_that_counts_longer_from_now_on(tmp_path: Path) -> None:
    window = "max: 3, window: {rolling: P7D}, per: person"
    assert window in flat_commerce()
    parts = Parts(planner=ScriptedPlanner(sends()))
    async with deployment(tmp_path, parts=parts, retention={"contacts": "P90D"}) as d:
        ada = await live(d)
        first = held_rows(d, ada)["contacts"]
        assert first > 0
        for version, longer, days, said in (
            (2, "max: 3, window: {rolling: P200D}, per: person", 150, "caps in force need 231 d"),
            (3, "max: 9, window: {ever: true}, per: journey", 400, "without an end"),
        ):
            text = flat_commerce().replace(window, longer)
            text = text.replace("version: 1", f"version: {version}", 1)
            await d.runs.publishing.put("commerce", text, author="ann")
            await d.advance(days=days)
            assert held_rows(d, ada)["contacts"] == first
            [told] = [s for s in await d.runs.retention.status() if s["class"] == "contacts"]
            assert said in told["held_back"] and told["due"] == 0
        text = flat_commerce().replace("version: 1", "version: 4", 1)
        await d.runs.publishing.put("commerce", text, author="ann")
        await d.advance(days=1)
        assert held_rows(d, ada)["contacts"] == 0


async def test_events_of_an_open_journey_stay_until_it_has_ended(tmp_path: Path) -> None:
    later = does("check_back", after_minutes=3 * 1_440, because="later")
    parts = Parts(planner=ScriptedPlanner(later))
    async with deployment(tmp_path, parts=parts, retention={"events": "P1D"}) as d:
        await d.person()
        await d.trigger()
        [open_journey] = d.rows(journeys, status="open")
        theirs = d.rows(events, journey_id=open_journey["id"])
        assert theirs
        await d.advance(days=2)
        assert d.rows(events) == theirs
        await d.advance(days=20)
        assert d.rows(journeys, status="open") == [] and d.rows(events) == []
        d.everything_ended()


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_a_hold_that_comes_between_finding_and_deleting_holds(
    name: str, tmp_path: Path
) -> None:
    async with deployment(tmp_path) as d:
        await live(d)
        rows, db = ROWS[name], d.runs.db
        db.write_now(lambda conn: conn.execute(update(inbox).values(reason="because")))
        before = d.runs.clock.now_us() + HOUR_US
        page = db.read_now(rows.page, before=before)
        db.write_now(lambda conn: conn.execute(update(journeys).values(status="closed")))
        assert page.keys or name == "events"
        page = db.read_now(rows.page, before=before)
        assert page.keys
        await d.runs.people.hold("ada", on=True)
        assert db.write_now(rows.go, page.keys, before=before) == 0
        await d.runs.people.hold("ada", on=False)
        assert db.write_now(rows.go, page.keys, before=before) == len(page.keys)
        assert db.read_now(rows.page, before=before).keys == []


async def test_a_class_without_a_setting_is_kept_for_good(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        ada = await live(d)
        before = held_rows(d, ada)
        await d.advance(days=10 * YEAR)
        assert all(held_rows(d, ada)[name] >= n for name, n in before.items())
        for each in await d.runs.retention.status():
            assert (each["kept_for"], each["due"], each["swept_last"]) == (None, 0, None)


async def test_reasons_in_the_inbox_go_and_their_rows_stay(tmp_path: Path) -> None:
    async with deployment(tmp_path, retention={"inbox_reasons": "P90D"}) as d:
        await d.person()
        await d.runs.people.erase("ada", by="ann")
        await d.track("Product Viewed")
        await d.runs.idle()
        rows = d.rows(inbox)
        assert any(row["reason"] for row in rows)
        await d.advance(days=91)
        assert [row["seq"] for row in d.rows(inbox)] == [row["seq"] for row in rows]
        assert not any(row["reason"] for row in d.rows(inbox))
        await d.runs._forgetting.idle()


@pytest.mark.parametrize("kept", ["P30D", "P61D", "P1D"])
def test_contacts_that_caps_count_must_be_kept_or_nothing_starts(kept: str, tmp_path: Path) -> None:
    settings = {"data": tmp_path, "clock": NOON, "embedder": "hashing"}
    with pytest.raises(CapsNeedThem, match=r"retention: contacts are kept for P\d+D, .* need P"):
        open_runs(Settings(**settings, retention={"contacts": kept}))


@pytest.mark.parametrize(
    "retention",
    [
        {"decisions": "P3Y"},
        {"events": "P1M"},
        {"events": "P0D"},
        {"events": "PT1H"},
        {"events": "P"},
        {"events": "2Y"},
    ],
)
def test_what_is_no_class_or_no_time_is_an_error(retention: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="retention"):
        Settings(retention=retention)


@pytest.mark.parametrize(
    ("said", "days"), [("P2Y", 730), ("P26W", 182), ("P90D", 90), ("P1Y2W3D", 382)]
)
def test_how_long_is_years_weeks_and_days(said: str, days: int) -> None:
    assert microseconds(said) == days * 86_400 * 1_000_000


async def test_by_the_machines_clock_it_is_looked_at_every_hour(tmp_path: Path) -> None:
    async with deployment(tmp_path, retention=ALL) as d:
        runs, bell = d.runs, Bell()
        retention = Retention(
            runs.db,
            SystemClock(),
            runs.env.recall,
            runs._forgetting,
            d.outbox,
            runs.env.shelf,
            {"memories": "P1D"},
            sleep=bell,
        )
        await d.person()
        await d.track("Message Replied", text="I like it blue", channel="email")
        await runs.idle()
        runs.db.write_now(lambda conn: conn.execute(update(memories).values(at=1)))
        retention.start()
        await bell.sleeping.wait()
        assert d.rows(memories) != []
        await bell.ring()
        assert d.rows(memories) == []
        await retention.stop()
        assert bell.asked == [120.0, 3_600.0]
