"""The three answers in a marketer's words."""

from __future__ import annotations

from typing import Any

from console.pages.customer_contacts import coming, was_not_sent, was_sent

NOON = 1_772_539_200_000_000
MAIL: dict[str, Any] = {
    "decision_id": "dec_1",
    "effect_id": "eff_1",
    "goal": "recover_cart",
    "kind": "contact",
    "channel": "email",
    "message": "cart_reminder",
    "mode": "live",
    "at": NOON,
}


def test_what_was_sent_is_one_sentence_and_what_nobody_knows_says_so() -> None:
    said = was_sent({**MAIL, "known": True, "reached_people": True})
    assert said == "Tue 3 Mar 2026, 12:00:00 UTC: an e-mail (cart reminder) for “recover cart”."
    assert "Nobody knows" in was_sent({**MAIL, "known": False, "reached_people": True})
    assert "outbox" in was_sent({**MAIL, "known": True, "reached_people": False})


def test_what_was_not_sent_says_why_and_when_it_is_looked_at_again() -> None:
    never = {**MAIL, "kind": None, "channel": None, "message": None}
    said = was_not_sent({**never, "reason": "They bought today", "look_again_at": NOON})
    assert "no message for “recover cart”, because they bought today." in said
    assert said.endswith("It is looked at again Tue 3 Mar 2026, 12:00:00 UTC.")


def test_what_comes_next_says_when_and_what_holds_it() -> None:
    item = {**MAIL, "until": NOON, "held": None, "waits_for": "its hour"}
    assert "decided again just before" in coming(item)
    assert "is held: All e-mail is stopped" in coming({**item, "held": "All e-mail is stopped"})
    assert "lapses" in coming({**item, "waits_for": "an answer"})
    assert "look again" in coming({**item, "waits_for": "another look"})
