"""A shadow in figures: they add up, each person once, money by currency, a first sentence."""

from __future__ import annotations

from agent.shadow import Recorded, shadow
from agent.shadow_told import affected, money_words, summary, told
from policies.pack import Pack
from tests.agent.looks import PACK, draft, look
from tests.agent.test_shadow import NO_SUNDAY, VIP_RULE, WEEKLY

PACKS = {PACK.sha256: PACK}
NOTHING_OFF = ("max_discount_bp: {value: 2000", "max_discount_bp: {value: 0")
NONE = draft(
    (WEEKLY, WEEKLY.replace("3", "0")),
    NOTHING_OFF,
)
SPAN = "in the last day"


def test_decisions_add_up_to_those_looked_at() -> None:
    pack = draft(NO_SUNDAY, VIP_RULE, NOTHING_OFF)
    looks = [look(), look("offer"), look(customer__suppressed=True)]
    counts = told(shadow(looks, pack), PACKS)
    parts = [counts[name]["decisions"] for name in ("unchanged", "changed", "undecided")]
    assert parts == [1, 1, 1]
    assert counts["looked_at"] == {"decisions": 3, "people": 1, "calls": 3}
    assert counts["undecided"]["facts"] == [
        {"fact": "customer.is_vip", "name": "is vip", "calls": 1}
    ]


def test_a_person_is_told_once_by_the_newest_decision_with_all_reasons_and_money() -> None:
    looks = [look("offer", decision="dec_1"), look(decision="dec_2"),
             look(decision="dec_3", who="cus_bob")]  # fmt: skip
    shadowed = shadow(looks, NONE)
    bob, ada = affected(shadowed, PACKS)
    assert (bob.customer_id, ada.decision_id) == ("cus_bob", "dec_2")
    assert ada.costs == (("EUR", 1_200),)
    assert "Nobody gets more than 3 marketing contacts in 7 days" in ada.reasons
    counts = told(shadowed, PACKS)
    assert counts["changed"] == {"decisions": 3, "people": 2}
    assert counts["money"] == [
        {"currency": "EUR", "refused_minor": 1_200, "allowed_minor": 0, "asked_minor": 0}
    ]
    assert money_words(counts["money"]) == ["12.00 EUR in offers would not have been made."]
    assert [rule["people"] for rule in counts["rules"]] == sorted(
        (rule["people"] for rule in counts["rules"]), reverse=True
    )


def test_the_first_sentence_says_what_is_known_and_no_more() -> None:
    def says(looks: list[Recorded], pack: Pack) -> str:
        return summary(told(shadow(looks, pack), PACKS), SPAN)

    assert says([look()], NONE) == (
        "1 person would have been affected in the last day: 1 of 1 decisions comes out otherwise."
    )
    assert says([look(), look()], draft()).endswith("all 2 decisions come out the same.")
    assert says([], NONE).startswith("Nothing was decided in the last day")
    assert says([look()], draft(NO_SUNDAY, VIP_RULE)) == (
        "Nobody is known to be affected in the last day, but 1 of 1 decisions could not be "
        "decided again."
    )
