"""Lanes: whoever holds the newest epoch works, and nobody else changes anything (P4)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from store import lanes
from store.database import Database
from store.lanes import StaleEpoch
from tests.databases import Place
from tests.store.waiting import until_somebody_waits


def test_an_opened_lane_stands_at_its_beginning(any_database: Database) -> None:
    any_database.write_now(lanes.open_lane, "cus_a")
    any_database.write_now(lanes.open_lane, "cus_a")
    any_database.write_now(lanes.hold, "cus_a", 0)


def test_p4_each_taker_gets_an_epoch_of_its_own(any_database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: any_database.write_now(lanes.take, "cus_a"), range(24)))
    assert sorted(taken) == list(range(1, 25))


def test_p4_a_stale_holder_is_refused_and_changes_nothing(any_place: Place) -> None:
    paused, newer = any_place.open(), any_place.open()
    held = paused.write_now(lanes.take, "cus_a")
    taken = newer.write_now(lanes.take, "cus_a")

    def work(conn: Connection, epoch: int) -> None:
        lanes.hold(conn, "cus_a", epoch)
        lanes.open_lane(conn, f"mark_of_{epoch}")

    with pytest.raises(StaleEpoch, match=f"cus_a has left epoch {held}"):
        paused.write_now(work, held)
    newer.write_now(work, taken)
    with pytest.raises(StaleEpoch):
        newer.write_now(lanes.hold, f"mark_of_{held}", 0)
    newer.write_now(lanes.hold, f"mark_of_{taken}", 0)
    paused.close()
    newer.close()


def test_p4_nobody_holds_a_lane_that_is_not_there(any_database: Database) -> None:
    with pytest.raises(StaleEpoch):
        any_database.write_now(lanes.hold, "cus_a", 0)


def test_p4_a_lane_that_is_held_cannot_be_taken_before_the_unit_ends(
    postgresql_place: Place,
) -> None:
    first, second = postgresql_place.open(), postgresql_place.open()
    epoch = first.write_now(lanes.take, "cus_a")
    holding, let_go = threading.Event(), threading.Event()
    order: list[str] = []

    def hold(conn: Connection) -> None:
        lanes.hold(conn, "cus_a", epoch)
        holding.set()
        assert let_go.wait(60)
        order.append("held")

    def take(conn: Connection) -> int:
        taken = lanes.take(conn, "cus_a")
        order.append("taken")
        return taken

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(first.write_now, hold)
        assert holding.wait(60)
        taking = pool.submit(second.write_now, take)
        until_somebody_waits(first)
        assert not taking.done()
        let_go.set()
        held.result()
        assert taking.result() == epoch + 1
    assert order == ["held", "taken"]
    first.close()
    second.close()


def test_p4_who_waited_for_a_lane_and_lost_it_is_refused(postgresql_place: Place) -> None:
    first, second = postgresql_place.open(), postgresql_place.open()
    epoch = first.write_now(lanes.take, "cus_a")
    taken, let_go = threading.Event(), threading.Event()

    def take_slowly(conn: Connection) -> None:
        lanes.take(conn, "cus_a")
        taken.set()
        assert let_go.wait(60)

    with ThreadPoolExecutor(2) as pool:
        taking = pool.submit(first.write_now, take_slowly)
        assert taken.wait(60)
        holding = pool.submit(second.write_now, lanes.hold, "cus_a", epoch)
        until_somebody_waits(first)
        let_go.set()
        taking.result()
        with pytest.raises(StaleEpoch):
            holding.result()
    first.close()
    second.close()
