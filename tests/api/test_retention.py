"""What is kept for how long, over HTTP: for viewers, before and after a sweep."""

from __future__ import annotations

from pathlib import Path

from agent.retention_times import CLASSES
from tests.api.processes import refused
from tests.api.service import Api, service, settings_of


async def test_nothing_is_swept_where_nothing_is_set(api: Api) -> None:
    viewer = await api.key("viewer")
    told = (await api.ok("GET", "/v1/retention", key=viewer))["classes"]
    assert [each["class"] for each in told] == list(CLASSES)
    assert {each["kept_for"] for each in told} == {None}
    assert {each["held_back"] for each in told} == {None}


async def test_it_needs_the_role_of_a_viewer(api: Api) -> None:
    await api.problem(403, "GET", "/v1/retention", key=await api.key("ingest"))
    await api.problem(401, "GET", "/v1/retention", key="nobody")


async def test_what_is_due_and_what_went_is_told(tmp_path: Path) -> None:
    kept = {"memories": "P30D"}
    async with service(settings_of(tmp_path / "data", retention=kept)) as api:
        await api.person("ada")
        said = {"userId": "ada", "event": "Message Replied", "properties": {"text": "I like blue"}}
        await api.ok("POST", "/v1/track", said)
        await api.runs.idle()

        async def told() -> dict[str, object]:
            classes = (await api.ok("GET", "/v1/retention"))["classes"]
            found: dict[str, object] = next(c for c in classes if c["class"] == "memories")
            return found

        now_us = api.runs.clock.now_us()
        before = await told()
        assert (before["kept_for"], before["oldest_at"], before["due"]) == ("P30D", now_us, 0)
        assert before["swept_last"] is None
        await api.ok("POST", "/v1/clock", {"advance": "P31D"})
        after = await told()
        assert (after["oldest_at"], after["due"]) == (None, 0)
        at = api.runs.clock.now_us()
        assert after["swept_last"] == {"at": at, "rows": 1, "error": None}


def test_a_server_that_would_sweep_what_caps_count_does_not_start(tmp_path: Path) -> None:
    said = refused(tmp_path / "data", USHER_RETENTION='{"contacts": "P30D"}')
    assert "retention: contacts are kept for P30D" in said and "need P62D" in said
