"""Channels over HTTP: listed without secrets, and tried with one letter, told step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.channel_settings import SmtpSettings
from tests.api.service import Api, service, settings_of
from tests.tools.channels.mail_server import MailServer, mail_server

CHECK = "/v1/channels/mail/check"
TO = {"to": "ops@team.example"}


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with mail_server() as served:
        yield served


def channels(mail: MailServer) -> dict[str, Any]:
    smtp = SmtpSettings(provider="smtp", kind="email", host="127.0.0.1", port=mail.port, tls="none")
    return {"mail": smtp, "text": {"provider": "outbox", "kind": "sms"}}


@pytest_asyncio.fixture
async def api(tmp_path: Path, mail: MailServer) -> AsyncIterator[Api]:
    async with service(settings_of(tmp_path / "data", channels=channels(mail))) as served:
        yield served


async def test_channels_are_listed_with_what_is_in_the_way(api: Api) -> None:
    listed = await api.ok("GET", "/v1/channels")
    assert [(one["name"], one["provider"]) for one in listed["items"]] == [
        ("mail", "smtp"),
        ("text", "outbox"),
    ]
    assert listed["items"][0]["host"] == "127.0.0.1"
    assert listed["send_only_to"] is None
    assert any("USHER_PUBLIC_URL" in one for one in listed["in_the_way"])


async def test_a_test_letter_goes_to_whom_it_is_asked_for_and_is_told(
    api: Api, mail: MailServer
) -> None:
    told = await api.ok("POST", CHECK, TO)
    assert (told["ok"], told["status"]) == (True, "sent")
    assert [step["step"] for step in told["steps"]] == [
        "connect",
        "hello",
        "sender",
        "recipient",
        "data",
        "letter",
        "answer",
    ]
    [letter] = mail.arrived
    assert letter.rcpt_tos == ["ops@team.example"]
    assert b"test of the channel mail" in mail.raw[0]


async def test_a_channel_that_does_not_work_says_where_it_stopped(
    api: Api, mail: MailServer
) -> None:
    mail.says["RCPT"] = "550 5.1.1 <ops@team.example> unknown"
    told = await api.ok("POST", CHECK, TO)
    assert (told["ok"], told["status"]) == (False, "refused")
    assert told["detail"] == "the mail server said 550 5.1.1 to the recipient"
    assert told["steps"][-1]["step"] == "sender"
    mail.stop()
    told = await api.ok("POST", CHECK, TO)
    assert (told["status"], told["steps"]) == ("not_sent", [])


async def test_a_channel_that_is_an_outbox_says_so(api: Api) -> None:
    told = await api.ok("POST", "/v1/channels/text/check", {"to": "+4930123"})
    assert told["ok"] and "outbox" in told["detail"]


async def test_channels_are_the_admins_matter(api: Api, mail: MailServer) -> None:
    approver = await api.key("approver")
    await api.problem(403, "GET", "/v1/channels", key=approver)
    await api.problem(403, "POST", CHECK, TO, key=approver)
    assert mail.connections == 0


@pytest.mark.parametrize(
    "to", ["ops", "a@x.example, b@x.example", "a@x.example\r\nDATA", "a b@x.y"]
)
async def test_p11_an_address_that_is_none_is_refused(api: Api, mail: MailServer, to: str) -> None:
    said = await api.problem(422, "POST", CHECK, {"to": to})
    assert to not in said
    assert mail.connections == 0


async def test_there_is_no_channel_but_those_that_are_set_up(api: Api) -> None:
    said = await api.problem(404, "POST", "/v1/channels/post/check", TO)
    assert "mail, text" in said


async def test_whoever_wants_no_letters_gets_no_test_letter(api: Api, mail: MailServer) -> None:
    for user, stop in (
        ("ada", {"scope": "all"}),
        ("bob", {"scope": "address", "channel": "email"}),
    ):
        await api.person(user)
        await api.ok("POST", f"/v1/customers/{user}/suppress", stop | {"reason": "asked"})
        await api.problem(409, "POST", CHECK, {"to": f"{user}@example.com"})
    await api.person("carl")
    await api.ok("DELETE", "/v1/customers/carl")
    await api.problem(409, "POST", CHECK, {"to": "carl@example.com"})
    unknown = {"scope": "all", "reason": "asked"}
    await api.ok("POST", "/v1/customers/dora@example.com/suppress", unknown)
    await api.problem(409, "POST", CHECK, {"to": "dora@example.com"})
    assert mail.connections == 0


async def test_a_list_of_addresses_holds_for_test_letters_too(
    tmp_path: Path, mail: MailServer
) -> None:
    settings = settings_of(
        tmp_path / "listed", channels=channels(mail), send_only_to=("team.example",)
    )
    async with service(settings) as served:
        said = await served.problem(409, "POST", CHECK, {"to": "ops@other.example"})
        assert "USHER_SEND_ONLY_TO" in said
        assert (await served.ok("POST", CHECK, TO))["ok"]
        assert (await served.ok("GET", "/v1/channels"))["send_only_to"] == ["team.example"]


async def test_one_key_tries_a_channel_once(api: Api, mail: MailServer) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await api.ok("POST", CHECK, TO, headers=headers)
    assert await api.ok("POST", CHECK, TO, headers=headers) == first
    assert len(mail.arrived) == 1
