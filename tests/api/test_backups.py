"""A lost server is restored from its backup, by real processes; nothing goes out twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.processes import environment, serving
from tests.api.service import PRODUCTS, Api, trigger
from tests.source import ROOT

LATE = "2026-03-03T22:00:00Z"


def usher(*arguments: str, code: int = 0) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def say(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    answer = client.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def wake(client: httpx.Client, user: str, zone: str) -> str:
    """A cart of somebody is abandoned at night; how its decision ends."""
    traits = {"email": f"{user}@example.com", "timezone": zone}
    say(client, "POST", "/v1/identify", {"userId": user, "traits": traits})
    agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
    said = {"userId": user, "event": "Consent Granted", "properties": agreed}
    say(client, "POST", "/v1/track", said)
    decision = say(client, "POST", "/v1/triggers?wait=30", trigger(user))
    return str(decision["status"])


def letters(folder: Path) -> set[str]:
    return {path.name for path in (folder / "outbox").glob("eff_*")}


def to(client: httpx.Client, at: str) -> None:
    say(client, "POST", "/v1/clock", {"to": at})


@pytest.mark.timeout(240)
def test_p3_a_restored_server_is_on_hold_and_sends_nothing_that_was_sent(tmp_path: Path) -> None:
    lost, kept, fresh = tmp_path / "lost", tmp_path / "kept", tmp_path / "fresh"
    with serving(lost, USHER_CLOCK=LATE) as served, served.client() as client:
        say(client, "PUT", "/v1/products", PRODUCTS)
        assert wake(client, "ada", "Etc/UTC") == "scheduled"  # tomorrow at eight
        assert wake(client, "bob", "America/New_York") != "scheduled"  # it is day there
        assert wake(client, "cyd", "Asia/Tokyo") == "scheduled"  # at eight in Tokyo: 23:00 UTC
        before = letters(lost)
        told = usher("backup", str(kept), "--data", str(lost))
        assert "keys are not in this backup" in told
        to(client, "2026-03-03T23:30:00Z")
        sent_since = letters(lost) - before
        assert len(sent_since) == 1
        served.process.kill()
        served.process.wait()
    assert not (kept / "keys.db").exists()

    until = "2026-03-03T23:30:00Z"
    assert "name with --keys" in usher("restore", str(kept), "--data", str(fresh), code=2)
    told = usher("restore", str(kept), "--data", str(fresh), "--keys", str(lost), "--until", until)
    assert "1 effects may have been sent since the backup" in told
    assert "1 queued contacts come due later" in told

    with serving(fresh) as served, served.client() as client:
        [brake] = say(client, "GET", "/v1/brake")["items"]
        assert (brake["by"], brake["scope"], brake["in_flight"]) == ("restore", "all", "hold")
        to(client, "2026-03-04T09:00:00Z")
        assert letters(fresh) == before
        [unknown] = say(client, "GET", "/v1/effects?status=unknown")["items"]
        assert f"{unknown['id']}.sealed" in sent_since
        say(client, "DELETE", f"/v1/brake/{brake['id']}")
        to(client, "2026-03-04T09:10:00Z")
        released = letters(fresh) - before
        assert len(released) == 1
        assert not released & sent_since
        settled = {"reached": True, "reason": "it lies in the lost outbox"}
        say(client, "POST", f"/v1/effects/{unknown['id']}/settle", settled)
        assert say(client, "GET", "/v1/audit")["ok"]


async def test_a_backup_is_whole_or_refused(api: Api, tmp_path: Path) -> None:
    await api.person("ada")
    to = tmp_path / "kept"
    manifest = await api.ok("POST", "/v1/backups", {"to": str(to)})
    assert manifest == json.loads((to / "manifest.json").read_text())
    assert {file["path"] for file in manifest["files"]} >= {"usher.db"}
    assert "not empty" in await api.problem(409, "POST", "/v1/backups", {"to": str(to)})
    assert "in full" in await api.problem(422, "POST", "/v1/backups", {"to": "kept"})
    inside = str(api.runs.settings.data / "kept")
    assert "data folder" in await api.problem(422, "POST", "/v1/backups", {"to": inside})
    key = await api.key("approver")
    await api.problem(403, "POST", "/v1/backups", {"to": str(tmp_path / "b")}, key=key)
    assert not (tmp_path / "b").exists()
