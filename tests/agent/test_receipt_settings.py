"""Who may report: what a table lacks is said at the start, and no secret stands in it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agent.errors import Conflict
from agent.receipt_settings import readers_of
from agent.settings import Settings
from tests.tools.channels.receipts.signed import SENDGRID_KEY, WEBHOOK_SECRET

SET = {"TOKEN": "t", "SHOP": WEBHOOK_SECRET}
TWILIO = {"provider": "twilio", "secret_env": "TOKEN"}
META = {"provider": "whatsapp", "secret_env": "TOKEN", "verify_token_env": "TOKEN"}
SHOP = {"provider": "webhook", "secret_env": "SHOP"}


def readers(table: dict[str, Any], *, public_url: str | None = "https://u.example") -> Any:
    settings = Settings.model_validate({"receipts": {"one": table}})
    return readers_of(settings.receipts, public_url=public_url, environ=SET)


@pytest.mark.parametrize(
    "table", [{"provider": "sendgrid", "public_key": SENDGRID_KEY}, TWILIO, META, SHOP]
)
def test_each_provider_has_its_reader(table: dict[str, Any]) -> None:
    assert readers(table)["one"].provider == table["provider"]


@pytest.mark.parametrize(
    ("table", "lacks"),
    [
        ({"provider": "sendgrid", "public_key": "none"}, "public_key"),
        ({**TWILIO, "secret_env": "ABSENT"}, "secret_env names ABSENT"),
        ({**META, "verify_token_env": "ABSENT"}, "verify_token_env names ABSENT"),
        ({**SHOP, "secret_env": "TOKEN"}, "whsec_"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_table(table: dict[str, Any], lacks: str) -> None:
    with pytest.raises(Conflict, match=f"receipts.one: .*{lacks}"):
        readers(table)


def test_twilio_needs_the_address_that_it_signs() -> None:
    with pytest.raises(Conflict, match="USHER_PUBLIC_URL"):
        readers(TWILIO, public_url=None)


@pytest.mark.parametrize(
    "table",
    [
        {"provider": "mailgun"},
        {**TWILIO, "secret": "t"},
        {**TWILIO, "secret_env": "USHER_TOKEN"},
        {"provider": "twilio"},
    ],
)
def test_a_table_is_strict(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        readers(table)


def test_no_table_has_the_name_of_our_own_link() -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"receipts": {"_link": SHOP}})
