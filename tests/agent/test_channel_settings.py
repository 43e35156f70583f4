"""Channels in usher.toml: strict, without secrets, and nothing in the clear by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from agent.channel_settings import SmtpSettings
from agent.channels import described, router_of, senders
from agent.errors import Conflict
from agent.settings import Settings
from tools.channels.channel import Channel
from tools.channels.scripted import Scripted
from tools.channels.smtp import Smtp

BRAND = {"email": "hello@haus-alba.example", "sms": "HausAlba"}
OUT: dict[str, Channel] = {"email": Scripted(), "sms": Scripted(kind="sms")}
HOST = '[channels.mail]\nkind = "email"\nprovider = "smtp"\nhost = "smtp.example"\n'


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(text: str) -> Settings:
    Path("usher.toml").write_text(text, encoding="utf-8")
    return Settings()


def smtp(text: str) -> SmtpSettings:
    made = settings(text).channels["mail"]
    assert isinstance(made, SmtpSettings)
    return made


def test_the_least_that_is_needed_is_encrypted() -> None:
    made = smtp(HOST)
    assert (made.tls, made.used_port, made.rate) == ("starttls", 587, None)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_encryption(tls: str, port: int) -> None:
    assert smtp(f'{HOST}tls = "{tls}"\n').used_port == port
    assert smtp(f'{HOST}tls = "{tls}"\nport = 2525\n').used_port == 2525


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HOST + 'tls = "none"\n', "allow_plain"),
        (HOST + 'username = "usher"\n', "go together"),
        (HOST + 'password_env = "MAIL_PASSWORD"\n', "go together"),
        (HOST + 'password = "sesame"\n', "password"),
        (
            HOST + 'tls = "none"\nallow_plain = true\nusername = "u"\npassword_env = "P"\n',
            "in the clear",
        ),
        (HOST + 'username = "u"\npassword_env = "USHER_MAIL"\n', "begin with USHER_"),
        (HOST + 'sender = "Haus Alba <hello@haus-alba.example>"\n', "one address"),
        (HOST + 'sender = "a@x.example\\r\\nBcc: b@x.example"\n', "one address"),
        (HOST + 'dkim_selector = "s1"\n', "go together"),
        (HOST + "rate = 0\n", "greater than 0"),
        (HOST + "timeout = 0\n", "greater than or equal"),
        (HOST.replace('"email"', '"sms"'), "kind"),
        (HOST.replace("smtp.example", "smtp.example\\nEHLO"), "host"),
        (HOST.replace('"smtp"', '"pigeon"'), "provider"),
        (HOST.replace("channels.mail", "channels.Mail"), "Mail"),
        (HOST + HOST.replace("channels.mail", "channels.post"), "both carry email"),
        ('[channels.text]\nkind = "sms"\nprovider = "outbox"\nhost = "x"\n', "host"),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        settings(text)
    assert said in str(error.value)
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_needs_no_encryption(host: str) -> None:
    made = smtp(HOST.replace("smtp.example", host) + 'tls = "none"\n')
    assert made.used_port == 25


def test_send_only_to_is_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHER_SEND_ONLY_TO", "qa@shop.example, team.example,+49301")
    assert Settings().send_only_to == ("qa@shop.example", "team.example", "+49301")
    monkeypatch.setenv("USHER_SEND_ONLY_TO", "qa@shop.example;team.example")
    with pytest.raises(ValidationError, match="neither an address"):
        Settings()
    monkeypatch.delenv("USHER_SEND_ONLY_TO")
    assert Settings().send_only_to is None
    assert settings('send_only_to = ["team.example"]\n').send_only_to == ("team.example",)


def key(path: str, text: bytes | None = None) -> None:
    made = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path(path).write_bytes(pem if text is None else text)


DKIM = 'dkim_selector = "s1"\ndkim_domain = "haus-alba.example"\ndkim_key_file = "dkim.pem"\n'


def test_a_channel_that_is_whole_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    key("dkim.pem")
    monkeypatch.setenv("MAIL_PASSWORD", "open sesame")
    account = 'username = "usher"\npassword_env = "MAIL_PASSWORD"\nrate = 5\n'
    made = settings(HOST + account + DKIM)
    router = router_of(made, OUT, BRAND)
    assert isinstance(router.live["email"], Smtp)
    assert router.live["email"].name == "mail"
    [told] = described(made, BRAND)
    assert (told["signed_for"], told["account"], told["rate"]) == ("haus-alba.example", True, 5)
    assert "sesame" not in str(told) and "usher" not in str(told)


def test_a_channel_of_ones_own_sender_writes_as_that(tmp_path: Path) -> None:
    made = settings(HOST + 'sender = "shop@news.haus-alba.example"\n')
    assert senders(made, BRAND) == BRAND | {"email": "shop@news.haus-alba.example"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HOST + 'username = "usher"\npassword_env = "NOT_THERE"\n', "NOT_THERE, which is not set"),
        (HOST + 'ca_file = "gone.pem"\n', "ca_file cannot be read"),
        (HOST + DKIM.replace("dkim.pem", "gone.pem"), "dkim_key_file cannot be read"),
        (HOST + DKIM.replace("dkim.pem", "bad.pem"), "no private key"),
        (HOST + DKIM.replace("haus-alba", "haus-other"), "letters come from haus-alba.example"),
    ],
)
def test_a_channel_that_cannot_be_made_stops_the_start_and_says_why(text: str, said: str) -> None:
    key("dkim.pem")
    key("bad.pem", b"no key")
    with pytest.raises(Conflict) as error:
        router_of(settings(text), OUT, BRAND)
    assert "channels.mail" in str(error.value) and said in str(error.value)


def test_an_outbox_by_name_is_the_outbox() -> None:
    made = settings('[channels.text]\nkind = "sms"\nprovider = "outbox"\n')
    assert router_of(made, OUT, BRAND).live == {"sms": OUT["sms"]}
