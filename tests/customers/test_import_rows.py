"""What a row of each kind becomes."""

from __future__ import annotations

from typing import Any

import pytest

from customers.import_cells import RowProblem
from customers.import_rows import Converter, ImportKind, Reading, recognise


def _convert(kind: ImportKind, row: dict[str, Any], **said: Any) -> dict[str, Any]:
    made = Converter("an import", kind, Reading(**said)).convert(2, row)
    made.pop("messageId", None)
    return made


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"sku", "name", "price"}, ImportKind.PRODUCTS),
        ({"user_id", "total", "timestamp"}, ImportKind.ORDERS),
        ({"customer_id", "dollar_value", "date"}, ImportKind.ORDERS),
        ({"email", "channel", "purpose", "state", "timestamp"}, ImportKind.CONSENTS),
        ({"email", "first_name", "state", "city"}, ImportKind.PROFILES),
        ({"colour"}, None),
        (set(), None),
    ],
)
def test_the_kind_is_recognised_by_the_columns(columns: set[str], kind: ImportKind | None) -> None:
    assert recognise(columns) is kind


def test_a_profile_becomes_an_identify_with_checked_traits() -> None:
    row = {
        "user_id": " u1 ",
        "email": "Ada.Archer@EXAMPLE.com",
        "phone": "0171 3920000",
        "country": "DE",
        "first_name": "Ada",
        "last_name": "",
        "locale": "de_de",
        "timezone": "Europe/Berlin",
        "city": "Köln",
        "shoe_size": "39",
        "updated_at": "2026-01-01T10:00:00+01:00",
    }
    assert _convert(ImportKind.PROFILES, row) == {
        "type": "identify",
        "userId": "u1",
        "timestamp": "2026-01-01T09:00:00Z",
        "context": {"historical": True},
        "traits": {
            "email": "ada.archer@example.com",
            "phone": "+491713920000",
            "firstName": "Ada",
            "locale": "de-DE",
            "timezone": "Europe/Berlin",
            "address": {"country": "DE", "city": "Köln"},
            "shoe_size": "39",
        },
    }


def test_an_order_of_somebody_known_by_address_only_names_them_in_its_context() -> None:
    row = {"email": "a@example.com", "total": "12.5", "date": "2026-03-29", "coupon": "X1"}
    made = _convert(ImportKind.ORDERS, row, currency="EUR", zone="Europe/Berlin")
    assert made["context"] == {"historical": True, "traits": {"email": "a@example.com"}}
    assert made["timestamp"] == "2026-03-28T23:00:00Z"
    assert made["properties"]["total"] == 12.5
    assert made["properties"]["coupon"] == "X1"
    assert "userId" not in made


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ("granted", "Consent Granted"),
        ("Yes", "Consent Granted"),
        ("opted-in", "Consent Granted"),
        (True, "Consent Granted"),
        ("revoked", "Consent Revoked"),
        ("denied", "Consent Revoked"),
        (0, "Consent Revoked"),
        (False, "Consent Revoked"),
    ],
)
def test_consent_is_what_the_row_plainly_says(said: object, event: str) -> None:
    row = {
        "user_id": "u1",
        "channel": "Email",
        "purpose": "marketing",
        "state": said,
        "timestamp": "2026-01-01T00:00:00Z",
        "evidence": "form 7",
    }
    made = _convert(ImportKind.CONSENTS, row)
    assert made["event"] == event
    assert made["properties"] == {
        "channel": "email",
        "purpose": "marketing",
        "source": "import",
        "evidence": "form 7",
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"state": "maybe"}, "state is neither granted nor revoked"),
        ({"state": ""}, "does not say whether consent is granted"),
        ({"channel": "pigeon"}, "channel is none of email, sms"),
        ({"purpose": ""}, "purpose is empty"),
        ({"timestamp": ""}, "has no time"),
        ({"user_id": ""}, "names nobody"),
        ({"user_id": ["u1"]}, "user_id is a list or an object"),
    ],
)
def test_p6_a_consent_that_is_not_plain_is_set_aside(change: dict[str, Any], says: str) -> None:
    row: dict[str, Any] = {
        "user_id": "u1",
        "channel": "email",
        "purpose": "marketing",
        "state": "granted",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    with pytest.raises(RowProblem, match=says):
        _convert(ImportKind.CONSENTS, row | change)


@pytest.mark.parametrize("total", ["nan", "inf", "-0.01", "1,50", "1e99"])
def test_p12_an_amount_is_a_plain_decimal_within_bounds(total: str) -> None:
    row = {"user_id": "u1", "total": total, "timestamp": "2026-01-01T00:00:00Z"}
    with pytest.raises(RowProblem, match="total is"):
        _convert(ImportKind.ORDERS, row, currency="EUR")


def test_a_product_without_price_or_cost_stays_without() -> None:
    made = _convert(ImportKind.PRODUCTS, {"sku": "A", "name": "Lamp", "currency": "eur"})
    assert (made["price_minor"], made["cost_minor"], made["currency"]) == (None, None, "EUR")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"sku": "A", "name": "Lamp"}, "an amount without a currency"),
        ({"sku": "", "name": "Lamp", "currency": "EUR"}, "sku is empty"),
        ({"sku": "A", "name": "Lamp", "currency": "EUR", "stock": "-1"}, "stock is not a whole"),
        ({"sku": "A", "name": "Lamp", "currency": "EUR", "price": "7.999"}, "price is not an"),
    ],
)
def test_a_product_row_that_cannot_be_taken_says_why(row: dict[str, Any], says: str) -> None:
    with pytest.raises(RowProblem, match=says):
        _convert(ImportKind.PRODUCTS, row)


def test_a_consent_keeps_what_shows_it_and_whether_it_was_confirmed() -> None:
    row = {"user_id": "u1", "channel": "email", "purpose": "marketing", "state": "yes"}
    row |= {"timestamp": "2026-01-01T10:00:00Z", "form": "footer", "text_version": "7"}
    said = _convert(ImportKind.CONSENTS, row | {"double_opt_in": "yes"})["properties"]
    assert said == {
        "channel": "email",
        "purpose": "marketing",
        "source": "import",
        "form": "footer",
        "text_version": "7",
        "double_opt_in": True,
    }
    assert "double_opt_in" not in _convert(ImportKind.CONSENTS, row)["properties"]
    with pytest.raises(RowProblem, match="double_opt_in"):
        _convert(ImportKind.CONSENTS, row | {"double_opt_in": "perhaps"})
