"""The access archive: everything of one person, nothing of anybody else, readable and harmless."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import insert, select

from agent.access_archive import DATA, LEFT_OUT, README, AccessArchive
from agent.errors import Gone, NotFound
from customers import merge_log, split, suppression
from customers.resolve import find, was_erased
from store.clock import SimulatedClock
from store.database import Database
from store.schema import customers, inbox, memories, metadata, tickets
from store.sealing import Erased
from tests.agent.deployment import CART, Deployment, deployment
from tests.customers.house import House
from tests.customers.people import NOW, Town, identify, track

#: Elements that bring something in from elsewhere or carry something out.
ACTIVE = {"script", "img", "link", "iframe", "object", "embed", "form", "svg", "base", "audio"}
OF_BOB = ("bob", "laughing", "493023125001")


@pytest.fixture
def house(any_database: Database) -> House:
    return House(Town(any_database))


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def opened(packed: bytes) -> tuple[dict[str, Any], str]:
    with ZipFile(BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [README, DATA]
        return json.loads(archive.read(DATA)), archive.read(README).decode()


def read(page: str) -> Page:
    found = Page()
    found.feed(page)
    return found


def leaves(value: Any) -> Iterator[str]:
    """Every text and number in a JSON value."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def archived(house: House, tmp_path: Path, reference: str | None = None) -> bytes:
    """The archive of the house's Ada, or of whoever else it is."""
    town = house.town

    async def whose(said: str) -> str:
        customer_id: str | None = town.db.read_now(find, town.vault, said)
        if customer_id is None and town.db.read_now(was_erased, town.vault, said):
            raise Gone("this person was erased")
        if customer_id is None:
            raise NotFound("nobody is known by this reference")
        return customer_id

    made = AccessArchive(town.db, SimulatedClock(NOW), tmp_path, find=whose)
    return asyncio.run(made.archive(reference or house.ada))


def sealed_values(town: Town, everyone: set[str]) -> Iterator[tuple[str, bytes]]:
    """Everything sealed of these people: the column, and what is in it."""
    for table in metadata.sorted_tables:
        owners = [table.c[n] for n in ("customer_id", "into_id", "absorbed_id") if n in table.c]
        if table is customers:
            owners = [table.c.id]
        for column in table.c:
            if not column.name.endswith("_sealed"):
                continue
            name = f"{table.name}.{column.name.removesuffix('_sealed')}"
            for owner in owners:
                for (sealed,) in town.rows(select(column).where(owner.in_(everyone))):
                    if sealed is not None:
                        yield name, town.vault.open(name, sealed)


def values_of(data: bytes) -> set[str]:
    try:
        return set(leaves(json.loads(data)))
    except ValueError:
        return {data.decode()}


def test_every_sealed_value_of_the_person_is_in_it(house: House, tmp_path: Path) -> None:
    town = house.town
    town.run(
        suppression.suppress,
        town.vault,
        suppression_id="sup_1",
        customer_id=house.ada,
        scope="all",
        by="ann",
        reason="she called and cried",
        now_us=NOW,
    )
    ticket = {"id": "tic_1", "effect_id": "eff_t", "decision_id": "dec_t", "queue": "care"}
    body = town.vault.seal_json(house.ada, "tickets.body", {"note": "call her back"})
    values = {**ticket, "customer_id": house.ada, "priority": "high", "at": NOW, "status": "open"}
    town.run(lambda c: c.execute(insert(tickets).values(**values, body_sealed=body)))

    data, page = opened(archived(house, tmp_path))
    there = set(leaves(data))
    seen = set()
    for name, value in sealed_values(town, {house.ada, house.absorbed}):
        seen.add(name)
        assert values_of(value) <= there, name
    assert {
        "approvals.body",
        "consents.evidence",
        "customers.profile",
        "effects.body",
        "events.body",
        "identifiers.value",
        "journal.body",
        "journeys.context",
        "memories.text",
        "merges.absorbed_before",
        "offers.code",
        "orders.body",
        "suppressions.reason",
        "tickets.body",
    } <= seen, "the furnished person has something of everything that is sealed"
    assert data["set_aside"][0]["body"]["userId"] == "ada"
    assert data["previous_ids"] == [house.absorbed]
    assert {i["value"]: i["first_seen_at"] for i in data["identifiers"]}["ada"] == NOW
    said = read(page).text
    for word in ("ada.lovelace@example.com", "+493023125000", "she called and cried", "CODEADA2"):
        assert word in said
    for word in ("ORDER-ADA", "weeping", "550 no such mailbox", "call her back", house.absorbed):
        assert word in said


def test_nothing_of_anybody_else_is_in_it(house: House, tmp_path: Path) -> None:
    packed = archived(house, tmp_path)
    with ZipFile(BytesIO(packed)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode().casefold()
            for word in (*OF_BOB, house.bob.casefold()):
                assert word not in text, f"{word} in {name}"
    data, page = opened(archived(house, tmp_path, house.bob))
    assert "laughing" in read(page).text and "weeping" not in read(page).text
    assert not any("lovelace" in value for value in leaves(data))


def test_nobody_elses_dead_letters_are_in_it(house: House, tmp_path: Path) -> None:
    data, _ = opened(archived(house, tmp_path))
    dead = house.town.rows(select(inbox).where(inbox.c.status == "dead"))
    assert len(dead) == 2 and len(data["set_aside"]) == 1


def test_every_table_with_somebodys_rows_is_in_it_or_left_out_by_name(
    house: House, tmp_path: Path
) -> None:
    data, _ = opened(archived(house, tmp_path))
    of_people = {t.name for t in metadata.sorted_tables if "customer_id" in t.c}
    assert of_people - LEFT_OUT <= set(data)
    assert of_people >= LEFT_OUT and not LEFT_OUT & set(data)


def test_no_keyed_hash_is_handed_out(house: House, tmp_path: Path) -> None:
    data, _ = opened(archived(house, tmp_path))
    names = {key for key in leaves(data) if re.fullmatch(r"\w+_hash", key)}
    assert names <= {"prev_hash"}, names


def test_of_a_merge_that_was_undone_only_ones_own_side_is_told(
    house: House, tmp_path: Path
) -> None:
    town = house.town
    alias = {"type": "alias", "userId": "ada", "previousId": "bob"}
    both = town.who(alias)
    [merge] = [
        row
        for row in town.db.read_now(merge_log.of_customers, [both])
        if {row.into_id, row.absorbed_id} == {house.ada, house.bob}
    ]
    done = town.run(
        split.split, town.vault, merge_id=merge.id, by="ann", reason="they are two", now_us=NOW + 1
    )
    assert {done.into, done.absorbed} == {house.ada, house.bob}
    data, _ = opened(archived(house, tmp_path, house.ada))
    [undone] = [row for row in data["merges"] if row.get("undone_at") is not None]
    own = "into" if done.into == house.ada else "absorbed"
    assert set(undone) == {
        "id", "why", "at", "by", "undone_at", "undone_by", f"{own}_before"
    }  # fmt: skip
    mine = json.dumps(undone[f"{own}_before"])
    assert "weeping" in mine and "laughing" not in mine


def test_what_can_no_longer_be_opened_is_said(house: House, tmp_path: Path) -> None:
    town = house.town
    stranger = town.who(identify("eve", email="eve@example.com"))
    sealed = town.vault.seal(stranger, "memories.text", b"a word")
    known = dict(
        town.rows(select(memories).where(memories.c.customer_id == house.ada).limit(1))[0]._mapping
    )
    town.run(
        lambda c: c.execute(insert(memories).values(**known | {"id": "x", "text_sealed": sealed}))
    )
    town.vault.destroy([stranger])
    with pytest.raises(Erased):
        town.vault.open("memories.text", sealed)
    data, page = opened(archived(house, tmp_path))
    [lost] = [m for m in data["memories"] if m["id"] == "x"]
    assert (lost["text"], lost["unreadable"]) == (None, ["text"])
    assert "can no longer be read" in read(page).text


def test_p10_somebody_erased_has_no_archive(house: House, tmp_path: Path) -> None:
    house.erase()
    for reference in ("ada.lovelace@example.com", house.ada, house.absorbed):
        with pytest.raises(Gone):
            archived(house, tmp_path, reference)
    with pytest.raises(NotFound):
        archived(house, tmp_path, "nobody-here")


def test_markup_is_shown_and_never_run(house: House, tmp_path: Path) -> None:
    town = house.town
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}</pre>"
    town.who(track("Complaint Received", "ada", text=attack))
    town.who(identify("ada", **{"nick<b>": attack}))
    _, page = opened(archived(house, tmp_path))
    found = read(page)
    assert attack in found.text, "it is shown as it was written"
    assert not ACTIVE & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert not [name for name, _ in found.attributes if name in ("src", "href", "action")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in found.attributes


async def test_a_whole_deployments_person_is_told_with_decisions_and_letters(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path / "data") as d:
        ada = await d.person("ada")
        await d.person("robert")
        sent = await d.decide("ada")
        await d.decide("robert", cart=CART | {"id": "cart_2"})
        await d.track("Message Replied", user="ada", text="not now, please", channel="email")
        await d.track("Order Completed", user="ada", order_id="o-17", total=20, currency="EUR")
        await d.runs.idle()
        data, page = opened(await d.runs.access.archive("ada@example.com"))
        letters = [letter for letter in d.letters() if letter.to == "ada@example.com"]
        assert data["id"] == ada and len(data["events"]) == len(own_events(d, ada)) > 3
        [decision] = [x for x in data["decisions"] if x["id"] == sent["id"]]
        projected = await d.decision(sent["id"])
        assert {name: decision[name] for name in projected} == projected
        assert decision["entries"][0]["kind"] == "opened"
        boxed = [e["outbox"]["raw"] for e in data["effects"] if e["outbox"]]
        assert boxed == [letter.raw.decode() for letter in letters] != []
        said = read(page).text
        assert decision["summary"] in said and "not now, please" in said and "o-17" in said
        assert "20.00 EUR" in said and "Message Replied" in said
        assert "robert" not in page and "robert" not in json.dumps(data)
        await d.runs.people.erase("ada", by="ann")
        with pytest.raises(Gone):
            await d.runs.access.archive(ada)


def own_events(d: Deployment, customer_id: str) -> list[dict[str, Any]]:
    return d.rows(metadata.tables["events"], customer_id=customer_id)
