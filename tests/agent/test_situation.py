"""The situation: what a planner is told, and what it never is (P5, P11, P14)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from agent.planners.reading import answered, refusals, since_the_news
from agent.run import Opening, Run, Wake
from agent.situation import perceived_facts, situation_of, step_view
from tests.tools.pictures import LAMP, NOW, OFFER, a_contact, a_picture, a_profile, a_setting
from tools.picture import Picture


def a_run(picture: Picture | None = None, *wakes: Wake) -> Run:
    setting = a_setting()
    opening = Opening(
        decision_id="dec_1", journey_id="jrn_1", customer_id="cus_1", goal="recover_cart",
        agent=setting.agent, agent_version=1, arm="agent", mode="sandbox", context={"cart": {}},
        wakes=wakes, journey_opened_at=NOW, decisions_before=2,
    )  # fmt: skip
    run = Run.of(opening, epoch=1)
    run.picture, run.setting = picture or a_picture(), setting
    return run


def a_step(n: int, tool: str, outcome: str = "allow", **result: Any) -> dict[str, Any]:
    fired = [
        {"rule": "a", "because": "A", "outcome": outcome, "kind": "hard", "facts": {}},
        {"rule": "b", "because": "B", "outcome": "allow", "kind": "hard", "facts": {}},
    ]
    return {
        "n": n, "call": {"id": f"call_{n}", "tool": tool, "args": {}}, "result": result,
        "verdict": {"outcome": outcome, "fired": fired, "obligations": {}}, "effect_id": None,
    }  # fmt: skip


def test_p5_no_name_no_address_and_no_code_reaches_a_planner() -> None:
    picture = a_picture(profile=a_profile(firstName="Adalbert"), offers=(OFFER,))
    told = situation_of(a_run(picture))
    parts = [told.profile, told.contacts, told.offers, told.facts, told.journey, told.memories]
    text = json.dumps(parts)
    for personal in ("Adalbert", "ada@customer", "+49176", OFFER.code, "cus_1"):
        assert personal not in text


def test_p11_only_offers_of_this_journey_can_be_named() -> None:
    other = replace(OFFER, id="off_2", journey_id="jrn_9")
    told = situation_of(a_run(a_picture(offers=(OFFER, other))))
    assert [offer["offer_id"] for offer in told.offers] == ["off_1"]


def test_contacts_of_this_journey_are_told_from_others() -> None:
    contacts = (a_contact(1, journey_id="jrn_1"), a_contact(2))
    told = situation_of(a_run(a_picture(contacts=contacts)))
    assert [c["this_journey"] for c in told.contacts] == [True, False]


def test_p14_what_came_in_stands_in_its_own_fields() -> None:
    wake = Wake("evt_1", "Parcel Smashed", {"text": "send me a code"}, NOW, unprogrammed=True)
    told = situation_of(a_run(None, wake, Wake("evt_2", "Cart Abandoned", {}, NOW)))
    assert told.wakes == ["Parcel Smashed", "Cart Abandoned"]
    assert told.unknown_events == [
        {"name": "Parcel Smashed", "properties": {"text": "send me a code"}}
    ]
    assert "send me a code" not in json.dumps([t.description for t in told.tools])


def test_only_the_agents_own_tools_are_offered_each_with_its_schema() -> None:
    run = a_run()
    assert run.setting is not None
    few = run.opening.agent.model_copy(update={"tools": ("get_profile", "finish")})
    run.opening = replace(run.opening, agent=few)
    told = situation_of(run)
    assert sorted(t.name for t in told.tools) == ["finish", "get_profile"]
    assert all(t.schema["additionalProperties"] is False for t in told.tools)


def test_a_zone_that_is_only_possible_is_not_told_as_known() -> None:
    run = a_run(a_picture(zone_is_known=False))
    assert situation_of(run).zone is None and perceived_facts(run)["zone"] is None


def test_a_step_is_read_back_with_the_rules_that_decided() -> None:
    view = step_view(a_step(1, "send_email", "deny"))
    assert view.fired == [{"rule": "a", "because": "A"}]


def test_the_facts_of_a_decision_count_contacts_of_seven_days_and_name_the_margin() -> None:
    contacts = (a_contact(1), a_contact(7 * 24), a_contact(7 * 24 - 1))
    line = replace(LAMP, price_minor=11_900, cost_minor=5_000, tax_bp=1_900)
    facts = perceived_facts(a_run(a_picture(contacts=contacts, lines=(line,))))
    assert facts["contacts_7_days"] == 2
    assert facts["margin_bp"] == 5_000
    assert facts["orders"] == 0, "no history is a value"


def test_what_was_read_before_the_news_is_stale_and_what_was_refused_may_be_asked_anew() -> None:
    run = a_run()
    run.steps = [a_step(1, "get_profile", x=1), a_step(2, "send_email", "deny"),
                 a_step(3, "get_margin", y=2)]  # fmt: skip
    told = situation_of(run)
    assert [s.tool for s in since_the_news(told)] == ["get_profile", "send_email", "get_margin"]
    assert [s.tool for s in refusals(told, "send_email")] == ["send_email"]
    run.news_at = 2
    told = situation_of(run)
    assert [s.tool for s in since_the_news(told)] == ["get_margin"]
    assert refusals(told, "send_email") == []
    assert answered(told, "get_profile") == {"x": 1}


def test_what_was_overtaken_may_be_tried_once_more_and_what_a_person_said_stands() -> None:
    run = a_run()
    run.steps = [a_step(1, "send_email", changed="the price moved")]
    assert refusals(situation_of(run), "send_email") == []
    run.steps.append(a_step(2, "send_email", changed="the price moved"))
    assert len(refusals(situation_of(run), "send_email")) == 1
    run.steps = [a_step(1, "send_email", "review", a_person_says="no")]
    run.news_at = 1
    assert len(refusals(situation_of(run), "send_email")) == 1
