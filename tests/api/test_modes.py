"""How far agents go over HTTP: an approver who has looked, and nobody else, lets one go live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.channel_settings import SmtpSettings
from prompts.library import SHIPPED
from tests.api.service import PRODUCTS, Api, service, settings_of
from tests.tools.channels.mail_server import MailServer, mail_server

PATH = "/v1/agents/shopping/mode"
URL = "https://usher.haus-alba.example"


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with mail_server() as served:
        yield served


def wired(mail: MailServer, **more: Any) -> dict[str, Any]:
    smtp = SmtpSettings(provider="smtp", kind="email", host="127.0.0.1", port=mail.port, tls="none")
    return {"public_url": URL, "channels": {"mail": smtp, "text": SMS}, **more}


SMS: dict[str, str] = {"provider": "outbox", "kind": "sms"}


@pytest_asyncio.fixture
async def api(tmp_path: Path, mail: MailServer) -> AsyncIterator[Api]:
    async with service(settings_of(tmp_path / "data", **wired(mail))) as served:
        await served.ok("PUT", "/v1/products", PRODUCTS)
        yield served


async def decided(api: Api, user: str) -> dict[str, Any]:
    await api.person(user)
    return await api.decision(user)


async def go_live(api: Api, key: str | None = None) -> None:
    seen = (await api.ok("GET", PATH, key=key))["seen"]
    await api.ok("PUT", PATH, {"mode": "live", "seen": seen}, key=key)


async def test_the_picture_shows_what_the_sandbox_did(api: Api, mail: MailServer) -> None:
    for user in ("ada", "bob"):
        assert (await decided(api, user))["effects"][0]["status"] == "sent"
    shown = await api.ok("GET", PATH)
    assert (shown["mode"], shown["set_by"], shown["in_the_way"]) == ("sandbox", None, [])
    picture = shown["picture"]
    assert picture["decisions"] == 2
    assert picture["ends"] == {"completed": 2}
    assert [(c["channel"], c["mode"], c["n"]) for c in picture["contacts"]] == [
        ("email", "sandbox", 2)
    ]
    assert len(picture["newest"]) == 2
    assert all(one["summary"] for one in picture["newest"])
    assert mail.connections == 0, "a sandbox reaches nobody"


async def test_the_picture_shows_what_the_shadow_would_have_done(api: Api) -> None:
    await api.ok("PUT", PATH, {"mode": "shadow"})
    assert (await decided(api, "ada"))["effects"] == []
    [contact] = (await api.ok("GET", PATH))["picture"]["contacts"]
    assert (contact["mode"], contact["channel"], contact["n"]) == ("shadow", "email", 1)


async def test_an_approver_who_has_looked_lets_it_write_to_people(
    api: Api, mail: MailServer
) -> None:
    await decided(api, "ada")
    grace = await api.key("approver", "grace")
    await go_live(api, grace)
    shown = await api.ok("GET", PATH)
    assert (shown["mode"], shown["set_by"]) == ("live", "grace")
    decision = await decided(api, "bob")
    assert decision["effects"][0]["status"] == "sent"
    [letter] = mail.arrived
    assert letter.rcpt_tos == ["bob@example.com"]
    assert f"<{URL}/u/".encode() in mail.raw[0]
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail.raw[0]
    effect = await api.ok("GET", f"/v1/effects/{decision['effects'][0]['id']}")
    assert effect["mode"] == "live"


async def test_live_is_set_by_approvers_only(api: Api) -> None:
    await decided(api, "ada")
    for role in ("viewer", "operator"):
        key = await api.key(role)
        seen = (await api.ok("GET", PATH, key=key))["seen"]
        await api.problem(403, "PUT", PATH, {"mode": "live", "seen": seen}, key=key)
    assert (await api.ok("GET", PATH))["mode"] == "sandbox"


async def test_live_needs_a_look_of_ones_own_at_what_it_would_do_now(api: Api) -> None:
    await decided(api, "ada")
    ada, bob = await api.key("approver", "ada"), await api.key("approver", "bob")
    live = {"mode": "live"}
    assert "first see" in await api.problem(409, "PUT", PATH, live, key=ada)
    seen = (await api.ok("GET", PATH, key=ada))["seen"]
    for wrong in ("", "x", f"{seen}0", seen.replace(".", ".0"), "9" * 18 + ".aa", "0.aa"):
        await api.problem(409, "PUT", PATH, live | {"seen": wrong}, key=ada)
    said = await api.problem(409, "PUT", PATH, live | {"seen": seen}, key=bob)
    assert "not what it would do" in said, "bob has not looked"
    await decided(api, "carl")
    await api.problem(409, "PUT", PATH, live | {"seen": seen}, key=ada)
    await go_live(api, ada)


async def test_decisions_after_the_look_do_not_spoil_it(api: Api) -> None:
    """On a busy day there is always one more; a look is at what had ended by then."""
    await decided(api, "ada")
    seen = (await api.ok("GET", PATH))["seen"]
    await api.ok("POST", "/v1/clock", {"advance": "PT1M"})
    await decided(api, "bob")
    assert (await api.ok("PUT", PATH, {"mode": "live", "seen": seen}))["mode"] == "live"


async def test_a_look_is_good_for_a_day(api: Api) -> None:
    await decided(api, "ada")
    seen = (await api.ok("GET", PATH))["seen"]
    await api.ok("POST", "/v1/clock", {"advance": "P2D"})
    assert "too old" in await api.problem(409, "PUT", PATH, {"mode": "live", "seen": seen})


async def test_a_look_at_nothing_is_no_look(api: Api) -> None:
    seen = (await api.ok("GET", PATH))["seen"]
    said = await api.problem(409, "PUT", PATH, {"mode": "live", "seen": seen})
    assert "decided nothing yet" in said


async def test_a_mode_survives_a_restart(tmp_path: Path, mail: MailServer) -> None:
    settings = settings_of(tmp_path / "again", **wired(mail))
    async with service(settings) as first:
        await first.ok("PUT", "/v1/products", PRODUCTS)
        await decided(first, "ada")
        await go_live(first)
    async with service(settings) as second:
        shown = await second.ok("GET", PATH)
        assert (shown["mode"], shown["set_by"]) == ("live", "admin")
        await decided(second, "bob")
        assert len(mail.arrived) == 1


async def test_p6_without_a_public_url_or_a_channel_nobody_goes_live(tmp_path: Path) -> None:
    async with service(settings_of(tmp_path / "bare")) as bare:
        await bare.ok("PUT", "/v1/products", PRODUCTS)
        await decided(bare, "ada")
        shown = await bare.ok("GET", PATH)
        assert any("USHER_PUBLIC_URL" in one for one in shown["in_the_way"])
        assert any("carries email" in one for one in shown["in_the_way"])
        said = await bare.problem(409, "PUT", PATH, {"mode": "live", "seen": shown["seen"]})
        assert "USHER_PUBLIC_URL" in said and "carries sms" in said


async def test_going_back_needs_no_look_and_stops_what_was_not_handed_over(
    api: Api, mail: MailServer
) -> None:
    """At night a live letter waits; the agent is taken back; in the morning nothing goes out."""
    await decided(api, "ada")
    await go_live(api)
    await api.ok("POST", "/v1/clock", {"to": "2026-03-03T23:00:00Z"})
    decision = await decided(api, "bob")
    assert decision["status"] == "scheduled"
    await api.ok("PUT", PATH, {"mode": "sandbox"})
    await api.ok("POST", "/v1/clock", {"to": "2026-03-04T08:15:00Z"})
    assert mail.connections == 0
    effect = await api.ok("GET", f"/v1/effects/{decision['effects'][0]['id']}")
    assert (effect["status"], effect["reason"]) == ("failed", "the agent is no longer live")
    await api.ok("POST", "/v1/clock", {"advance": "PT30M"})
    page = await api.ok("GET", "/v1/decisions?customer=bob")
    assert page["items"][0]["mode"] == "sandbox"
    assert mail.connections == 0


async def test_a_file_alone_lets_nobody_live(tmp_path: Path, mail: MailServer) -> None:
    own = tmp_path / "data" / "prompts"
    own.mkdir(parents=True)
    text = (SHIPPED / "shopping.md").read_text()
    assert "\nmode: sandbox\n" in text
    (own / "shopping.md").write_text(text.replace("\nmode: sandbox\n", "\nmode: live\n"))
    async with service(settings_of(tmp_path / "data", **wired(mail))) as served:
        await served.ok("PUT", "/v1/products", PRODUCTS)
        assert (await served.ok("GET", PATH))["mode"] == "sandbox"
        await decided(served, "ada")
        assert mail.connections == 0


@pytest.mark.parametrize("mode", ["sandbox", "live"])
async def test_a_list_of_addresses_lets_only_those_through(
    tmp_path: Path, mail: MailServer, mode: str
) -> None:
    settings = settings_of(tmp_path / "data", **wired(mail, send_only_to=("ada@example.com",)))
    async with service(settings) as served:
        await served.ok("PUT", "/v1/products", PRODUCTS)
        await decided(served, "carl")
        assert mail.connections == 0
        if mode == "live":
            await go_live(served)
        sent = [(await decided(served, user))["effects"][0] for user in ("ada", "bob")]
        assert [effect["status"] for effect in sent] == ["sent", "sent"]
        assert [letter.rcpt_tos for letter in mail.arrived] == [["ada@example.com"]]
        diverted = await served.ok("GET", f"/v1/effects/{sent[1]['id']}")
        assert "USHER_SEND_ONLY_TO" in diverted["reason"]


async def test_an_agent_nobody_knows_has_no_mode(api: Api) -> None:
    await api.problem(404, "GET", "/v1/agents/nobody/mode")
    await api.problem(404, "PUT", "/v1/agents/nobody/mode", {"mode": "sandbox"})
    await api.problem(422, "PUT", PATH, {"mode": "wild"})
