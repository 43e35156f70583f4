"""Customers in a real browser: found, looked at in words, stopped, taken over, held, erased."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.processes import Served
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS, Desk, contrast_of


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


def person(served: Served, user_id: str) -> dict[str, Any]:
    with served.client() as client:
        found: dict[str, Any] = client.get(f"/v1/customers/{user_id}").raise_for_status().json()
        return found


def newcomer(served: Served, user_id: str, **traits: Any) -> None:
    """Somebody of a test's own."""
    stated = {"email": f"{user_id}@example.com", "firstName": user_id.title(), **traits}
    with served.client() as client:
        body = {"userId": user_id, "traits": stated}
        client.post("/v1/identify", json=body).raise_for_status()
        client.get(f"/v1/customers/{user_id}").raise_for_status()


def track(served: Served, user_id: str, event: str, **properties: Any) -> None:
    with served.client() as client:
        body = {"userId": user_id, "event": event, "properties": properties}
        client.post("/v1/track", json=body).raise_for_status()


def go(desk: Desk, served: Served, user_id: str) -> Page:
    return desk.open(f"/customers/{person(served, user_id)['id']}")


def card(page: Page, title: str) -> Any:
    return page.locator(".u-card", has=page.locator("h2", has_text=title))


def test_somebody_is_found_by_any_identifier_and_it_stands_in_no_address(
    served: Served, desk: Desk
) -> None:
    ours = person(served, "ada")["id"]
    for reference in ("ada@example.com", "ada", ours):
        page = desk.open("/customers")
        page.get_by_label("Any identifier").fill(reference)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(f"/customers/{ours}$"))
    page = desk.open("/customers")
    page.get_by_label("Any identifier").fill("nobody@example.com")
    desk.button("Find").click()
    expect(page.get_by_role("status")).to_contain_text("nobody is known by this reference")


def test_a_sentence_says_who_this_is_and_whether_we_may_write(served: Served, desk: Desk) -> None:
    page = go(desk, served, "grace")
    expect(page.locator(".u-sentence")).to_contain_text(
        "Grace H. is a platinum customer with 3 orders, all with a code, worth 900.00 EUR"
    )
    expect(page.locator(".u-flip")).to_have_text(
        "May be written to by e-mail; their time zone: Europe/London."
    )
    page = go(desk, served, "rosa")
    expect(page.locator(".u-flip")).to_have_text("Stopped: all contact, by admin.")


def test_everything_known_has_its_time_and_every_time_its_zone(served: Served, desk: Desk) -> None:
    page = go(desk, served, "grace")
    known = card(page, "Known by")
    for words in ("E-mail", "grace@example.com", "User id"):
        expect(known).to_contain_text(words)
    said = card(page, "What was said about them")
    expect(said).to_contain_text("identify, Fri 20 Feb 2026, 09:00:00 UTC")
    expect(card(page, "Consent")).to_contain_text("e-mail · marketing: agreed")
    expect(card(page, "Consent")).to_contain_text("text message · service: never asked")
    expect(card(page, "What happened")).to_contain_text("“Order Completed” of Fri 11 Apr 2025")
    words = page.locator(".u-main").inner_text()
    clocks = re.findall(r"\d\d:\d\d(?::\d\d)?(.{4})", words)
    assert clocks and set(clocks) == {" UTC"}


def test_what_waits_and_what_was_not_sent_is_shown_with_when_and_why(
    served: Served, desk: Desk
) -> None:
    page = go(desk, served, "ada")
    expect(card(page, "Contacts and effects")).to_contain_text("Message by e-mail")
    expect(card(page, "Contacts and effects").locator(".u-chip.allow")).to_have_text("sent")
    page = go(desk, served, "yuki")
    effects = card(page, "Contacts and effects")
    # After the night, at a moment of their own within the quarter of an hour.
    expect(effects).to_contain_text(
        re.compile(r"waits until Tue 3 Mar 2026, 23:(0\d|1[0-4]):[0-5]\d UTC")
    )
    track(served, "yuki", "Complaint Received", text="It came <b>broken</b>")
    expect(effects).to_contain_text("First we answer the complaint, then we sell again")
    expect(page.locator(".u-flip")).to_contain_text("A complaint is open")
    expect(card(page, "Memory (")).to_contain_text("“It came <b>broken</b>”")
    assert page.locator(".u-main b").count() == 0


def test_contact_is_stopped_and_lifted_with_scope_reason_and_end(
    served: Served, desk: Desk
) -> None:
    newcomer(served, "tom")
    page = go(desk, served, "tom")
    desk.button("Stop contact").click()
    desk.button("Stop it").click()
    expect(page.get_by_text("Write the reason first")).to_be_visible()
    page.get_by_label("What", exact=False).first.select_option("address")
    page.get_by_label("Reason").fill("asked on the phone")
    desk.button("Stop it").click()
    expect(page.get_by_text("scope 'address' needs the 'channel'")).to_be_visible()
    page.get_by_label("Channel").select_option("email")
    page.get_by_label("Until, in UTC").fill("2026-03-10T08:00")
    desk.button("Stop it").click()
    held = card(page, "Stopped and held")
    expect(held).to_contain_text("one address (e-mail), by admin until Tue 10 Mar 2026, 08:00:00")
    expect(held).to_contain_text("“asked on the phone”")
    [suppression] = person(served, "tom")["suppressions"]
    assert (suppression["scope"], suppression["channel"]) == ("address", "email")
    desk.button("Lift").click()
    expect(held).to_contain_text("Nothing is stopped")
    assert person(served, "tom")["suppressions"] == []


def test_what_somebody_types_stays_while_the_person_changes(served: Served, desk: Desk) -> None:
    newcomer(served, "tina")
    page = go(desk, served, "tina")
    desk.button("Stop contact").click()
    page.get_by_label("Reason").fill("half a sent")
    newcomer(served, "tina", city="Turin")
    expect(card(page, "What was said about them")).to_contain_text("Turin")
    expect(page.get_by_label("Reason")).to_have_value("half a sent")


def test_a_customer_is_taken_over_and_let_go(served: Served, sit: Sits) -> None:
    newcomer(served, "lea")
    desk = sit(served, role="operator")
    page = go(desk, served, "lea")
    desk.button("Take over").click()
    page.get_by_label("Reason").fill("on the phone with her")
    desk.page.locator(".u-form").get_by_role("button", name="Take over").click()
    held = card(page, "Stopped and held")
    expect(held).to_contain_text("in a person's hands")
    expect(held).to_contain_text("“on the phone with her”")
    expect(held).to_contain_text("until Tue 3 Mar 2026, 16:00:00 UTC")
    expect(page.locator(".u-flip")).to_contain_text("every agent is silent")
    assert person(served, "lea")["lease"]["holder"].startswith("operator")
    desk.button("Let go").click()
    expect(held).to_contain_text("Nothing is stopped")
    assert person(served, "lea")["lease"] is None


def test_p10_a_hold_refuses_the_erasure_and_stops_contact_instead(
    served: Served, desk: Desk
) -> None:
    newcomer(served, "hugo")
    page = go(desk, served, "hugo")
    desk.button("Legal hold").click()
    desk.button("Put the hold on").click()
    expect(card(page, "Stopped and held")).to_contain_text("legal hold")
    desk.button("Erase").click()
    page.get_by_label("Type any identifier").fill("hugo")
    desk.button("Erase for good").click()
    expect(page.get_by_text("may not be erased")).to_be_visible()
    expect(page.locator(".u-flip")).to_contain_text("Stopped: all contact")
    assert person(served, "hugo")["legal_hold"]


def test_p10_an_erasure_wants_the_reference_and_leaves_a_receipt_and_nothing_else(
    served: Served, desk: Desk
) -> None:
    newcomer(served, "vera", city="Verona")
    newcomer(served, "other")
    ours = person(served, "vera")["id"]
    page = go(desk, served, "vera")
    expect(page.locator(".u-main")).to_contain_text("Verona")
    desk.button("Erase").click()
    for wrong in ("", "other", "nobody"):
        page.get_by_label("Type any identifier").fill(wrong)
        desk.button("Erase for good").click()
        expect(page.locator(".q-notification").last).to_contain_text(
            re.compile("nothing was erased|nobody is known")
        )
        assert person(served, "vera")["id"] == ours
    page.get_by_label("Type any identifier").fill("vera@example.com")
    desk.button("Erase for good").click()
    for _ in range(2):
        expect(page.locator(".u-main")).to_contain_text("This person was erased.")
        expect(card(page, "Receipt")).to_contain_text(
            "destroyed: whatever is sealed under them is noise"
        )
        expect(page.locator(".u-main")).not_to_contain_text("Verona")
        page.reload()
    with served.client() as client:
        assert client.get("/v1/customers/vera").status_code == 410
    page = desk.open("/customers")
    page.get_by_label("Any identifier").fill("vera@example.com")
    desk.button("Find").click()
    expect(page.get_by_role("status")).to_contain_text("This person was erased")


def test_p10_who_is_erased_elsewhere_disappears_before_ones_eyes(
    served: Served, desk: Desk
) -> None:
    newcomer(served, "elsa", city="Essen")
    page = go(desk, served, "elsa")
    expect(page.locator(".u-main")).to_contain_text("Essen")
    with served.client() as client:
        client.delete("/v1/customers/elsa").raise_for_status()
    expect(page.locator(".u-main")).to_contain_text("This person was erased.")
    expect(page.locator(".u-main")).not_to_contain_text("Essen")


@pytest.mark.parametrize(
    ("role", "begin", "end", "needs"),
    [
        ("viewer", "Stop contact", "Stop it", "operator"),
        ("approver", "Legal hold", "Put the hold on", "admin"),
        ("approver", "Erase", "Erase for good", "admin"),
    ],
)
def test_the_role_is_asked_at_the_action(
    served: Served, sit: Sits, role: str, begin: str, end: str, needs: str
) -> None:
    newcomer(served, "rolf")
    desk = sit(served, role=role)
    page = go(desk, served, "rolf")
    desk.button(begin).click()
    desk.button(end).click()
    expect(page.get_by_text(f"This needs the role {needs}")).to_be_visible()
    found = person(served, "rolf")
    assert (found["suppressions"], found["legal_hold"]) == ([], False)


def test_a_long_past_comes_page_by_page(served: Served, desk: Desk) -> None:
    newcomer(served, "paul")
    with served.client() as client:
        batch = [
            {"type": "track", "userId": "paul", "event": f"Seen {n:02d}", "messageId": f"paul-{n}"}
            for n in range(40)
        ]
        client.post("/v1/batch", json={"batch": batch}).raise_for_status()
        client.get("/v1/customers/paul").raise_for_status()
    page = go(desk, served, "paul")
    happened = card(page, "What happened")
    expect(happened).to_contain_text("Seen 39")
    expect(happened).not_to_contain_text("Seen 00")
    desk.button("Older").click()
    expect(happened).to_contain_text("Seen 00")
    expect(desk.button("Older")).to_have_count(0)
    track(served, "paul", "Seen 40")
    expect(happened).to_contain_text("Seen 40")
    expect(happened).to_contain_text("Seen 00")
    assert happened.get_by_text("“Seen 20”").count() == 1


def test_an_empty_house_says_how_people_come_in(empty: Served, sit: Sits) -> None:
    desk = sit(empty)
    page = desk.open("/customers")
    expect(page.locator(".u-main")).to_contain_text("usher import FILE")
    page = desk.open("/customers/cus_nobody")
    expect(page.locator(".u-main")).to_contain_text("Nobody is known by this reference")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_wide_and_narrow(served: Served, sit: Sits, scheme: str) -> None:
    desk = sit(served, color_scheme=scheme, viewport=NARROW)
    for user_id in ("grace", "rosa"):
        page = go(desk, served, user_id)
        desk.button("Erase").click()
        expect(desk.button("Erase for good")).to_be_visible()
        found = contrast_of(page, ".u-main .u-chip, .u-main .u-small, .u-flip, .u-main .u-button")
        assert not {words: seen for words, seen in found.items() if seen < 4.5}
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= NARROW["width"]
