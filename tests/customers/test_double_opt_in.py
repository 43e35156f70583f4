"""Double opt-in: what was asked for and is not confirmed allows nothing; evidence of both stays."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from customers import consent
from customers.apply import apply_message
from tests.customers.people import DAY, NOW, Message, Town, identify, track

CONFIRM = frozenset(["email"])
EMAIL = {"channel": "email", "purpose": "marketing"}


class Desk:
    """One person, on whose e-mail a marketing consent waits for its confirmation."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.ada = town.who(identify("ada"))

    def hear(self, message: Message, *, at: int = NOW) -> None:
        def unit(conn: Connection) -> None:
            apply_message(
                conn,
                self.town.vault,
                customer_id=self.ada,
                message=message,
                event_id=self.town.fresh_id("evt"),
                occurred_at=at,
                now_us=at,
                fresh_id=self.town.fresh_id,
                confirm_first=CONFIRM,
            )

        self.town.run(unit)

    def ask(self, *, at: int = NOW, **more: Any) -> None:
        self.hear(track("Consent Granted", "ada", **{**EMAIL, **more}), at=at)

    def confirm(self, *, at: int = NOW + 1, **more: Any) -> None:
        self.hear(track("Consent Confirmed", "ada", **{**EMAIL, **more}), at=at)

    def state(self, channel: str = "email", purpose: str = "marketing", *, at: int = NOW) -> str:
        rows = self.town.db.read_now(consent.of_customer, self.ada)
        return consent.states(rows, at)[channel, purpose]

    def row(self) -> tuple[str, dict[str, Any]]:
        (row,) = self.town.db.read_now(consent.of_customer, self.ada)
        return row.state, self.town.vault.open_json(consent.LABEL, row.evidence_sealed)


@pytest.fixture
def desk(any_town: Town) -> Desk:
    return Desk(any_town)


def test_p6_what_is_not_confirmed_allows_nothing(desk: Desk) -> None:
    desk.ask(form="footer")
    assert desk.state() == "absent"
    assert desk.row() == ("pending", {"form": "footer"})


def test_confirmed_it_is_granted_with_the_evidence_of_both(desk: Desk) -> None:
    desk.ask(form="footer", text_version="7")
    desk.confirm(source="link in the mail")
    assert desk.state() == "granted"
    state, shown = desk.row()
    assert state == "granted"
    assert shown == {
        "form": "footer",
        "text_version": "7",
        "asked_at": NOW,
        "confirmed": {"source": "link in the mail"},
    }


def test_a_confirmation_of_nothing_grants_nothing(desk: Desk) -> None:
    desk.confirm()
    assert desk.town.db.read_now(consent.of_customer, desk.ada) == []


def test_p5_what_was_refused_meanwhile_is_not_confirmed(desk: Desk) -> None:
    desk.ask()
    desk.hear(track("Consent Revoked", "ada", **EMAIL), at=NOW + 1)
    desk.confirm(at=NOW + 2)
    assert desk.state() == "revoked"


def test_a_confirmation_from_before_the_asking_is_of_another_one(desk: Desk) -> None:
    desk.ask(at=NOW + DAY)
    desk.confirm(at=NOW)
    assert desk.state() == "absent"


def test_asking_again_does_not_take_away_what_holds(desk: Desk) -> None:
    desk.ask()
    desk.confirm()
    desk.ask(at=NOW + DAY)
    assert desk.state() == "granted"


def test_asking_again_after_the_end_waits_anew(desk: Desk) -> None:
    desk.ask(expires_at="2026-01-06T00:00:00Z")
    desk.confirm()
    desk.ask(at=NOW + 3 * DAY)
    assert desk.state(at=NOW + 3 * DAY) == "absent"
    assert desk.row()[0] == "pending"


def test_whoever_confirmed_with_the_shop_need_not_do_it_twice(desk: Desk) -> None:
    desk.ask(double_opt_in=True)
    assert desk.state() == "granted"


@pytest.mark.parametrize("word", ["true", 1, "yes"])
def test_only_a_plain_true_says_so(desk: Desk, word: Any) -> None:
    desk.ask(double_opt_in=word)
    assert desk.state() == "absent"


def test_other_channels_and_service_need_no_confirmation(desk: Desk) -> None:
    desk.ask(channel="sms")
    desk.ask(purpose="service")
    assert desk.state("sms") == "granted"
    assert desk.state("email", "service") == "granted"
