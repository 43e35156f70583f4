"""Receipts over HTTP: verified, durable, once; what they say takes effect before the answer shows.

One server for the module: each test has people of its own.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, select, update

from agent.settings import Settings
from customers import profile
from store.ids import new_id
from store.schema import customers, effects, events, inbox, suppressions
from store.schema import receipts as receipts_table
from tests.api.service import PRODUCTS, Api, service, settings_of
from tests.tools.channels.receipts.signed import (
    SENDGRID_KEY,
    TWILIO_TOKEN,
    WEBHOOK_SECRET,
    sendgrid,
    twilio,
    webhook,
    whatsapp,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
PUBLIC = "https://usher.example"


def receiving(folder: Path) -> Settings:
    """A deployment that every provider reports to."""
    return settings_of(
        folder,
        public_url=PUBLIC,
        receipts={
            "sendgrid": {"provider": "sendgrid", "public_key": SENDGRID_KEY},
            "twilio": {"provider": "twilio", "secret_env": "RECEIPTS_TWILIO"},
            "shop": {"provider": "webhook", "secret_env": "RECEIPTS_SHOP"},
            "meta": {
                "provider": "whatsapp",
                "secret_env": "RECEIPTS_META",
                "verify_token_env": "RECEIPTS_META_TOKEN",
            },
        },
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RECEIPTS_TWILIO", TWILIO_TOKEN)
        environment.setenv("RECEIPTS_SHOP", WEBHOOK_SECRET)
        environment.setenv("RECEIPTS_META", "meta-secret")
        environment.setenv("RECEIPTS_META_TOKEN", "agreed")
        async with service(receiving(tmp_path_factory.mktemp("receipts"))) as served:
            await served.ok("PUT", "/v1/products", PRODUCTS)
            yield served


def now_s() -> int:
    return int(time.time())


async def told(api: Api, *listed: dict[str, Any], **more: Any) -> int:
    """What SendGrid posts of these events is answered with."""
    body, headers = sendgrid(list(listed), at_s=now_s(), **more)
    answer = await api.client.post("/v1/receipts/sendgrid", content=body, headers=headers)
    assert not answer.cookies
    return answer.status_code


def event(kind: str, email: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "email": email,
        "timestamp": 1_772_538_000,
        "sg_event_id": new_id("sg"),
        "sg_message_id": "m-1",
        **more,
    }


async def sent(api: Api, user: str) -> str:
    """Somebody to whom a mail has gone; its effect's id."""
    await api.person(user)
    decision = await api.decision(user)
    return str(decision["effects"][-1]["id"])


async def stopped(api: Api, user: str) -> set[tuple[str, str | None]]:
    """What is suppressed of somebody."""
    await api.runs.idle()
    who = (await api.ok("GET", f"/v1/customers/{user}"))["id"]

    def read(conn: Connection) -> list[Any]:
        mine = suppressions.c.customer_id == who
        return list(conn.execute(select(suppressions.c.scope, suppressions.c.channel).where(mine)))

    rows = await api.runs.db.read(read)
    assert len(rows) == len({tuple(row) for row in rows}), "each once"
    return {(row.scope, row.channel) for row in rows}


async def answers(api: Api, user: str) -> int:
    """How often somebody is held to have answered by e-mail."""
    await api.runs.idle()
    who = (await api.ok("GET", f"/v1/customers/{user}"))["id"]
    person = await api.runs.db.read(profile.load, api.runs.db.vault, who)
    return sum(person.engaged.get("email", ()))


async def make_unknown(api: Api, effect_id: str) -> None:
    """As if the answer to the hand-over had been lost."""

    def unit(conn: Connection) -> None:
        values = {"status": "unknown", "via": "mail"}
        conn.execute(update(effects).where(effects.c.id == effect_id).values(**values))

    await api.runs.db.write(unit)


async def test_an_effect_shows_its_receipts_and_so_does_the_timeline(api: Api) -> None:
    effect_id = await sent(api, "ann")
    mail = "ann@example.com"
    assert (
        await told(
            api,
            event("delivered", mail, effect_id=effect_id, timestamp=1_772_538_010),
            event("open", mail, effect_id=effect_id, timestamp=1_772_538_020, sg_machine_open=True),
        )
        == 200
    )
    await api.runs.idle()
    shown = await api.ok("GET", f"/v1/effects/{effect_id}")
    assert [(r["kind"], r["machine"]) for r in shown["receipts"]] == [
        ("delivered", False),
        ("opened", True),
    ]
    items = (await api.ok("GET", "/v1/customers/ann/timeline"))["items"]
    reported = [i for i in items if i["kind"] == "receipt"]
    assert {(i["receipt"], i["event"], i["effect_id"]) for i in reported} == {
        ("delivered", "Email Delivered", effect_id),
        ("opened", "Email Opened", effect_id),
    }
    assert not {"Email Delivered", "Email Opened"} & {
        i.get("event") for i in items if i["kind"] == "event"
    }


async def test_a_machines_open_is_no_engagement_and_a_persons_is(api: Api) -> None:
    await api.person("eve")
    mail = "eve@example.com"
    await told(api, event("open", mail, sg_machine_open=True))
    await told(api, event("open", mail, useragent="Mozilla/5.0 (via ggpht.com GoogleImageProxy)"))
    await told(api, event("click", mail, useragent="Barracuda Sentinel (EE)"))
    assert await answers(api, "eve") == 0
    await told(api, event("open", mail, useragent="Mozilla/5.0 (Macintosh)"))
    assert await answers(api, "eve") == 1


async def test_a_click_within_two_seconds_of_its_delivery_is_a_machines_in_either_order(
    api: Api,
) -> None:
    effect_id, mail = await sent(api, "flo"), "flo@example.com"
    said = {"effect_id": effect_id, "useragent": "Mozilla/5.0 (Windows NT 10.0) Chrome/120"}
    at = 1_772_538_000
    await told(api, event("click", mail, **said, timestamp=at + 1))
    assert await answers(api, "flo") == 1, "nothing tells it from a person's yet"
    await told(api, event("delivered", mail, **said, timestamp=at))
    assert await answers(api, "flo") == 0
    await told(api, event("click", mail, **said, timestamp=at + 2))
    assert await answers(api, "flo") == 0
    await told(api, event("click", mail, **said, timestamp=at + 3))
    assert await answers(api, "flo") == 1


@pytest.mark.parametrize(
    ("user", "kind", "more", "stops"),
    [
        ("hard", "bounce", {"type": "bounce", "status": "5.1.1"}, {("address", "email")}),
        ("soft", "bounce", {"type": "blocked", "status": "4.7.1"}, set()),
        ("spam", "spamreport", {}, {("purpose", None)}),
        ("leaver", "unsubscribe", {}, {("purpose", None)}),
    ],
)
async def test_p3_each_suppresses_at_its_own_scope_once(
    api: Api, user: str, kind: str, more: dict[str, Any], stops: set[tuple[str, str | None]]
) -> None:
    await api.person(user)
    for _ in range(2):  # two receipts, each with an id of its own, and one of them twice
        said = event(kind, f"{user}@example.com", **more)
        assert await told(api, said) == 200
        assert await told(api, said) == 200
    assert await stopped(api, user) == stops


async def test_a_stop_by_text_closes_the_number_and_nothing_else(api: Api) -> None:
    await api.person("tom", phone="+4915112345678")
    body, headers = twilio(
        f"{PUBLIC}/v1/receipts/twilio",
        {"MessageSid": "SM1", "From": "+4915112345678", "To": "+49301", "Body": "Bitte nicht mehr"}
        | {"OptOutType": "STOP", "SmsStatus": "received"},
    )
    answer = await api.client.post("/v1/receipts/twilio", content=body, headers=headers)
    assert (answer.status_code, answer.content) == (200, b""), "Twilio would send on what it reads"
    assert await stopped(api, "tom") == {("address", "sms")}


@pytest.mark.parametrize(
    ("user", "kind", "becomes", "status"),
    [("una", "delivered", "sent", "completed"), ("uli", "dropped", "failed", "failed")],
)
async def test_p3_a_receipt_settles_what_nobody_knew(
    api: Api, user: str, kind: str, becomes: str, status: str
) -> None:
    effect_id = await sent(api, user)
    await make_unknown(api, effect_id)
    await told(api, event(kind, f"{user}@example.com", effect_id=effect_id))
    await api.runs.idle()
    shown = await api.ok("GET", f"/v1/effects/{effect_id}")
    assert shown["status"] == becomes and "receipt" in shown["reason"]
    decision = await api.ok("GET", f"/v1/decisions/{shown['decision_id']}")
    assert decision["status"] == status
    assert decision["effects"][-1]["status"] == becomes


async def test_p11_an_effects_id_in_a_public_event_names_nobody(api: Api) -> None:
    effect_id = await sent(api, "mark")
    web = await api.key("ingest", "web-receipts")
    forged = {"kind": "unsubscribed", "channel": "email", "effect_id": effect_id}
    said = {"event": "Unsubscribed", "properties": {"effect_id": effect_id}, "receipt": forged}
    await api.ok("POST", "/v1/track", {**said, "anonymousId": "stranger"}, key=web)
    assert await stopped(api, "mark") == set()
    assert (await api.ok("GET", f"/v1/effects/{effect_id}"))["receipts"] == []


async def test_an_address_of_nobody_is_left_for_whoever_turns_up_under_it(api: Api) -> None:
    people = len(await api.runs.db.read(_customers))
    await told(api, event("bounce", "later@example.com", type="bounce"))
    await told(api, event("open", "later@example.com"))
    await api.runs.idle()
    assert len(await api.runs.db.read(_customers)) == people, "no profile is made of an address"
    await api.person("later")
    assert await stopped(api, "later") == {("address", "email")}


async def test_p10_a_receipt_of_somebody_erased_ends_withheld(api: Api) -> None:
    effect_id = await sent(api, "gone")
    await told(api, event("delivered", "gone@example.com", effect_id=effect_id))
    await api.runs.idle()
    who = (await api.ok("GET", "/v1/customers/gone"))["id"]
    await api.ok("DELETE", "/v1/customers/gone")
    for said in ({"effect_id": effect_id}, {}):
        await told(api, event("open", "gone@example.com", **said))
    await api.runs.idle()

    def read(conn: Connection) -> tuple[list[Any], list[str | None]]:
        mine = select(receipts_table).where(receipts_table.c.customer_id == who)
        newest = select(inbox.c.reason).order_by(inbox.c.seq.desc()).limit(2)
        return list(conn.execute(mine)), list(conn.execute(newest).scalars())

    kept, reasons = await api.runs.db.read(read)
    assert kept == []
    assert reasons == ["withheld: this person was erased"] * 2


async def test_what_is_not_signed_or_cannot_be_read_is_refused(api: Api) -> None:
    good = [event("open", "nobody@example.com")]
    body, headers = sendgrid(good, at_s=now_s())
    refused = await api.problem(401, "POST", "/v1/receipts/sendgrid", body + b" ", headers=headers)
    assert "X-Twilio-Email-Event-Webhook-Signature" in refused
    old, old_headers = sendgrid(good, at_s=now_s() - 301)
    assert "five minutes" in await api.problem(
        401, "POST", "/v1/receipts/sendgrid", old, headers=old_headers
    )
    odd, odd_headers = sendgrid([{"event": "open"}], at_s=now_s())
    assert "sg_event_id" in await api.problem(
        400, "POST", "/v1/receipts/sendgrid", odd, headers=odd_headers
    )
    assert await api.problem(401, "POST", "/v1/receipts/shop", b"{}")
    assert "set up" in await api.problem(404, "POST", "/v1/receipts/mailgun", b"{}")
    assert await api.problem(404, "GET", "/v1/receipts/sendgrid")


async def test_metas_question_is_answered_to_whoever_knows_the_token(api: Api) -> None:
    asked = "/v1/receipts/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    answer = await api.client.get(f"{asked}agreed")
    assert (answer.status_code, answer.text) == (200, "1158201444")
    await api.problem(401, "GET", f"{asked}guessed")
    body, headers = whatsapp({"entry": []}, "meta-secret")
    assert (
        await api.client.post("/v1/receipts/meta", content=body, headers=headers)
    ).status_code == 200


async def test_p7_what_was_answered_is_in_the_inbox_with_an_end(api: Api) -> None:
    await api.person("ivy")
    said = {
        "type": "replied",
        "channel": "email",
        "address": "ivy@example.com",
        "at": 1_772_538_000,
    }
    body, headers = webhook({**said, "text": "Is it dimmable?"}, own="msg_1", at_s=now_s())
    for _ in range(2):
        answer = await api.client.post("/v1/receipts/shop", content=body, headers=headers)
        assert answer.status_code == 200
    await api.runs.idle()

    def read(conn: Connection) -> list[Any]:
        taken = select(events.c.state).join(inbox, inbox.c.event_id == events.c.id)
        return list(conn.execute(taken.where(inbox.c.source == "receipts:shop")))

    assert [row.state for row in await api.runs.db.read(read)] == ["recorded"]


def _customers(conn: Connection) -> list[Any]:
    return list(conn.execute(select(customers.c.id)))
