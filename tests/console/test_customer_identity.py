"""Why two records are one, and what they allow, in a browser: seen, taken apart, taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.api.processes import Served
from tests.console.desk import NARROW, PATIENCE_MS, Desk
from tests.console.test_customer_page import card, go, newcomer, person, track


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def mistaken(served: Served, user_id: str, phone: str) -> str:
    """Somebody joined with the owner of a device by one form. The other one's id."""
    newcomer(served, user_id)
    device = f"device-of-{user_id}"
    with served.client() as client:
        other = {"anonymousId": device, "traits": {"phone": phone, "plan": "free"}}
        client.post("/v1/identify", json=other).raise_for_status()
        theirs = client.get(f"/v1/customers/{device}").raise_for_status().json()["id"]
        both = {"userId": user_id, "traits": {"phone": phone}}
        client.post("/v1/identify", json=both).raise_for_status()
    assert person(served, device)["id"] == person(served, user_id)["id"]
    return str(theirs)


def test_an_officer_sees_why_two_records_are_one_and_takes_them_apart(
    served: Served, desk: Desk
) -> None:
    theirs = mistaken(served, "nora", "+4915112345601")
    page = go(desk, served, "nora")
    why = card(page, "Why these are one person")
    expect(why).to_contain_text("one message named identifiers of both")
    expect(why).to_contain_text("user id nora was known of this record")
    expect(why).to_contain_text("phone +4915112345601 was known of the other record")
    expect(why).to_contain_text("brought device device-of-nora, phone +4915112345601")

    desk.button("These are two people").click()
    desk.button("Take them apart").click()
    expect(page.get_by_text("Write the reason first")).to_be_visible()
    page.get_by_label("Reason").fill("two people share a phone")
    desk.button("Take them apart").click()
    expect(page.get_by_text("Two people again")).to_be_visible()
    expect(why.locator(".u-chip")).to_have_text("taken apart")
    expect(why).to_contain_text("“two people share a phone”")
    expect(card(page, "Known by")).not_to_contain_text("+4915112345601")
    assert person(served, "device-of-nora")["id"] == theirs


def test_who_was_never_joined_has_no_such_card(served: Served, desk: Desk) -> None:
    newcomer(served, "solo")
    page = go(desk, served, "solo")
    expect(card(page, "Known by")).to_be_visible()
    expect(card(page, "Why these are one person")).to_have_count(0)


def test_a_consent_is_taken_back_with_how_it_was_said(served: Served, desk: Desk) -> None:
    newcomer(served, "vicky")
    granted = {"channel": "email", "purpose": "marketing", "source": "footer form"}
    track(served, "vicky", "Consent Granted", **granted, text_version="7", address="/newsletter")
    page = go(desk, served, "vicky")
    agreed = card(page, "Consent")
    expect(agreed).to_contain_text("through footer form, words in version 7, at /newsletter")
    desk.button("Take back").click()
    page.get_by_label("How they said it").fill("rang us up")
    desk.button("Take it back").click()
    expect(page.get_by_text("Taken back; 0 queued messages cancelled")).to_be_visible()
    expect(agreed).to_contain_text("e-mail · marketing: took it back")
    expect(agreed).to_contain_text("rang us up")


def test_the_queued_message_dies_before_ones_eyes(served: Served, desk: Desk) -> None:
    newcomer(served, "kenji", timezone="Asia/Tokyo")
    track(served, "kenji", "Consent Granted", channel="email", purpose="marketing")
    with served.client() as client:
        item = {"sku": "LAMP", "quantity": 1, "price_minor": 12_000}
        cart = {"id": "k1", "value_minor": 12_000, "currency": "EUR", "items": [item]}
        body = {"goal": "recover_cart", "customer": {"userId": "kenji"}, "context": {"cart": cart}}
        client.post("/v1/triggers?wait=20", json=body, timeout=40).raise_for_status()
    page = go(desk, served, "kenji")
    effects = card(page, "Contacts and effects")
    expect(effects).to_contain_text("waits until")
    desk.button("Take back").click()
    page.get_by_label("How they said it").fill("in a chat")
    desk.button("Take it back").click()
    expect(page.get_by_text("Taken back; 1 queued messages cancelled")).to_be_visible()
    expect(effects).not_to_contain_text("waits until")
    expect(effects).to_contain_text("consent was taken back")


def test_on_a_narrow_screen_nothing_is_wider_than_it(served: Served, desk: Desk) -> None:
    mistaken(served, "narrow", "+4915112345602")
    page = go(desk, served, "narrow")
    page.set_viewport_size(NARROW)
    desk.button("These are two people").click()
    expect(desk.button("Take them apart")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
