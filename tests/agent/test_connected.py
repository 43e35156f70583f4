"""An erasure and who knows of it: the receipt says so as it stands, and the proof waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import Conflict
from tests.agent.deployment import deployment
from tests.webhook_peer import Peer, peer


@pytest.fixture(scope="module")
def other() -> Iterator[Peer]:
    with peer() as running:
        yield running


async def test_p10_until_a_system_has_acknowledged_the_receipt_names_it_and_the_proof_is_not_clean(
    tmp_path: Path, other: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_KEY", "SG.key")
    mail = {"provider": "sendgrid", "url": f"{other.url}/once401", "key_env": "MAIL_KEY"}
    systems = {"mail": {**mail, "marketing_only": True}}
    async with deployment(tmp_path / "data", systems=systems) as made:
        runs = made.runs
        ours = await made.person("ada")
        receipt = await runs.people.erase("ada", by="ann")
        assert [each["system"] for each in receipt["systems"]] == ["mail"]
        while (now := await runs.connected.told_of(ours))[0]["state"] != "dead":
            await asyncio.sleep(0.01)
        kept = await runs.people.receipt(ours)
        assert kept is not None
        [standing] = kept["systems"]
        assert (standing["state"], standing["acknowledged"]) == ("dead", False)
        told = await runs.proving.prove("ada@example.com")
        assert told["clean"] is False
        assert {place["where"] for place in told["found"]} == {"deliveries"}
        assert any("mail has not acknowledged the erasure" in said for said in told["limits"])
        await runs.connected.again(now[0]["id"])
        while not (kept := await runs.people.receipt(ours) or {})["systems"][0]["acknowledged"]:
            await asyncio.sleep(0.01)
        with pytest.raises(Conflict, match="only a dead delivery"):
            await runs.connected.again(now[0]["id"])
        while not (told := await runs.proving.prove("ada@example.com"))["clean"]:
            assert {place["where"] for place in told["found"]} <= {"deliveries"}
        assert told["systems"][0]["acknowledged"] is True


async def test_a_system_whose_secret_is_missing_stops_the_start_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = {"provider": "webhook", "url": "https://crm.example/x", "secret_env": "CRM_SECRET"}
    said = "systems.crm: secret_env names CRM_SECRET"
    with pytest.raises(Conflict, match=f"{said}, which is not set"):
        async with deployment(tmp_path / "data", systems={"crm": crm}):
            pass
    monkeypatch.setenv("CRM_SECRET", "sesame")
    with pytest.raises(Conflict, match=f"{said}: a webhook's secret is") as told:
        async with deployment(tmp_path / "data", systems={"crm": crm}):
            pass
    assert "sesame" not in str(told.value)
