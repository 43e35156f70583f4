"""The memory index over HTTP: everybody may look, an admin writes it anew."""

from __future__ import annotations

from pathlib import Path

from tests.api.service import service, settings_of


async def test_a_rebuild_is_begun_once_and_its_progress_can_be_seen(tmp_path: Path) -> None:
    async with service(settings_of(tmp_path)) as api:
        await api.person("ada")
        said = {"userId": "ada", "event": "Complaint Received", "properties": {"text": "late"}}
        await api.ok("POST", "/v1/track", said)
        await api.runs.idle()
        begun = await api.call("POST", "/v1/memory/rebuild")
        assert begun.status_code == 202
        assert begun.json()["rebuild"]["state"] in ("running", "done")
        await api.runs.memory.idle()
        told = await api.ok("GET", "/v1/memory")
        assert told["rebuild"]["state"] == "done" and told["rebuild"]["ended_at"] is not None
        assert (told["memories"], told["vectors"], told["rebuild_needed"]) == (1, 1, False)
