"""Connected systems in usher.toml: strict, and an opt-out that stops no service mail by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.settings import Settings

HOOK = '[systems.crm]\nprovider = "webhook"\nurl = "https://crm.example/x"\nsecret_env = "CRM"\n'
MAIL = '[systems.mail]\nprovider = "sendgrid"\nkey_env = "MAIL_KEY"\n'


def settings(text: str) -> Settings:
    Path("usher.toml").write_text(text, encoding="utf-8")
    return Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MAIL, "say where a marketing opt-out goes"),
        (MAIL + "marketing_group = 7\nmarketing_only = true\n", "say where a marketing opt-out"),
        (MAIL + 'marketing_group = 7\nurl = "http://mail.example"\n', "only https"),
        (HOOK + 'secret = "sesame"\n', "secret"),
        (HOOK + 'identifiers = "both"\n', "identifiers"),
        (HOOK.replace('"CRM"', '"USHER_CRM"'), "begin with USHER_"),
        (HOOK.replace("webhook", "pigeon"), "provider"),
        (HOOK.replace("systems.crm", "systems.CRM"), "CRM"),
    ],
)
def test_what_cannot_be_meant_is_an_error(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError) as error:
        settings(text)
    assert said in str(error.value)
    assert "sesame" not in str(error.value)


def test_what_is_whole_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = settings(HOOK + MAIL + "marketing_group = 7\n").systems
    assert {name: system.provider for name, system in made.items()} == {
        "crm": "webhook",
        "mail": "sendgrid",
    }
