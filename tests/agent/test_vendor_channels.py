"""Channels of vendors in usher.toml: made with all they need, or the start says what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.channels import described, router_of
from agent.errors import Conflict
from agent.settings import Settings
from tests.tools.channels.contract import letter_of, ours
from tests.tools.channels.vendor_peer import Vendors, vendors
from tools.channels.channel import Channel, SendStatus
from tools.channels.trial import NotAnAddress, Trial, Tried

WHATSAPP = """[channels.chat]
kind = "whatsapp"
provider = "whatsapp"
phone_number_id = "106540352242922"
token_env = "WHATSAPP_TOKEN"
"""
META = """[channels.ads]
kind = "audience"
provider = "meta_audience"
token_env = "META_TOKEN"
audiences = { lapsed = "120208749119170125" }
"""
GOOGLE = """[channels.ads]
kind = "audience"
provider = "google_audience"
account = "1234567890"
client_id = "1.apps.example"
client_secret_env = "GOOGLE_SECRET"
refresh_token_env = "GOOGLE_REFRESH"
customer_match_terms = "accepted"
audiences = { lapsed = "8765" }
"""
ZENDESK = """[channels.tickets]
kind = "ticket"
provider = "zendesk"
subdomain = "shop"
email = "agent@shop.example"
token_env = "ZENDESK_TOKEN"
groups = { service = 360001 }
"""
ALL = {"whatsapp": WHATSAPP, "meta": META, "google": GOOGLE, "zendesk": ZENDESK}
VARIABLES = ("WHATSAPP_TOKEN", "META_TOKEN", "GOOGLE_SECRET", "GOOGLE_REFRESH", "ZENDESK_TOKEN")


@pytest.fixture(autouse=True)
def _a_folder_and_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "sesame")


@pytest.fixture(scope="module")
def running() -> Iterator[Vendors]:
    with vendors() as started:
        yield started


def settings(text: str) -> Settings:
    Path("usher.toml").write_text(text, encoding="utf-8")
    return Settings()


def live(text: str) -> dict[str, Channel]:
    return dict(router_of(settings(text), {}, {}).live)


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_a_table_makes_a_channel_and_shows_no_secret(text: str) -> None:
    [(kind, channel)] = live(text).items()
    assert channel.kinds == (kind,)
    shown = described(settings(text), {})
    assert shown[0]["kinds"] == [kind]
    assert "sesame" not in str(shown) + str(channel)
    assert "agent@shop.example" not in str(shown)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_secret_that_is_not_set_stops_the_start(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)
    [text] = [one for one in ALL.values() if variable in one]
    with pytest.raises(Conflict, match=f"names {variable}, which is not set"):
        live(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHATSAPP.replace("106540352242922", "+49 151 1234567"), "phone_number_id"),
        (WHATSAPP + 'token = "EAAB"\n', "token"),
        (WHATSAPP + 'version = "25"\n', "version"),
        (META.replace("audiences = { lapsed", "audiences = { Lapsed"), "audiences"),
        (META.replace('{ lapsed = "120208749119170125" }', "{}"), "audiences"),
        (META.replace('"120208749119170125"', '"../me"'), "audiences"),
        (GOOGLE.replace('"accepted"', '"later"'), "customer_match_terms"),
        (GOOGLE.replace('"1234567890"', '"123-456-7890"'), "account"),
        (
            ZENDESK.replace("subdomain", "base_url").replace('"shop"', '"http://shop.example"'),
            "https",
        ),
        (ZENDESK + 'base_url = "https://help.shop.example"\n', "subdomain"),
        (ZENDESK.replace('"shop"', '"shop.evil.example/"'), "subdomain"),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        settings(text)
    assert said in str(error.value)


async def test_each_vendor_gets_the_audiences_that_its_table_names(running: Vendors) -> None:
    peer = running.fresh()
    google = _at(GOOGLE, peer.url).replace("channels.ads", "channels.search").replace("lapsed", "b")
    router = router_of(settings(_at(META, peer.url) + google), {}, {})
    both = router.live["audience"]
    assert both.deduplicates
    assert [shown["name"] for shown in described(settings(META + google), {})] == ["ads", "search"]
    for audience, path in (("lapsed", "/v25.0/"), ("b", "/v1/audienceMembers:ingest")):
        raw = f'{{"action":"add","audience":"{audience}"}}'.encode()
        letter = letter_of(raw, customer_id="cus_1", channel="audience")
        assert (await both.send(letter, still_ours=ours)).status is SendStatus.SENT
        assert running.seen()[-1].path.startswith(path)
    other = letter_of(b'{"action":"add","audience":"c"}', customer_id="1", channel="audience")
    assert (await both.send(other, still_ours=ours)).status is SendStatus.REFUSED
    for name in ("ads", "search", "audiences"):
        assert router.named(name, kind="audience") is not None
        assert router.named(name, kind="email") is None


@pytest.mark.parametrize(
    "other",
    [
        META.replace("channels.ads", "channels.more"),
        '[channels.more]\nkind = "audience"\nprovider = "outbox"\n',
    ],
)
def test_an_audience_is_carried_by_one_channel(other: str) -> None:
    for text in (META + other, other + META):
        with pytest.raises(ValidationError, match="both carry audience"):
            settings(text)


def _at(text: str, url: str) -> str:
    moved = text.replace('subdomain = "shop"\n', "") + f'base_url = "{url}"\n'
    return moved + (f'token_url = "{url}"\n' if "google" in text else "")


@pytest.mark.parametrize(
    ("text", "to"),
    [(WHATSAPP, "+4930123456"), (META, "qa@shop.example"), (GOOGLE, "+4930123456"), (ZENDESK, "")],
    ids=ALL,
)
async def test_each_can_be_tried_before_a_customer_depends_on_it(
    running: Vendors, text: str, to: str
) -> None:
    peer = running.fresh()
    [(kind, channel)] = live(_at(text, peer.url)).items()
    assert isinstance(channel, Tried)
    told: list[str] = []
    letter = channel.to_try(_trial(kind, to))
    result = await channel.send(letter, still_ours=ours, told=told.append)
    assert result.status is SendStatus.SENT
    assert told and {channel.steps[step] for step in told} == set(channel.steps.values())
    assert running.seen()


@pytest.mark.parametrize("text", [WHATSAPP, META, GOOGLE], ids=["whatsapp", "meta", "google"])
def test_what_a_channel_cannot_reach_is_not_tried(text: str) -> None:
    [(kind, channel)] = live(text).items()
    assert isinstance(channel, Tried)
    with pytest.raises(NotAnAddress):
        channel.to_try(_trial(kind, "somebody"))


def _trial(kind: str, to: str) -> Trial:
    made: dict[str, Any] = {"sender": "", "sender_name": "Haus Alba", "at_us": 0}
    return Trial(channel="it", kind=kind, effect_id="chk_1", to=to, **made)
