"""What a key in a web page may not say of a person, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from store.schema import events
from store.sealing import Vault
from tests.api.service import Api

FLAG = {"compliance_flag": False, "relationship_manager": "mallory", "firstName": "Ada"}
SAID = {
    "identify": {"type": "identify", "userId": "ada", "traits": FLAG},
    "context": {"type": "page", "userId": "ada", "name": "Home", "context": {"traits": FLAG}},
}


async def traits_of(api: Api) -> dict[str, Any]:
    told: dict[str, Any] = (await api.ok("GET", "/v1/customers/ada"))["traits"]
    return told


@pytest.mark.parametrize("way", sorted(SAID))
async def test_p14_a_web_page_cannot_say_who_looks_at_a_person(api: Api, way: str) -> None:
    await api.ok("POST", "/v1/identify", {"userId": "ada", "traits": {"compliance_flag": True}})
    web = await api.key("ingest")
    for path, body in (
        (f"/v1/{SAID[way]['type']}", SAID[way]),
        ("/v1/batch", {"batch": [SAID[way]]}),
        ("/v1/batch", {"batch": [{**SAID[way], "context": {}}], "context": {"traits": FLAG}}),
    ):
        assert await api.ok("POST", path, body, key=web) == {"success": True}
    known = await traits_of(api)
    assert known["compliance_flag"] is True and "relationship_manager" not in known
    assert known["firstName"] == "Ada"


async def test_our_own_systems_may_say_it(api: Api) -> None:
    own = await api.key("operator")
    await api.ok("POST", "/v1/identify", {"userId": "ada", "traits": FLAG}, key=own)
    known = await traits_of(api)
    assert (known["compliance_flag"], known["relationship_manager"]) == (False, "mallory")


async def test_an_event_keeps_the_names_of_what_was_left_out(api: Api) -> None:
    web = await api.key("ingest")
    await api.ok("POST", "/v1/identify", SAID["identify"], key=web)
    await api.ok("GET", "/v1/customers/ada")
    body = await api.runs.db.read(_newest_event, api.runs.db.vault)
    assert body["context"]["traits_not_taken"] == ["compliance_flag", "relationship_manager"]
    assert "mallory" not in str(body)


def _newest_event(conn: Connection, vault: Vault) -> dict[str, Any]:
    row = conn.execute(select(events.c.body_sealed).order_by(events.c.seq.desc())).first()
    assert row is not None
    body: dict[str, Any] = vault.open_json("events.body", row.body_sealed)
    return body
