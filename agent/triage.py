"""Triage: which of four things a new event asks for. Pure rules; a wake is not a model call.

An event *ends* a journey, *regates* what is queued (it changes a fact that a verdict read), asks
for a *plan* (it triggers a goal, the agent names it, or this journey has never met an event of that
name), or is only *recorded* (DESIGN §3.3). An event named in no file still gets a plan: that is the
point. Names are taken exactly: "order completed" is not "Order Completed" but an event nobody has
heard of, for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from customers.receipts import BOUNCES, COMPLAINTS, REPORTS
from prompts.agents import AgentFile

#: Events that change facts the gate reads; the resolver has applied them already.
FACT_EVENTS = frozenset(
    {
        "Consent Granted",
        "Consent Revoked",
        "Complaint Received",
        "Complaint Closed",
        "Unsubscribed",
        *BOUNCES,
        *COMPLAINTS,
        "Order Completed",
        "Order Refunded",
        "Order Cancelled",
    }
)

#: Segment's e-commerce names: known to the trade, so never "an event named in no file".
COMMERCE_EVENTS = frozenset(
    {
        "Products Searched",
        "Product List Viewed",
        "Product List Filtered",
        "Promotion Viewed",
        "Promotion Clicked",
        "Product Clicked",
        "Product Viewed",
        "Product Added",
        "Product Removed",
        "Cart Viewed",
        "Cart Abandoned",
        "Checkout Started",
        "Checkout Step Viewed",
        "Checkout Step Completed",
        "Payment Info Entered",
        "Order Updated",
        "Coupon Entered",
        "Coupon Applied",
        "Coupon Denied",
        "Coupon Removed",
        "Product Added to Wishlist",
        "Product Removed from Wishlist",
        "Wishlist Product Added to Cart",
        "Product Shared",
        "Cart Shared",
        "Product Reviewed",
        "Message Replied",
        "Churn Risk Scored",
        "Flight Cancelled",
    }
)


class Sort(StrEnum):
    """What an event asks of a journey."""

    ENDS = "ends"
    REGATE = "regate"
    PLAN = "plan"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event as triage sees it.

    `kind` is Segment's type, or `trigger`; `goal` only for a trigger.
    """

    event_id: str
    kind: str
    name: str
    properties: Mapping[str, Any]
    urgent: bool
    goal: str | None = None


@dataclass(frozen=True, slots=True)
class OpenJourney:
    """A journey that may care. `met` holds the event names it has seen."""

    id: str
    goal: str
    agent: AgentFile
    met: frozenset[str]
    has_queued_contact: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """One answer of triage. `goal` without `journey_id` opens (or finds) that goal's journey."""

    sort: Sort
    why: str
    journey_id: str | None = None
    goal: str | None = None
    urgent: bool = False
    unprogrammed: bool = False


def named_somewhere(name: str, agents: Iterable[AgentFile]) -> bool:
    """Whether any agent file, or the trade's own vocabulary, names this event."""
    if name in FACT_EVENTS or name in COMMERCE_EVENTS or name in REPORTS:
        return True
    return any(
        name in agent.replan_on
        or name in agent.ends_on
        or name == agent.success_event
        or any(trigger.event == name for trigger in agent.triggers)
        or any(name in (d.event, *d.of, *d.unless) for d in agent.detects)
        for agent in agents
    )


def triage(
    event: Incoming, journeys: Iterable[OpenJourney], agents: Iterable[AgentFile]
) -> list[Sorted]:
    """Sort one event. Always at least one answer; several where several journeys care."""
    agents = list(agents)
    if event.kind == "trigger":
        return [Sorted(Sort.PLAN, "asked for", goal=event.goal, urgent=True)]
    if event.kind != "track":
        sort = Sort.REGATE if event.kind in ("identify", "alias") else Sort.RECORD
        return [Sorted(sort, f"{event.kind} changes the profile, not the journey")]
    answers: list[Sorted] = []
    opened = _opened_goals(event, agents)
    for journey in journeys:
        if journey.goal in opened:
            continue
        answers.append(_for_journey(event, journey, agents))
    for goal, why in opened.items():
        answers.append(Sorted(Sort.PLAN, why, goal=goal, urgent=event.urgent))
    if not answers:
        sort = Sort.REGATE if event.name in FACT_EVENTS else Sort.RECORD
        answers.append(Sorted(sort, "no open journey asks about it"))
    return answers


def _opened_goals(event: Incoming, agents: Iterable[AgentFile]) -> dict[str, str]:
    return {
        goal: f"{event.name} opens {goal}"
        for agent in agents
        for trigger in agent.triggers
        if trigger.event == event.name and trigger.holds(event.properties)
        for goal in agent.goals
    }


def _for_journey(event: Incoming, journey: OpenJourney, agents: list[AgentFile]) -> Sorted:
    agent = journey.agent
    if event.name == agent.success_event:
        return Sorted(Sort.ENDS, "reached", journey_id=journey.id)
    if event.name in agent.ends_on:
        return Sorted(Sort.ENDS, f"ended by {event.name}", journey_id=journey.id)
    if event.name in FACT_EVENTS and journey.has_queued_contact and not _asks(agent, event.name):
        # The gate reads the new fact before anything leaves; there is nothing to think over.
        return Sorted(Sort.REGATE, "changes facts that what is queued depends on", journey.id)
    if event.name in REPORTS and not _asks(agent, event.name):
        return Sorted(Sort.RECORD, "a channel's report of how a letter fares", journey.id)
    unprogrammed = not named_somewhere(event.name, agents)
    if _asks(agent, event.name) or event.name not in journey.met:
        return Sorted(
            Sort.PLAN,
            "the agent's file asks to look again after it"
            if _asks(agent, event.name)
            else "new to this journey",
            journey_id=journey.id,
            goal=journey.goal,
            urgent=event.urgent or (unprogrammed and journey.has_queued_contact),
            unprogrammed=unprogrammed,
        )
    sort = Sort.REGATE if event.name in FACT_EVENTS else Sort.RECORD
    return Sorted(sort, "changes facts only" if sort is Sort.REGATE else "met before", journey.id)


def _asks(agent: AgentFile, name: str) -> bool:
    """Whether the agent's own file asks to look again after this event."""
    return name in agent.replan_on
