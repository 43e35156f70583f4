"""Questions that are alike are decided together, and questions are given to somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.api.processes import Served
from tests.console import sample
from tests.console.conftest import Sits
from tests.console.desk import PATIENCE_MS, Desk


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def alike(served: Served) -> Iterator[list[dict[str, Any]]]:
    """Three questions of one shape: Ines's of the sample, and two more like it."""
    with served.client() as client:
        for user_id in ("ida", "isa"):
            stated = {**sample.PEOPLE, user_id: (user_id.title(), "Moreau", "Europe/Berlin")}
            traits = {"email": f"{user_id}@example.com", "firstName": stated[user_id][0]}
            _ok(client, "identify", user_id, traits={**traits, "timezone": "Europe/Berlin"})
            agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
            _ok(client, "track", user_id, event="Consent Granted", properties=agreed)
            for n in range(3):
                order = {"order_id": f"{user_id}-{n}", "total": 300, "currency": "EUR"}
                _ok(
                    client,
                    "track",
                    user_id,
                    event="Order Completed",
                    timestamp=f"2025-0{4 + n}-11T10:00:00Z",
                    properties=order | {"coupon": f"OLD-{user_id}-{n}"},
                )
            cart = {"id": f"cart-{user_id}", "value_minor": 12_000, "currency": "EUR"}
            cart["items"] = [{"sku": "LAMP", "quantity": 1, "price_minor": 12_000}]
            body = {"goal": "recover_cart", "customer": {"userId": user_id}}
            client.post(
                "/v1/triggers", params={"wait": 60}, json={**body, "context": {"cart": cart}}
            ).raise_for_status()
        yield [sample.question_of(client, user_id) for user_id in ("ines", "ida", "isa")]


def _ok(client: Any, kind: str, user_id: str, **said: Any) -> None:
    client.post(f"/v1/{kind}", json={"userId": user_id, **said}).raise_for_status()


def test_a_question_is_given_to_somebody_and_taken_over(served: Served, sit: Sits) -> None:
    with served.client() as client:
        sample.key_of(client, "approver", "gwen")
        question = sample.question_of(client, "grace")
    desk: Desk = sit(served)
    page = desk.open(f"/approvals/{question['id']}")
    desk.button("Give it to somebody").click()
    page.get_by_label("Who answers").select_option("gwen")
    desk.button("Give it to them").click()
    expect(page.locator(".u-main")).to_contain_text("This question is for gwen")
    expect(desk.button("Approve")).to_be_disabled()
    desk.button("Take it over").click()
    expect(desk.button("Approve")).to_be_enabled()
    expect(page.locator(".u-item", has_text="Grace H.")).to_contain_text("for you")
    desk.button("For nobody").click()
    expect(page.locator(".u-item", has_text="Grace H.")).to_have_count(0)
    desk.button("For me").click()
    expect(page.locator(".u-item")).to_have_count(1)
    expect(page.locator(".u-item")).to_contain_text("left")
    expect(page.locator(".u-item")).to_contain_text("UTC")


def test_p9_a_group_is_looked_through_and_decided_at_once(
    served: Served, sit: Sits, alike: list[dict[str, Any]]
) -> None:
    assert len({question["alike"] for question in alike}) == 1
    desk = sit(served)
    page = desk.open("/approvals")
    group = page.locator("section", has_text="3 alike")
    group.get_by_text("What each of them would get").click()
    expect(group).to_contain_text("Ines M.")
    desk.button("Reject all 3").click()
    expect(page.get_by_text("Write the reason first")).to_be_visible()
    page.get_by_label("Reason for all 3").fill("not this week")
    desk.button("Reject all 3").click()
    expect(page.locator(".u-main")).to_contain_text("Of 3: 3 decided.")
    with served.client() as client:
        for question in alike:
            now = client.get(f"/v1/approvals/{question['id']}").json()
            assert (now["status"], now["reason"]) == ("rejected", "not this week")
