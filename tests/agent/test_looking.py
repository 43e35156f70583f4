"""What operators see of a person beside the profile: all with its time, nothing once erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import Gone
from agent.messages import Suppress
from customers import memory_text
from tests.agent.deployment import HOUR_US, Deployment, deployment


def noon(made: Deployment) -> int:
    return made.runs.clock.now_us()


async def seen(made: Deployment, user: str = "ada") -> dict[str, Any]:
    await made.runs.idle()
    return await made.runs.people.look(await made.runs.people.find(user))


async def test_what_was_said_has_its_time_and_its_source(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        await made.person(city="Ulm")
        traits = {trait["name"]: trait for trait in (await seen(made))["traits"]}
        assert traits["city"] == {
            "name": "city",
            "value": "Ulm",
            "at": noon(made),
            "source": "identify",
        }


async def test_consent_is_told_for_every_channel_and_purpose_also_what_was_never_said(
    tmp_path: Path,
) -> None:
    async with deployment(tmp_path) as made:
        await made.person()
        told = {(c["channel"], c["purpose"]): c for c in (await seen(made))["consents"]}
        assert len(told) == 4
        assert told["email", "marketing"]["state"] == "granted"
        assert told["email", "marketing"]["at"] == noon(made)
        assert told["sms", "service"] == {
            "channel": "sms",
            "purpose": "service",
            "state": "absent",
            "at": None,
            "expires_at": None,
            "evidence": {},
        }


async def test_why_and_by_whom_contact_was_stopped(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        await made.person()
        stop = Suppress(scope="all", reason="asked on the phone")
        await made.runs.people.suppress("ada", stop, by="ann")
        [told] = (await seen(made))["suppressions"]
        assert (told["by"], told["reason"]) == ("ann", "asked on the phone")
        await made.runs.people.lift("ada", scope="all", channel=None)
        assert (await seen(made))["suppressions"] == []


async def test_effects_are_told_sent_or_not_newest_first(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        await made.person()
        await made.decide()
        [sent] = (await seen(made))["effects"]
        assert (sent["status"], sent["channel"], sent["mode"]) == ("sent", "email", "sandbox")
        assert sent["settled_at"] == noon(made)


async def test_a_complaint_is_open_and_remembered(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        await made.person()
        await made.track("Complaint Received", text="it came broken")
        told = await seen(made)
        assert told["complaint"]
        assert [(m["text"], m["withheld"]) for m in told["memories"]] == [("it came broken", None)]


async def test_a_memory_that_agents_are_not_told_is_shown_with_why(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        ours = await made.person()
        for text, purpose, until, more in (
            ("old", "any", noon(made), {}),
            ("new", "any", noon(made) + 1, {"topic": "size"}),
            ("theirs", "service", None, {}),
            ("former", "any", None, {"topic": "size"}),
            ("ill", "any", None, {"sensitivity": "sensitive"}),
        ):
            await made.runs.db.write(
                memory_text.remember,
                made.runs.db.vault,
                memory_id=f"mem_{text}",
                customer_id=ours,
                kind="reply",
                text=text,
                source_id=None,
                at=noon(made) - (text == "former"),
                purpose=purpose,
                expires_at=until,
                **more,
            )
        told = {m["text"]: m["withheld"] for m in (await seen(made))["memories"]}
        assert told == {
            "old": "expired",
            "new": None,
            "theirs": "kept for service, not used for marketing",
            "former": "superseded by a newer one",
            "ill": "sensitive, not used for marketing",
        }


async def test_p10_nothing_is_seen_of_whom_is_erased_but_the_receipt(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        ours = await made.person()
        assert await made.runs.people.receipt(ours) is None
        told = await made.runs.people.erase("ada", by="ann")
        kept = await made.runs.people.receipt(ours)
        assert kept is not None and kept["id"] == told["id"]
        assert "ada@example.com" not in str(kept) and "Ada" not in str(kept)
        with pytest.raises(Gone):
            await made.runs.people.find(ours)
        assert await made.runs.people.newest(limit=10) == []


async def test_the_newest_people_come_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    async with deployment(tmp_path) as made:
        ids = [await made.person(user) for user in ("ada", "ben", "cleo")]
        found = await made.runs.people.newest(limit=2)
        assert [one["id"] for one in found] == ids[:0:-1]
        assert all(abs(one["created_at"] - noon(made)) < HOUR_US for one in found)
