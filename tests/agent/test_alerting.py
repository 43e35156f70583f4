"""Alerts: found, told once to whom settings name, told again when graver, closed when over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import OperationalError

from agent.alert_rules import of_files
from agent.alert_settings import AlertTarget, EmailTarget
from agent.alert_targets import AlertMail
from agent.alerting import Alerting
from agent.assembly import Parts
from store import alerts, brakes, closed_counts, counters, deliveries
from store.alerts import Finding
from store.brakes import Brake
from store.deliveries import LABEL, Delivery
from store.schema import deliveries as told_table
from store.schema import events, journal
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, sends
from tests.agent.stage import goods, person, recover
from tools.budgets import key_of
from tools.channels.channel import SendStatus
from tools.channels.receiver import Acknowledged, GivenUp, Receiver, TryAgain
from tools.channels.routing import Router
from tools.channels.scripted import Scripted

TARGETS: Mapping[str, AlertTarget] = {
    "team": EmailTarget(provider="email", to="ops@shop.example", least="warning")
}


class Desk:
    """A deployment and its alerts; nothing looks by itself."""

    def __init__(self, d: Deployment) -> None:
        self.d = d
        self.problems: list[str] = []
        made: Mapping[str, Receiver] = {}
        self.alerting = Alerting(
            d.runs.db,
            d.runs.clock,
            d.runs.env.shelf,
            pack_name="commerce",
            targets=TARGETS,
            made=made,
            problems=lambda: self.problems,
        )

    async def found(self) -> dict[str, str]:
        """Open alerts after a look: kind → how grave."""
        await self.alerting.look()
        page = await self.alerting.listing(open_only=True, limit=50)
        return {row["kind"]: row["severity"] for row in page["items"]}

    def told(self) -> list[dict[str, Any]]:
        """What the targets are told, as it was written."""
        vault = self.d.runs.db.vault
        rows = sorted(self.d.rows(told_table), key=lambda row: row["made_at"])
        return [vault.open_json(LABEL, row["body_sealed"]) for row in rows]


@asynccontextmanager
async def desk(folder: Path, **more: Any) -> AsyncIterator[Desk]:
    async with deployment(folder, **more) as d:
        await d.runs.alerting.stop()
        yield Desk(d)


async def test_nothing_to_look_at_is_no_alert(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        assert await one.found() == {}
        assert one.told() == []


async def test_a_question_is_noticed_and_becomes_due(tmp_path: Path) -> None:
    async with desk(tmp_path, stocked=False) as one:
        await goods(one.d.runs)
        await person(one.d.runs, "ada", orders=9, codes=8, ordered="2025-10-01")
        assert (await recover(one.d.runs, "ada"))["status"] == "awaiting_approval"
        assert await one.found() == {"approval_waiting": "notice"}
        assert one.told() == [], "this target asked for warnings and graver"
        await one.d.advance(hours=23, minutes=30)
        assert await one.found() == {"approval_waiting": "notice", "approval_due": "warning"}
        assert [body["kind"] for body in one.told()] == ["approval_due"]
        await one.d.answer("reject", reason="too much")
        await one.d.runs.idle()
        assert await one.found() == {}


async def test_an_open_alert_is_told_once_and_again_when_it_becomes_graver(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        db, now = one.d.runs.db, one.d.runs.clock.now_us()
        pack = db.read_now(one.d.runs.env.shelf.live, "commerce")
        key = key_of(pack.budgets[0], now)
        db.write_now(counters.set_ceiling, key, 500_000)
        db.write_now(counters.reserve, effect_id="eff_1", key=key, amount=400_000)
        assert await one.found() == {"budget": "warning"}
        await one.alerting.look()
        assert len(one.told()) == 1
        db.write_now(counters.reserve, effect_id="eff_2", key=key, amount=100_000)
        assert await one.found() == {"budget": "critical"}
        await one.alerting.look()
        assert [body["severity"] for body in one.told()] == ["warning", "critical"]
        assert "5,000.00 EUR" in one.told()[-1]["text"]
        db.write_now(counters.release, "eff_1")
        db.write_now(counters.release, "eff_2")
        assert await one.found() == {}
        closed = await one.alerting.listing(open_only=False, limit=50)
        assert [row["closed_at"] is not None for row in closed["items"]] == [True]


async def test_a_pulled_brake_is_told_with_who_and_why(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        brake = Brake("brk_1", "all", "hold", "ann", "the shop is down", one.d.runs.clock.now_us())
        one.d.runs.db.write_now(brakes.pull, brake)
        assert await one.found() == {"brake": "warning"}
        assert "ann" in one.told()[0]["text"] and "the shop is down" in one.told()[0]["text"]
        assert one.told()[0]["link"] == "/brake"


async def test_a_fact_that_suddenly_keeps_the_gate_shut_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        db, now = one.d.runs.db, one.d.runs.clock.now_us()
        day = 86_400_000_000
        for ago in range(1, 8):
            at = now - ago * day
            db.write_now(closed_counts.count, fact="cart.currency", action="offer", n=9, at=at)
        db.write_now(closed_counts.count, fact="cart.currency", action="offer", n=27, at=now)
        db.write_now(closed_counts.count, fact="customer.zones", action="contact", n=19, at=now)
        assert await one.found() == {}, "27 is three times a usual day and no more; 19 are too few"
        db.write_now(closed_counts.count, fact="customer.zones", action="contact", n=1, at=now)
        assert await one.found() == {"fail_closed_spike": "warning"}
        assert "customer.zones" in one.told()[0]["text"]


async def test_an_effect_that_nobody_knows_of_is_told(tmp_path: Path) -> None:
    lost = Scripted([SendStatus.UNKNOWN])
    parts = Parts(planner=ScriptedPlanner(sends()), channels={"email": lost})
    async with desk(tmp_path, parts=parts) as one:
        await one.d.person()
        await one.d.decide()
        assert (await one.found())["unknown_effect"] == "warning"


async def test_p7_a_dead_letter_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.d.person()
        await one.d.runs.idle()
        one.d.runs.db.write_now(lambda conn: conn.execute(update(events).values(state="dead")))
        assert (await one.found())["dead_letter"] == "warning"


async def test_broken_files_are_told_by_their_place(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.problems = ["commerce.yaml:3:1: unknown key 'limts'"]
        assert await one.found() == {"broken_pack": "critical"}
        assert one.told()[0]["text"] == one.problems[0]
        one.problems = []
        assert await one.found() == {}
    assert len(of_files(["a", "a", "b"])) == 2


async def test_p8_a_broken_chain_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.d.person()
        await one.d.decide()
        one.d.runs.db.write_now(
            lambda conn: conn.execute(
                update(journal).where(journal.c.seq == 1).values(epoch=journal.c.epoch + 1)
            )
        )
        assert (await one.found())["chain_broken"] == "critical"


async def test_what_is_found_and_what_is_told_are_written_together_or_not_at_all(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as one:
        db = one.d.runs.db
        one.problems = ["commerce.yaml:3:1: unknown key"]
        db.write_now(
            lambda conn: conn.execute(
                insert(told_table).values(
                    id=deliveries.id_of("alert:team", "x"),
                    target="alert:team",
                    kind="alert",
                    topic="alert",
                    dedupe_key="x",
                    state="done",
                    attempts=1,
                    made_at=1,
                    due_at=1,
                )
            )
        )
        db.write_now(lambda conn: conn.execute(text("ALTER TABLE deliveries RENAME TO away")))
        with pytest.raises(OperationalError, match="deliveries"):
            await one.alerting.look()
        db.write_now(lambda conn: conn.execute(text("ALTER TABLE away RENAME TO deliveries")))
        assert db.read_now(alerts.listing, open_only=True, limit=None) == []


def test_one_alert_a_kind_and_subject_however_often_it_is_found(tmp_path: Path) -> None:
    from store.database import Database

    db = Database.open(tmp_path)
    try:
        finding = Finding("brake", "brk_1", "warning", "stopped", "/brake")
        renew = alerts.renew
        first = db.write_now(renew, [finding, finding], ids=["alt_1", "alt_2"], now_us=1)
        again = db.write_now(renew, [finding], ids=["alt_3"], now_us=2)
        (row,) = db.read_now(alerts.listing, open_only=True, limit=None)
        assert ([one.id for one in first], again) == (["alt_1"], [])
        assert (row.n, row.first_at, row.last_at) == (2, 1, 2)
    finally:
        db.close()


async def test_an_alert_goes_by_the_live_email_channel(tmp_path: Path) -> None:
    delivery = Delivery(
        id="dlv_1",
        target="alert:team",
        kind="alert",
        topic="alert",
        customer_id=None,
        attempts=1,
        made_at=1_772_539_200_000_000,
        body={"kind": "brake", "severity": "warning", "text": "All stopped", "link": "/brake"},
    )
    script = [SendStatus.UNKNOWN, SendStatus.REFUSED, SendStatus.SENT]
    channel = Scripted(script)

    def mail(live: dict[str, Any]) -> AlertMail:
        return AlertMail(
            Router({}, live), "usher@shop.example", "ops@shop.example", "https://u.shop.example/"
        )

    assert isinstance(await mail({}).deliver(delivery), TryAgain)
    by = mail({"email": channel})
    answers = [await by.deliver(delivery) for _ in script]
    assert [type(answer) for answer in answers] == [TryAgain, GivenUp, Acknowledged]
    letter = channel.arrived[-1]
    assert letter.to == "ops@shop.example"
    assert b"Subject: Usher, warning: brake" in letter.raw
    assert b"https://u.shop.example/brake" in letter.raw
