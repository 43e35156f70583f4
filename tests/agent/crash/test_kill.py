"""Killed without a word, at named and at random moments, and started again (P2, P3, P7, P8)."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from agent.settings import Settings
from store import audit, journal
from store.database import Database
from store.schema import contacts, decisions, effects, events, inbox
from tests.agent.crash.server import Server, Watch, message
from tools.channels.outbox import Outbox

PEOPLE = 12
DAY_US = 86_400 * 1_000_000
#: Moments in the life of an event: what appears in which table, seen from outside.
MOMENTS = {
    "something is accepted": ("inbox", "1"),
    "a decision is running": ("decisions", "status = 'running'"),
    "a contact is claimed": ("effects", "kind = 'contact'"),
    "a contact is settled": ("effects", "kind = 'contact' AND status = 'sent'"),
    "a decision is closed": ("decisions", "status <> 'running'"),
}


class Load:
    """Events that are sent until each has been answered with 200, under one id each."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._serial = 0
        self.answered: set[str] = set()
        self.unanswered: dict[str, dict[str, Any]] = {}

    def fresh(self, n: int) -> None:
        """Add events of every kind, of everybody."""
        for _ in range(n):
            user = f"p{self._chance.randrange(PEOPLE):02d}"
            self._serial += 1
            event_id = f"load-{self._serial}"
            event, properties = self._something(user)
            self.unanswered[event_id] = message(
                "track", user, event_id, event=event, properties=properties
            )

    def _something(self, user: str) -> tuple[str, dict[str, Any]]:
        dice = self._chance.random()
        if dice < 0.6:
            cart = f"{user}-{self._chance.randrange(3)}"
            item = {"sku": "SKU-1", "quantity": 1, "price_minor": 12_000}
            held = {"id": cart, "value_minor": 12_000, "currency": "EUR", "items": [item]}
            return "Cart Abandoned", {"cart": held}
        if dice < 0.75:
            return "Product Added", {"sku": "SKU-1"}
        if dice < 0.85:
            return f"Odd Thing {self._chance.randrange(4)}", {}
        if dice < 0.93:
            order = f"o{self._serial}"
            return "Order Completed", {"order_id": order, "total": 120, "currency": "EUR"}
        return "Consent Revoked", {"channel": "email", "purpose": "marketing"}

    def send(self, client: httpx.Client) -> None:
        """Send what is unanswered until the server is gone."""
        try:
            for event_id, body in list(self.unanswered.items()):
                answer = client.post("/v1/track", json=body)
                assert answer.status_code == 200, answer.text
                self.answered.add(event_id)
                del self.unanswered[event_id]
        except httpx.TransportError:
            return


def _prepare(client: httpx.Client) -> None:
    lamp = {"sku": "SKU-1", "name": "Lamp", "price_minor": 12_000, "cost_minor": 6_000}
    answer = client.put("/v1/products", json=[{**lamp, "currency": "EUR", "stock": 500}])
    assert answer.status_code == 200, answer.text
    batch = []
    for n in range(PEOPLE):
        user = f"p{n:02d}"
        traits = {"email": f"{user}@example.com", "timezone": "Etc/UTC"}
        agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
        batch.append(message("identify", user, f"i-{user}", traits=traits))
        batch.append(
            message("track", user, f"c-{user}", event="Consent Granted", properties=agreed)
        )
    assert client.post("/v1/batch", json={"batch": batch}).status_code == 200


def _lives(folder: Path, moments: list[str | int], *, seed: int, load: int) -> tuple[Server, Load]:
    """Start, load, kill; as often as there are moments; then let it end everything in peace.

    A moment is a name, or a number of answers after which it is killed.
    """
    server, sent = Server(folder), Load(random.Random(seed))
    client = server.start()
    try:
        _prepare(client)
        for moment in moments:
            sent.fresh(load)
            watch = Watch(folder)
            sending = threading.Thread(target=sent.send, args=(client,))
            if isinstance(moment, int):
                enough = len(sent.answered) + moment
                sending.start()
                while len(sent.answered) < enough and sending.is_alive():
                    sending.join(0.001)
            else:
                sending.start()
                watch.until_more(*MOMENTS[moment])
            server.kill()
            sending.join()
            watch.close()
            client.close()
            client = server.start()
        sent.send(client)
        assert not sent.unanswered
        for _ in range(3):
            moved = client.post("/v1/clock", json={"advance": "P1D"})
            assert moved.status_code == 200, moved.text
    finally:
        client.close()
        server.stop()
    return server, sent


def _look(folder: Path, sent: Load) -> None:
    """Nothing lost, nothing twice, nothing overspent, nothing unchained."""
    settings = Settings(data=folder)
    db = Database.open(folder, master=settings.master())
    try:
        rows = {
            table.name: [dict(row._mapping) for row in db.read_now(lambda c, t=table: _all(c, t))]
            for table in (inbox, events, decisions, effects, contacts)
        }
        assert {row["status"] for row in rows["inbox"]} == {"resolved"}
        assert len(rows["inbox"]) == len(sent.answered) + 2 * PEOPLE
        assert {row["state"] for row in rows["events"]} <= {"decided", "recorded", "withheld"}
        open_ones = {"running", "scheduled", "awaiting_approval", "failed"}
        amiss = [row["id"] for row in rows["decisions"] if row["status"] in open_ones]
        told = [db.read_now(journal.entries_of, db.vault, one)[-1].body for one in amiss]
        assert amiss == [], told
        reached = [row for row in rows["effects"] if row["kind"] == "contact"]
        assert {row["status"] for row in reached} <= {"sent", "cancelled", "preempted", "expired"}
        gone_out = {row["id"] for row in reached if row["status"] == "sent"}
        assert gone_out, "the load made no contact; it proves nothing"
        assert set(Outbox(folder / "outbox", db.vault).ids()) == gone_out
        _caps_hold([row for row in rows["contacts"] if row["effect_id"] in gone_out])
        assert {row["effect_id"] for row in rows["contacts"] if row["state"] == "committed"} == (
            gone_out
        )
        assert db.read_now(audit.verify, db.vault).problems == ()
    finally:
        db.close()


def _all(conn: Any, table: Any) -> Any:
    return conn.execute(select(table)).all()


def _caps_hold(made: list[dict[str, Any]]) -> None:
    """An oracle of its own: one a channel a day, three in any seven days."""
    a_day = Counter((row["customer_id"], row["channel"], row["local_day"]) for row in made)
    assert max(a_day.values()) == 1
    for row in made:
        week = [
            other
            for other in made
            if other["customer_id"] == row["customer_id"]
            and row["at"] <= other["at"] < row["at"] + 7 * DAY_US
        ]
        assert len(week) <= 3


def test_p7_killed_at_named_moments_it_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    moments: list[str | int] = ["a decision is running", "a contact is claimed", 9]
    _, sent = _lives(folder, moments, seed=1, load=24)
    _look(folder, sent)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(5))
def test_p7_killed_again_and_again_it_loses_nothing_and_repeats_nothing(
    tmp_path: Path, seed: int
) -> None:
    folder = tmp_path / "data"
    chance = random.Random(seed)
    moments: list[str | int] = [
        chance.choice([*MOMENTS, chance.randrange(1, 30)]) for _ in range(15)
    ]
    _, sent = _lives(folder, moments, seed=seed, load=40)
    _look(folder, sent)
