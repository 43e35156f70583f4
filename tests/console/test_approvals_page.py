"""The approvals inbox in a real browser: answered once, by keyboard, by whoever may, as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.processes import Served
from tests.console import sample
from tests.console.conftest import Sits
from tests.console.desk import NARROW, PATIENCE_MS, Desk, contrast_of


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def asked(served: Served) -> Iterator[dict[str, Any]]:
    """A fresh question about Grace, which only an approver may answer."""
    yield ask(served, "grace")


def ask(served: Served, user_id: str) -> dict[str, Any]:
    """The open question about somebody; a new cart of theirs asks anew where it was answered."""
    with served.client() as client:
        open_ones = client.get("/v1/approvals").raise_for_status().json()["items"]
        person = client.get(f"/v1/customers/{user_id}").raise_for_status().json()
        if not any(item["customer_id"] == person["id"] for item in open_ones):
            client.post("/v1/clock", json={"advance": "PT1H"}).raise_for_status()
            sample.abandon(client, user_id, n=len(person["journeys"]) + 1)
        return sample.question_of(client, user_id)


def refuse(served: Served, question: dict[str, Any]) -> None:
    no = {"decision": "reject", "reason": "no"}
    with served.client() as client:
        client.post(f"/v1/approvals/{question['id']}", json=no).raise_for_status()


def now(served: Served, question: dict[str, Any]) -> dict[str, Any]:
    with served.client() as client:
        found: dict[str, Any] = client.get(f"/v1/approvals/{question['id']}").json()
        return found


def go(desk: Desk, question: dict[str, Any], *, page: Page | None = None) -> Page:
    return desk.open(f"/approvals/{question['id']}", page=page)


def test_the_card_holds_all_that_an_answer_needs(desk: Desk, asked: dict[str, Any]) -> None:
    page = go(desk, asked)
    main = page.locator(".u-main")
    for words in (
        "20 % off for Grace H.",
        "needs an approver",
        "120.00 EUR",
        "offer_autonomy.large",
        "“An offer worth 50.00 or more is signed by a person”",
        "platinum",
        "What Grace H. would get, word for word",
        "Nothing is written to them by this step",
        "Asked by the agent shopping",
        "assigned to nobody yet",
        "not done",
    ):
        expect(main).to_contain_text(words)
    expect(main).to_contain_text(re.compile(r"Lapses \w{3} \d+ Mar 2026, [\d:]{8} UTC"))


def test_what_would_be_sent_is_shown_word_for_word(served: Served, desk: Desk) -> None:
    question = ask(served, "ines")
    page = go(desk, question)
    expect(page.locator(".u-main")).to_contain_text("needs an operator")
    page.keyboard.press("a")
    expect(page.locator(".u-main")).to_contain_text("Already decided by admin")
    expect(page.locator(".u-item", has_text="An e-mail")).to_be_visible()
    with served.client() as client:
        follow = sample.question_of(client, "ines")
    page = go(desk, follow)
    expect(page.locator(".u-title2")).to_have_text("An e-mail for Ines M.")
    expect(page.locator(".u-message")).to_have_text(follow["message"]["text"])


def test_p9_of_two_tabs_one_decides_and_the_other_is_shown_who(
    served: Served, sit: Sits, asked: dict[str, Any]
) -> None:
    one, other = sit(served), sit(served, role="approver")
    go(one, asked)
    go(other, asked)
    one.button("Reject").click()
    one.page.get_by_label("Reason").fill("not this month")
    with served.client() as client:  # somebody is first, while both tabs still show the question
        client.post(
            f"/v1/approvals/{asked['id']}", json={"decision": "respond", "reason": "ask less"}
        ).raise_for_status()
    expect(one.page.locator(".u-main")).to_contain_text("Already decided by admin")
    expect(other.page.locator(".u-main")).to_contain_text("Already decided by admin")
    expect(other.page.locator(".u-main")).to_contain_text("“ask less”")
    expect(other.button("Approve")).to_have_count(0)
    assert now(served, asked)["status"] == "responded"


def test_p9_an_answer_that_comes_second_changes_nothing_and_says_so(
    served: Served, sit: Sits, asked: dict[str, Any]
) -> None:
    """Both press A in the same moment; the server's compare-and-set lets one of them."""
    desks = [sit(served), sit(served, role="approver")]
    for desk in desks:
        go(desk, asked)
        expect(desk.button("Approve")).to_be_enabled()
    for desk in desks:
        desk.page.keyboard.press("a")
    for desk in desks:
        expect(desk.page.locator(".u-main")).to_contain_text("Already decided by")
    found = now(served, asked)
    assert found["status"] == "approved"
    for desk in desks:
        expect(desk.page.locator(".u-main")).to_contain_text(
            f"Already decided by {found['decided_by']}"
        )


def test_a_reason_is_asked_for_and_kept_and_its_letters_are_no_commands(
    served: Served, desk: Desk, asked: dict[str, Any]
) -> None:
    page = go(desk, asked)
    page.keyboard.press("x")
    desk.button("Reject with this reason").click()
    expect(page.get_by_text("Write the reason first")).to_be_visible()
    page.get_by_label("Reason").press_sequentially("<b>too</b> dear; a ja ka")
    desk.button("Reject with this reason").click()
    expect(page.locator(".u-main")).to_contain_text("“<b>too</b> dear; a ja ka”")
    assert now(served, asked)["reason"] == "<b>too</b> dear; a ja ka"
    assert page.locator(".u-main b").count() == 0


def test_an_edit_shows_before_and_after_first_and_goes_through_the_gate(
    served: Served, desk: Desk, asked: dict[str, Any]
) -> None:
    page = go(desk, asked)
    page.keyboard.press("e")
    field = page.get_by_label("Discount, %")
    expect(field).to_have_value("20")
    desk.button("Show what changes").click()
    expect(page.get_by_text("Nothing is different yet")).to_be_visible()
    field.fill("a lot")
    desk.button("Show what changes").click()
    expect(page.get_by_text("discount_bp:")).to_be_visible()
    field.fill("7.5")
    desk.button("Show what changes").click()
    expect(page.locator(".u-diff")).to_contain_text("− 20 %")
    expect(page.locator(".u-diff")).to_contain_text("+ 7.5 %")
    assert now(served, asked)["status"] == "pending"
    desk.button("Change it again").click()
    expect(field).to_have_value("7.5")
    desk.button("Show what changes").click()
    desk.button("Release it like this").click()
    expect(page.locator(".u-main")).to_contain_text("Already decided by admin")
    found = now(served, asked)
    assert found["status"] == "edited"
    assert found["args"] == {**asked["call"]["args"], "discount_bp": 750}
    with served.client() as client:
        decision = client.get(f"/v1/decisions/{asked['decision_id']}").json()
    made = [s for s in decision["steps"] if s["call"]["id"].endswith(":edited")]
    assert made and made[0]["call"]["args"]["discount_bp"] == 750


def test_whose_key_is_too_small_is_told_and_cannot(
    served: Served, sit: Sits, asked: dict[str, Any]
) -> None:
    desk = sit(served, role="operator")
    page = go(desk, asked)
    expect(page.locator(".u-main")).to_contain_text("for the role approver; your key has operator")
    expect(desk.button("Approve")).to_be_disabled()
    page.keyboard.press("a")
    expect(page.get_by_text("This needs the role approver")).to_be_visible()
    assert now(served, asked)["status"] == "pending"


def test_the_role_is_asked_at_the_action_not_when_the_page_was_opened(
    served: Served, sit: Sits, asked: dict[str, Any]
) -> None:
    desk = sit(served, role="approver")
    page = go(desk, asked)
    expect(desk.button("Approve")).to_be_enabled()
    with served.client() as client:
        keys = client.get("/v1/principals").json()["items"]
        name = [k["name"] for k in keys if k["role"] == "approver"][-1]
        client.delete(f"/v1/principals/{name}").raise_for_status()
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/login|/approvals"))
    assert now(served, asked)["status"] == "pending"


def test_j_and_k_walk_the_queue_and_the_address_follows(
    served: Served, desk: Desk, asked: dict[str, Any]
) -> None:
    other = ask(served, "gilda")
    first, second = sorted([asked["id"], other["id"]])
    page = desk.open(f"/approvals/{first}")
    while not page.url.endswith(second):
        before = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url, before=before: url != before)
    expect(page.locator(".u-item.here")).to_have_count(1)
    page.keyboard.press("Control+k")
    page.keyboard.press("k")
    page.wait_for_url(lambda url: not url.endswith(second))
    page.reload()
    expect(page.locator(".u-item.here")).to_have_count(1)


def test_a_question_appears_by_itself_and_leaves_when_it_is_answered(
    served: Served, desk: Desk
) -> None:
    refuse(served, ask(served, "gilda"))
    page = desk.open("/approvals")
    gilda = page.locator(".u-item", has_text="Gilda R.")
    expect(gilda).to_have_count(0)
    question = ask(served, "gilda")
    expect(gilda).to_have_count(1)
    refuse(served, question)
    expect(gilda).to_have_count(0)


def test_what_somebody_types_stays_while_the_queue_moves(
    served: Served, desk: Desk, asked: dict[str, Any]
) -> None:
    page = go(desk, asked)
    page.keyboard.press("r")
    page.get_by_label("Reason").fill("ask for less")
    refuse(served, ask(served, "gilda"))
    expect(page.locator(".u-item", has_text="Gilda R.")).to_have_count(0)
    expect(page.get_by_label("Reason")).to_have_value("ask for less")


def test_a_question_that_nobody_answers_lapses_before_ones_eyes(
    served: Served, desk: Desk, asked: dict[str, Any]
) -> None:
    page = go(desk, asked)
    expect(page.locator(".u-main")).to_contain_text("left")
    with served.client() as client:
        client.post("/v1/clock", json={"advance": "P2D"}).raise_for_status()
    expect(page.locator(".u-main")).to_contain_text("lapsed: not done")
    expect(desk.button("Approve")).to_have_count(0)


def test_with_nothing_to_answer_the_page_says_what_to_expect(empty: Served, sit: Sits) -> None:
    page = sit(empty).open("/approvals")
    expect(page.locator(".u-main")).to_contain_text("Nothing waits for a person")
    expect(page.locator(".u-main")).to_contain_text("appears here by itself")


def test_a_question_that_is_none_is_said_so(desk: Desk) -> None:
    page = desk.open("/approvals/apr_nothing")
    expect(page.locator(".u-main")).to_contain_text("there is no approval apr_nothing")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_on_the_card_can_be_read_wide_and_narrow(
    served: Served, sit: Sits, asked: dict[str, Any], scheme: str
) -> None:
    desk = sit(served, color_scheme=scheme, viewport=NARROW)
    page = go(desk, asked)
    page.keyboard.press("e")
    page.get_by_label("Discount, %").fill("8")
    desk.button("Show what changes").click()
    expect(page.locator(".u-diff")).to_be_visible()
    faint = {
        words: seen
        for words, seen in contrast_of(page, ".u-main .u-chip, .u-main .u-small, .u-diff *").items()
        if seen < 4.5
    }
    assert not faint
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= NARROW["width"]
