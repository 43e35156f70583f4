"""Proving that nothing of an erased person is left, on a whole deployment (P10)."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import insert

from agent.errors import Invalid, NotFound
from agent.file_search import search, store_of
from customers.proof import needles_of
from store.schema import metadata, subject_keys, tickets
from tests.agent.deployment import CART, Deployment, deployment
from tests.databases import Place

USER, MAIL, PHONE = "ada-lovelace-1815", "ada.lovelace@customer.example", "+493023125000"
DEVICE = "device-of-ada"
EVERY = (USER, MAIL, PHONE, DEVICE)


async def live(d: Deployment) -> str:
    """Somebody with identifiers of every kind, a letter, memories; and Bob beside them."""
    stated = {"email": MAIL, "phone": PHONE, "firstName": "Ada", "timezone": "Etc/UTC"}
    who = {"userId": USER, "anonymousId": DEVICE}
    await d.say({"type": "identify", **who, "traits": stated})
    await d.track("Consent Granted", user=USER, channel="email", purpose="marketing", source=MAIL)
    await d.track("Message Replied", user=USER, text=f"I am {MAIL}", channel="email")
    await d.runs.idle()
    await d.decide(USER)
    await d.person("robert")
    await d.decide("robert", cart=CART | {"id": "cart_2"})
    return await d.runs.people.find(USER)


async def erased(d: Deployment) -> str:
    ours = await live(d)
    await d.runs.people.erase(USER, by="ann")
    return ours


def found(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["where"], each.get("column") or each.get("file")) for each in told["found"]}


def by_store(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["store"]: each for each in told["searched"]}


async def test_p10_nothing_of_an_erased_person_is_found_by_any_identifier(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        await erased(d)
        assert d.letters(), "somebody else's letter is there"
        for reference in (*EVERY, MAIL.upper(), "+49 30 23125000"):
            told = await d.runs.proving.prove(reference)
            assert told["clean"] is True, told["found"] + told["unsearched"]
            assert (told["erased"], told["keys_left"], told["rows_left"]) == (True, 0, {})
            assert (told["found"], told["found_total"], told["tombstones"]) == ([], 0, 4)
        searched = by_store(told)
        assert {table.name for table in metadata.sorted_tables} <= set(searched)
        assert searched["journal"]["sealed_unreadable"] > 0 < searched["journal"]["sealed_opened"]
        assert searched["outbox files"]["sealed_opened"] == len(d.letters())
        assert searched["database files"]["files"] >= 2 and searched["key table"]["files"] >= 1
        assert searched["memory vectors"]["bytes"] > 0 < searched["other files"]["bytes"]
        assert (await d.runs.proving.prove(MAIL))["clean"] is True, "again, with the same answer"


async def test_p10_kinds_of_references_are_told(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        ours = await erased(d)
        kinds = {r: (await d.runs.proving.prove(r))["reference_kind"] for r in (*EVERY, ours)}
        assert list(kinds.values()) == ["user_id", "email", "phone", "anonymous_id", "our id"]


async def test_p10_by_our_id_keys_and_rows_are_checked_and_the_rest_is_asked_for(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path / "data") as d:
        ours = await erased(d)
        told = await d.runs.proving.prove(ours)
        assert told["clean"] is True
        assert any("give the identifier itself" in said for said in told["limits"])


async def test_p10_planted_copies_are_found_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with deployment(folder) as d:
        await erased(d)
        await d.runs._forgetting.idle()
        (folder / "exports").mkdir()
        (folder / "exports" / "old.csv").write_bytes(b"x" * 99 + MAIL.upper().encode())
        (folder / "outbox" / "stray").write_bytes(b"to: " + base64.b64encode(MAIL.encode()))
        (folder / "memory" / "stray").write_text(json.dumps({"of": MAIL}))
        (folder / "admin.key").write_text(MAIL)
        (folder / f"{MAIL}.txt").write_text("nothing")
        await d.say({"type": "identify", "userId": "robert", "traits": {"mentor": MAIL}})
        await d.runs.idle()
        told = await d.runs.proving.prove(MAIL)
        assert told["clean"] is False and told["erased"] is True
        assert {
            ("other files", "exports/old.csv"),
            ("other files", "admin.key"),
            ("outbox files", "outbox/stray"),
            ("memory vectors", "memory/stray"),
            ("customers", "profile_sealed"),
            ("events", "body_sealed"),
        } <= found(told)
        [csv] = [each for each in told["found"] if each.get("file") == "exports/old.csv"]
        assert (csv["offset"], csv["encoding"]) == (99, "UTF-8")
        [named] = [each for each in told["found"] if each["encoding"] == "in its name"]
        assert named["where"] == "other files"
        assert "lovelace" not in json.dumps(told).lower(), "places are told, not what stands there"
        assert (await d.runs.proving.prove(PHONE))["clean"] is True


async def test_p10_a_mention_in_somebody_elses_letter_is_found(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        await erased(d)
        told = await d.runs.proving.prove(PHONE)
        before = by_store(told)["outbox files"]["found"]
        await d.person("carla", firstName=f"Ask {PHONE}")
        await d.decide("carla", cart=CART | {"id": "cart_3"})
        assert any(PHONE.encode() in letter.raw for letter in d.letters())
        told = await d.runs.proving.prove(PHONE)
        assert before == 0 < by_store(told)["outbox files"]["found"]
        assert any(place[0] == "outbox files" for place in found(told))


async def test_p10_who_is_not_erased_is_not_clean_and_it_is_said(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        await live(d)
        told = await d.runs.proving.prove(MAIL)
        assert (told["clean"], told["erased"], told["keys_left"]) == (False, False, 1)
        assert ("identifiers", "value_sealed") in found(told)
        assert "not erased" in told["limits"][0]
        assert not any(each["found"] for each in told["searched"] if each["store"].endswith("base"))


async def test_p10_whoever_nobody_knows_proves_nothing(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        await erased(d)
        with pytest.raises(NotFound, match="would prove nothing"):
            await d.runs.proving.prove("ada.lovelance@customer.example")


async def test_p10_an_identifier_that_is_too_short_is_refused(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        ours = await d.person("ada")
        await d.runs.people.erase("ada", by="ann")
        with pytest.raises(Invalid, match="give a longer one"):
            await d.runs.proving.prove("ada")
        assert (await d.runs.proving.prove(ours))["clean"] is True
        assert (await d.runs.proving.prove("ada@example.com"))["clean"] is True


async def test_p10_a_key_or_a_row_that_was_left_is_not_clean(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        ours = await erased(d)
        d.runs.db.vault.ensure(ours)
        told = await d.runs.proving.prove(MAIL)
        assert (told["clean"], told["keys_left"]) == (False, 1)
        assert ("key table", "keys.db") in found(told)
        d.runs.db.vault.destroy([ours])
        assert (await d.runs.proving.prove(MAIL))["clean"] is True
        row = {"id": "tic_1", "effect_id": "eff_1", "decision_id": "dec_1", "customer_id": ours}
        row |= {"queue": "q", "priority": "low", "at": 1, "status": "open", "body_sealed": b""}
        await d.runs.db.write(lambda conn: conn.execute(insert(tickets).values(**row)).rowcount)
        told = await d.runs.proving.prove(MAIL)
        assert (told["clean"], told["rows_left"]) == (False, {"tickets": 1})


async def test_p10_what_is_no_file_is_passed_over_and_what_cannot_be_opened_is_not_clean(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    async with deployment(folder) as d:
        await erased(d)
        (folder / "loop").symlink_to("loop")
        (folder / "round").symlink_to(folder)
        with socket.socket(socket.AF_UNIX) as there:
            there.bind(str(folder / "s"))
            assert (await d.runs.proving.prove(MAIL))["clean"] is True, "none of these holds a byte"
        [letter, *_] = sorted((folder / "outbox").glob("*.sealed"))
        letter.write_bytes(letter.read_bytes()[:-1] + b"\0")
        told = await d.runs.proving.prove(MAIL)
        assert told["clean"] is False
        assert any("outbox files" in said for said in told["unsearched"])


async def test_p10_the_search_waits_for_compaction_and_two_do_not_meet(tmp_path: Path) -> None:
    async with deployment(tmp_path / "data") as d:
        await erased(d)
        both = await asyncio.gather(d.runs.proving.prove(MAIL), d.runs.proving.prove(USER))
        assert [told["clean"] for told in both] == [True, True]
        assert d.runs.ready and (await d.decide("robert"))["status"] != "failed"


async def test_p10_a_reference_is_neither_logged_nor_among_a_process_s_arguments(
    tmp_path: Path,
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with deployment(tmp_path / "data") as d:
            await erased(d)
            told = await d.runs.proving.prove(MAIL)
            with pytest.raises(NotFound) as refused:
                await d.runs.proving.prove(f"x{MAIL}")
    assert "lovelace" not in (str(logged) + str(refused.value) + json.dumps(told)).lower()


async def test_p10_on_postgresql_rows_are_searched_and_what_is_out_of_reach_is_said(
    tmp_path: Path, postgresql_place: Place
) -> None:
    folder = postgresql_place.folder
    async with deployment(folder, database_url=postgresql_place.url) as d:
        ours = await erased(d)
        told = await d.runs.proving.prove(MAIL)
        assert told["clean"] is True, told
        assert any("database server cannot be reached" in said for said in told["limits"])
        assert by_store(told)["database files"]["files"] == 0
        assert by_store(told)["journal"]["sealed_unreadable"] > 0
        key = {"id": "00", "subject": ours, "wrapped": b"", "created_at": 1}
        await d.runs.db.write(
            lambda conn: conn.execute(insert(subject_keys).values(**key)).rowcount
        )
        assert (await d.runs.proving.prove(MAIL))["keys_left"] == 1


# -- files ---


@pytest.mark.parametrize(
    ("file", "store"),
    [
        ("usher.db-wal", "database files"),
        ("keys.db", "key table"),
        ("outbox/eff_1.sealed", "outbox files"),
        ("memory.new/chroma.sqlite3", "memory vectors"),
        ("prompts/usher.db", "other files"),
        ("admin.key", "other files"),
    ],
)
def test_every_file_belongs_to_a_store(file: str, store: str) -> None:
    assert store_of(Path(file)) == store


def test_p10_a_folder_that_is_a_link_is_searched_and_its_name_too(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "disk", tmp_path / "data"
    elsewhere.mkdir()
    folder.mkdir()
    (elsewhere / "letter").write_bytes(MAIL.encode("utf-16-le"))
    (folder / "outbox").symlink_to(elsewhere)
    (folder / MAIL).mkdir()
    (folder / "nowhere").symlink_to(folder / "gone")
    result = search(folder, needles_of([MAIL]))
    assert {(each["where"], each["encoding"]) for each in result.found} == {
        ("outbox files", "UTF-16-LE"),
        ("other files", "in its name"),
    }
    assert result.unread == []
