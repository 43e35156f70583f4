"""Triage: four answers, pure rules, and nothing that nobody has heard of goes unnoticed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.triage import (
    COMMERCE_EVENTS,
    FACT_EVENTS,
    Incoming,
    OpenJourney,
    Sort,
    Sorted,
    named_somewhere,
    triage,
)
from prompts.agents import AgentFile, Trigger
from prompts.conditions import Condition, Op
from tests.tools.pictures import library

SHOPPING = library().agents["shopping"]


def came(name: str, *, kind: str = "track", goal: str | None = None, **properties: Any) -> Incoming:
    return Incoming("evt_1", kind, name, properties, urgent=False, goal=goal)


def journey(*met: str, queued: bool = False, agent: AgentFile = SHOPPING) -> OpenJourney:
    return OpenJourney("jrn_1", agent.goals[0], agent, frozenset(met), queued)


def sort(event: Incoming, *journeys: OpenJourney) -> Sorted:
    (answer,) = triage(event, journeys, [SHOPPING])
    return answer


def test_a_purchase_ends_cart_recovery_and_is_called_reached() -> None:
    answer = sort(came("Order Completed"), journey(queued=True))
    assert (answer.sort, answer.why, answer.journey_id) == (Sort.ENDS, "reached", "jrn_1")


def test_another_ending_of_the_file_ends_it_without_calling_it_a_success() -> None:
    agent = SHOPPING.model_copy(update={"ends_on": ("Cart Cleared",)})
    (answer,) = triage(came("Cart Cleared"), [journey(agent=agent)], [agent])
    assert (answer.sort, answer.why) == (Sort.ENDS, "ended by Cart Cleared")


def test_a_trigger_by_hand_always_plans_and_is_urgent() -> None:
    answer = sort(came("trigger", kind="trigger", goal="recover_cart"), journey("trigger"))
    assert (answer.sort, answer.goal, answer.urgent) == (Sort.PLAN, "recover_cart", True)
    assert answer.journey_id is None


def test_an_event_of_the_file_opens_its_goal() -> None:
    answer = sort(came("Cart Abandoned"))
    assert (answer.sort, answer.goal, answer.journey_id) == (Sort.PLAN, "recover_cart", None)


def test_an_opening_event_opens_only_when_its_conditions_hold() -> None:
    large = Trigger(
        event="Cart Abandoned", when=(Condition(fact="total", op=Op.AT_LEAST, value=50),)
    )
    agent = SHOPPING.model_copy(update={"triggers": (large,)})
    assert triage(came("Cart Abandoned", total=60), [], [agent])[0].sort is Sort.PLAN
    for properties in ({"total": 40}, {}, {"total": "60"}, {"total": True}):
        answer = triage(came("Cart Abandoned", **properties), [], [agent])[0]
        assert answer.sort is Sort.RECORD


@pytest.mark.parametrize("name", sorted(SHOPPING.replan_on))
def test_what_the_file_asks_to_look_at_again_plans_each_time(name: str) -> None:
    for met in ((), (name,)):
        for queued in (False, True):
            answer = sort(came(name), journey(*met, queued=queued))
            assert (answer.sort, answer.unprogrammed) == (Sort.PLAN, False)


def test_a_name_new_to_the_journey_plans_once() -> None:
    assert sort(came("Product Viewed"), journey()).sort is Sort.PLAN
    again = sort(came("Product Viewed"), journey("Product Viewed"))
    assert (again.sort, again.why, again.journey_id) == (Sort.RECORD, "met before", "jrn_1")


@pytest.mark.parametrize("name", sorted(FACT_EVENTS - {"Order Completed", "Complaint Received"}))
def test_a_fact_that_a_queued_contact_depends_on_asks_the_gate_and_no_planner(name: str) -> None:
    for met in ((), (name,)):
        answer = sort(came(name), journey(*met, queued=True))
        assert (answer.sort, answer.journey_id) == (Sort.REGATE, "jrn_1")


def test_a_new_fact_plans_where_nothing_is_queued_for_it_may_open_a_way() -> None:
    """Consent came after a decision that had to end without a channel."""
    assert sort(came("Consent Granted"), journey()).sort is Sort.PLAN
    assert sort(came("Consent Granted"), journey("Consent Granted")).sort is Sort.REGATE


def test_a_name_in_no_file_is_unprogrammed_and_urgent_where_something_is_queued() -> None:
    quiet, queued = (sort(came("Parcel Smashed"), journey(queued=q)) for q in (False, True))
    assert (quiet.sort, quiet.unprogrammed, quiet.urgent) == (Sort.PLAN, True, False)
    assert (queued.sort, queued.unprogrammed, queued.urgent) == (Sort.PLAN, True, True)


@pytest.mark.parametrize(
    "name", ["order completed", "Order completed", "ORDER COMPLETED", "Order Completed "]
)
def test_names_are_taken_exactly_and_what_only_looks_known_is_for_people(name: str) -> None:
    """The shop counts no order of this name, so no journey is called reached by it."""
    answer = sort(came(name), journey(queued=True))
    assert (answer.sort, answer.unprogrammed, answer.urgent) == (Sort.PLAN, True, True)
    assert not named_somewhere(name, [SHOPPING])


@pytest.mark.parametrize(
    ("kind", "sorted_as"),
    [
        ("identify", Sort.REGATE),
        ("alias", Sort.REGATE),
        ("group", Sort.RECORD),
        ("page", Sort.RECORD),
        ("screen", Sort.RECORD),
    ],
)
def test_what_is_no_track_plans_nothing_whatever_it_is_called(kind: str, sorted_as: Sort) -> None:
    assert sort(came("Cart Abandoned", kind=kind), journey()).sort is sorted_as


def test_without_an_open_journey_it_is_recorded_with_a_reason() -> None:
    assert sort(came("Parcel Smashed")).sort is Sort.RECORD
    assert sort(came("Consent Revoked")).sort is Sort.REGATE
    assert sort(came("Parcel Smashed")).why


def test_an_opening_event_is_not_also_news_to_the_goals_open_journeys() -> None:
    answers = triage(came("Cart Abandoned"), [journey()], [SHOPPING])
    assert [(a.sort, a.goal, a.journey_id) for a in answers] == [(Sort.PLAN, "recover_cart", None)]


def test_each_open_journey_gets_its_own_answer() -> None:
    other = SHOPPING.model_copy(
        update={"name": "retention", "goals": ("retain",), "success_event": "Visited",
                "ends_on": ("Visited",), "replan_on": (), "triggers": ()}
    )  # fmt: skip
    theirs = OpenJourney("jrn_2", "retain", other, frozenset({"Order Completed"}), False)
    answers = triage(came("Order Completed"), [journey(), theirs], [SHOPPING, other])
    assert [(a.journey_id, a.sort) for a in answers] == [
        ("jrn_1", Sort.ENDS),
        ("jrn_2", Sort.REGATE),
    ]


known = st.sampled_from(sorted(FACT_EVENTS | COMMERCE_EVENTS | set(SHOPPING.replan_on)))


@given(
    name=st.one_of(known, st.text(max_size=40)),
    kind=st.sampled_from(["track", "identify", "alias", "group", "page", "screen"]),
    met=st.booleans(),
    queued=st.booleans(),
    open_ones=st.integers(0, 2),
)
@settings(max_examples=200, deadline=None)
def test_p7_every_event_gets_an_answer_with_a_reason(
    name: str, kind: str, met: bool, queued: bool, open_ones: int
) -> None:
    journeys = [journey(*([name] if met else []), queued=queued)] * open_ones
    answers = triage(came(name, kind=kind), journeys, [SHOPPING])
    assert answers and all(answer.why for answer in answers)
    if kind == "track" and open_ones and not met and name not in FACT_EVENTS:
        assert {a.sort for a in answers} <= {Sort.PLAN, Sort.ENDS}
