"""Channels by HTTP in usher.toml: strict, secrets by name only, one channel a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.channels import described, router_of, senders
from agent.errors import Conflict
from agent.settings import Settings
from tools.channels import standard_webhooks
from tools.channels.channel import KINDS, Channel
from tools.channels.scripted import Scripted
from tools.channels.sendgrid import Sendgrid
from tools.channels.twilio import Twilio
from tools.channels.webhook import Webhook

BRAND = {"email": "hello@haus-alba.example", "sms": "HausAlba"}
OUT: dict[str, Channel] = {kind: Scripted(kind=kind) for kind in KINDS}
MAIL = '[channels.mail]\nprovider = "sendgrid"\nkind = "email"\nkey_env = "SENDGRID_KEY"\n'
TEXT = (
    '[channels.text]\nprovider = "twilio"\nkind = "sms"\ntoken_env = "TWILIO_TOKEN"\n'
    f'account = "AC{"0" * 32}"\n'
)
HOOK = (
    '[channels.shop]\nprovider = "webhook"\nkinds = ["voucher", "booking"]\n'
    'url = "https://shop.example/usher?key=sesame"\nsecret_env = "SHOP_SECRET"\n'
)
SECRET = standard_webhooks.secret_of(bytes(range(32)))


@pytest.fixture(autouse=True)
def _a_folder_and_its_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENDGRID_KEY", "SG.open sesame")
    monkeypatch.setenv("TWILIO_TOKEN", "open sesame")
    monkeypatch.setenv("SHOP_SECRET", f"{SECRET} {standard_webhooks.secret_of(bytes(24))}")


def settings(text: str) -> Settings:
    Path("usher.toml").write_text(text, encoding="utf-8")
    return Settings()


def test_every_kind_goes_by_the_channel_that_carries_it() -> None:
    made = settings(MAIL + TEXT + HOOK)
    live = router_of(made, OUT, BRAND).live
    assert isinstance(live["email"], Sendgrid) and isinstance(live["sms"], Twilio)
    assert isinstance(live["voucher"], Webhook) and live["voucher"] is live["booking"]
    assert sorted(live) == ["booking", "email", "sms", "voucher"]


def test_an_operator_reads_what_there_is_and_no_secret() -> None:
    made = settings(MAIL + TEXT + 'sender = "+4930123456"\n' + HOOK)
    sender = senders(made, BRAND)
    assert sender == {"email": "hello@haus-alba.example", "sms": "+4930123456"}
    told: dict[str, dict[str, Any]] = {one["name"]: one for one in described(made, sender)}
    assert told["shop"]["kinds"] == ["voucher", "booking"]
    assert (told["shop"]["host"], told["shop"]["sender"]) == ("shop.example", None)
    assert told["mail"]["url"] == "https://api.sendgrid.com"
    assert "sesame" not in str(told) and "whsec" not in str(told) and "AC0" not in str(told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MAIL + 'key = "sesame"\n', "key"),
        (MAIL + 'base_url = "http://api.example"\n', "use https"),
        (MAIL + 'base_url = "https://u:sesame@api.example"\n', "without name or password"),
        (MAIL + 'base_url = "https://api.example/?a=b"\n', "without a query"),
        (MAIL + 'base_url = "api.example"\n', "not a URL"),
        (MAIL + "answer_timeout = 0\n", "greater than or equal"),
        (MAIL.replace('"email"', '"sms"'), "kind"),
        (MAIL.replace("SENDGRID_KEY", "USHER_KEY"), "begin with USHER_"),
        (TEXT.replace("AC0", "SK0"), "account"),
        (TEXT + 'sender = "Haus Alba & Co"\n', "sender"),
        (
            TEXT + f'sender = "+4930123456"\nmessaging_service = "MG{"0" * 32}"\n',
            "keep it or sender",
        ),
        (HOOK.replace('"voucher", ', '"pigeon", '), "kinds"),
        (HOOK.replace('"voucher", "booking"', ""), "kinds"),
        (HOOK.replace("https:", "http:"), "use https"),
        (HOOK + HOOK.replace("channels.shop", "channels.other"), "both carry voucher"),
        (MAIL + HOOK.replace('"voucher"', '"email"'), "both carry email"),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        settings(text)
    assert said in str(error.value)
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "variable", "value", "said"),
    [
        (MAIL, "SENDGRID_KEY", "", "SENDGRID_KEY, which is not set"),
        (TEXT, "TWILIO_TOKEN", "", "TWILIO_TOKEN, which is not set"),
        (HOOK, "SHOP_SECRET", "", "SHOP_SECRET, which is not set"),
        (HOOK, "SHOP_SECRET", "sesame", "SHOP_SECRET, but a webhook's secret is whsec_"),
    ],
)
def test_a_secret_that_is_missing_or_none_stops_the_start_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, text: str, variable: str, value: str, said: str
) -> None:
    made = settings(text)
    monkeypatch.setenv(variable, value)
    with pytest.raises(Conflict) as error:
        router_of(made, OUT, BRAND)
    assert said in str(error.value) and "sesame" not in str(error.value)
