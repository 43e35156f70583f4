"""Intake: what comes in is whole and somebody's, or nothing of it is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from agent.errors import BadRequest, Invalid, UsherError
from agent.messages import CustomerReference, Message, ProductIn, Suppress, TriggerRequest
from agent.plain import DEEPEST, unplain
from agent.runs import Runs
from store.schema import events, inbox
from tests.agent.stage import NOON, event, goods, message, person, recover, stage

GOOD = event("ada", "Product Viewed", product_id="LAMP")


@pytest.fixture
async def runs(tmp_path: Path) -> AsyncIterator[Runs]:
    async with stage(tmp_path) as made:
        yield made


def kept(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(inbox)).scalar_one())


async def refused(runs: Runs, bad: Message) -> str:
    """What the sender is told; a good message beside the bad one is not taken either."""
    before = await runs.db.read(kept)
    with pytest.raises(BadRequest) as caught:
        await runs.accept("test", [GOOD, bad])
    assert await runs.db.read(kept) == before, "all or none"
    assert str(caught.value).startswith("message 1 ")
    return str(caught.value)


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"userId": ""},
        {"userId": "   "},
        {"userId": "undefined"},
        {"userId": "NULL"},
        {"userId": True},
        {"userId": 0},
        {"anonymousId": "00000000-0000-0000-0000-000000000000"},
        {"userId": "{{user.id}}"},
        {"userId": "ada\x00"},
        {"traits": {"email": "not an address"}},
        {"traits": {"phone": "12"}},
    ],
)
async def test_a_message_that_names_nobody_is_refused(runs: Runs, who: dict[str, Any]) -> None:
    bad = Message.model_validate({"type": "identify", **who})
    assert "names nobody" in await refused(runs, bad)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"properties": {"total": float("nan")}}, "properties.total: not a number"),
        ({"properties": {"a": [1, {"b": float("inf")}]}}, "properties.a[1].b: not a number"),
        ({"properties": {"text": "half \ud83d"}}, "properties.text: half of a character"),
        ({"context": {"app": {"name": "\udc00"}}}, "context.app.name: half of a character"),
        ({"properties": {"n": 10**5_000}}, "properties.n: a number of more than 40 digits"),
        ({"integrations": {"x": float("-inf")}}, "integrations.x: not a number"),
        ({"context": {"timezone": "Mars/Olympus"}}, "context.timezone is not the name"),
        ({"context": {"timezone": ["Europe/Berlin"]}}, "context.timezone is not the name"),
        ({"context": {"traits": {"timezone": "CET+1x"}}}, "context.traits.timezone is not"),
        ({"traits": {"timezone": "localtime"}, "type": "identify"}, "traits.timezone is not"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_place(
    runs: Runs, fields: dict[str, Any], place: str
) -> None:
    bad = Message.model_validate({"type": "track", "event": "X", "userId": "ada", **fields})
    assert place in await refused(runs, bad)


async def test_a_structure_without_end_is_refused(runs: Runs) -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = {"in": deep}
    bad = message("ada", type="track", event="X", properties={"deep": deep})
    assert f"more than {DEEPEST} levels" in await refused(runs, bad)


async def test_ten_thousand_traits_are_taken_and_bounded(runs: Runs) -> None:
    traits = {f"trait_{n}": n for n in range(10_000)} | {"timezone": "Europe/Berlin"}
    await runs.accept("test", [message("ada", type="identify", traits=traits)])
    await runs.idle()
    found = await runs.people.get("ada")
    assert (await runs.inbox())["dead_letters"] == []
    assert len(found["traits"]) < 1_000 and found["traits_dropped"] > 9_000
    assert found["zones"] == ["Europe/Berlin"]


async def test_a_time_ahead_of_ours_is_now_and_one_before_all_time_is_its_beginning(
    runs: Runs,
) -> None:
    now = datetime.fromisoformat(NOON)
    for stated in (now + timedelta(days=400), datetime(1905, 1, 1, tzinfo=UTC), now):
        await runs.accept(
            "test", [GOOD.model_copy(update={"timestamp": stated, "messageId": str(stated)})]
        )
    await runs.idle()

    def times(conn: Connection) -> list[int]:
        rows = conn.execute(select(events.c.occurred_at).order_by(events.c.seq))
        return [int(row.occurred_at) for row in rows]

    now_us = int(now.timestamp()) * 1_000_000
    assert await runs.db.read(times) == [now_us, 1, now_us]


@pytest.mark.parametrize("name", ["timestamp", "originalTimestamp", "sentAt"])
def test_a_time_without_a_zone_is_an_error_and_not_a_guess(name: str) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Message.model_validate(
            {"type": "track", "event": "X", "userId": "ada", name: "2026-03-03T12:00:00"}
        )


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"cart": {"currency": "USD", "items": []}}, "currency is not EUR"),
        ({"cart": "LAMP"}, "must be an object"),
        ({"cart": {"items": "LAMP"}}, "must be a list"),
        ({"cart": {"items": ["LAMP"]}}, "must be a list"),
        ({"cart": {"items": [{"quantity": 1}]}}, "must be a list"),
        ({"cart": {"items": [{"sku": {"a": 1}}]}}, "must be a list"),
        ({"cart": {"items": [{"sku": "LAMP", "quantity": 0}]}}, "quantity"),
        ({"cart": {"items": [{"sku": "LAMP", "quantity": True}]}}, "quantity"),
        ({"cart": {"items": [{"sku": "LAMP", "quantity": "2"}]}}, "quantity"),
        ({"cart": {"items": [{"sku": "LAMP", "price_minor": -1}]}}, "price_minor"),
        ({"cart": {"items": [{"sku": "LAMP", "price_minor": 1.5}]}}, "price_minor"),
        ({"cart": {"value_minor": 10**30}}, "value_minor"),
        ({"cart": {"value_minor": True}}, "value_minor"),
        ({"cart": {"id": ["c1"]}}, "cart.id"),
        ({"cart": {"items": [{"sku": "LAMP"}] * 1_001}}, "no cart holds more"),
        ({"note": float("nan")}, "context.note: not a number"),
        ({"note": "\ud800"}, "context.note: half of a character"),
    ],
)
async def test_a_trigger_that_cannot_be_is_refused_with_its_place(
    runs: Runs, context: dict[str, Any], said: str
) -> None:
    request = TriggerRequest(
        goal="recover_cart", customer=CustomerReference(userId="ada"), context=context
    )
    with pytest.raises(UsherError, match=said.replace(".", r"\.")):
        await runs.trigger("test", request)
    assert await runs.db.read(kept) == 0


@pytest.mark.parametrize("zone", ["Mars/Olympus", ["Europe/Berlin"], {"a": 1}, 7, "localtime"])
def test_a_triggers_zone_is_an_iana_name_whatever_else_was_sent(zone: Any) -> None:
    with pytest.raises(ValidationError, match="IANA"):
        TriggerRequest(
            goal="g", customer=CustomerReference(userId="ada"), context={"timezone": zone}
        )


async def test_a_goal_nobody_pursues_is_named_beside_those_there_are(runs: Runs) -> None:
    request = TriggerRequest(goal="make_rich", customer=CustomerReference(userId="ada"))
    with pytest.raises(Invalid, match="'make_rich'; there are: recover_cart"):
        await runs.trigger("test", request)


async def test_a_trigger_for_nobody_is_refused(runs: Runs) -> None:
    request = TriggerRequest(goal="recover_cart", customer=CustomerReference(userId="undefined"))
    with pytest.raises(BadRequest, match="not usable"):
        await runs.trigger("test", request)


async def test_the_same_trigger_again_is_the_same_decision(runs: Runs) -> None:
    await goods(runs)
    await person(runs, "ada")
    first = await recover(runs, "ada")
    keyed = TriggerRequest(
        goal="recover_cart", customer=CustomerReference(userId="ada"), idempotencyKey="k"
    )
    one = await runs.trigger("test", keyed, wait=20)
    two = await runs.trigger("test", keyed, wait=20)
    assert one.event_id == two.event_id and one.decision == two.decision
    assert first["id"] != (one.decision or {})["id"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**39), 10**39) | st.text(max_size=9)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
    max_size=3), max_leaves=20, )  # fmt: skip


@given(plain, st.sampled_from([float("nan"), "\ud800", 10**40, {"\udfff": 1}, {1: 2}]))
@settings(max_examples=150, deadline=None)
def test_plain_is_what_json_can_hold_and_one_bad_value_anywhere_is_found(
    value: Any, bad: Any
) -> None:
    assert unplain(value, where="x") is None
    for wrapped in ([value, bad], {"a": {"b": [bad]}, "c": value}):
        assert unplain(wrapped, where="x")


def test_products_hold_no_amount_that_is_none() -> None:
    row = {"sku": "LAMP", "name": "Lamp", "currency": "EUR"}
    ProductIn.model_validate(row)
    for field, value in (
        ("price_minor", True), ("price_minor", 1.5), ("price_minor", "12"), ("price_minor", -1),
        ("stock", 10**13), ("currency", "euro"), ("name", "a\nb"), ("sku", "a\x00"), ("sku", ""),
        ("colour", "red"), ("name", "\ud800"),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            ProductIn.model_validate({**row, field: value})


def test_a_suppression_of_an_address_names_its_channel() -> None:
    with pytest.raises(ValidationError, match="channel"):
        Suppress(scope="address", reason="bounced")
    with pytest.raises(ValidationError, match="every channel"):
        Suppress(scope="all", channel="email", reason="asked")
    Suppress(scope="address", channel="sms", reason="STOP")


async def test_a_suppression_that_is_over_already_is_refused(runs: Runs) -> None:
    past = Suppress(scope="all", reason="asked", until=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(BadRequest, match="past"):
        await runs.people.suppress("ada", past, by="me")
