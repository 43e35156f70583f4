"""The situation: what a planner is told. Composed of the run's picture, never of anything else.

No name, no address, no id but those this decision has made. Text that a customer wrote stands in
its own fields as data (P14).
"""

from __future__ import annotations

from typing import Any

from agent.planning import Situation, StepView, ToolOffer
from agent.run import Run
from tools.catalogue import worst_margin
from tools.picture import CHANNELS, Picture, instant
from tools.registry import TOOLS


def situation_of(run: Run) -> Situation:
    """The planner's view of a run that has perceived."""
    picture, setting = run.picture, run.setting
    assert picture is not None and setting is not None
    opening = run.opening
    return Situation(
        goal=opening.goal,
        agent=opening.agent,
        now_us=picture.now_us,
        zone=picture.zone if picture.zone_is_known else None,
        context=dict(opening.context),
        profile=_profile(picture, opening.agent.purpose),
        contacts=[
            {
                "channel": c.channel,
                "class": c.message_class,
                "at": c.at,
                "journey_id": c.journey_id,
                "this_journey": c.journey_id == opening.journey_id,
                "status": c.status,
            }
            for c in picture.contacts
        ],
        memories=list(run.memories),
        wakes=[wake.name for wake in run.wakes],
        unknown_events=[
            {"name": wake.name, "properties": wake.properties}
            for wake in run.wakes
            if wake.unprogrammed
        ],
        offers=[
            {
                "offer_id": offer.id,
                "discount_bp": offer.discount_bp,
                "expires_at": instant(offer.expires_at).isoformat(),
                "status": offer.status,
            }
            for offer in picture.offers
            if offer.journey_id == opening.journey_id
        ],
        tools=[
            ToolOffer(name=tool.name, description=tool.description, schema=tool.schema)
            for tool in TOOLS.values()
            if tool.name in opening.agent.tools
        ],
        steps=[step_view(step) for step in run.steps],
        journey={
            "id": opening.journey_id,
            "opened_at": opening.journey_opened_at,
            "decisions": opening.decisions_before,
            "queued_contacts": len(run.queued_here),
            "entries_before": list(opening.entries_before),
        },
        news_at=run.news_at,
        facts=perceived_facts(run),
        messages=_messages(run),
        brand=setting.library.brand,
        spent=run.usage,
    )


def _messages(run: Run) -> tuple[dict[str, Any], ...]:
    """The agent's messages as this person would read them, without their class and purpose."""
    assert run.picture is not None and run.setting is not None
    person, library = run.picture.profile, run.setting.library
    found = (
        library.pick_message(name, locale=person.locale, language=person.language)
        for name in run.setting.agent.messages
    )
    return tuple(file.described() for file in found if file is not None)


def step_view(step: dict[str, Any]) -> StepView:
    """One journalled step as the planner reads it back."""
    verdict = step["verdict"]
    return StepView(
        n=step["n"],
        call_id=step["call"]["id"],
        tool=step["call"]["tool"],
        args=step["call"]["args"],
        outcome=verdict["outcome"],
        fired=[
            {"rule": f["rule"], "because": f["because"]}
            for f in verdict["fired"]
            if f["outcome"] == verdict["outcome"]
        ],
        obligations=verdict["obligations"],
        result=step["result"],
    )


def perceived_facts(run: Run) -> dict[str, Any]:
    """The facts a decision shows on its left side: what it knew, in plain values."""
    picture, setting = run.picture, run.setting
    assert picture is not None and setting is not None
    purpose = setting.agent.purpose
    person = picture.profile
    return {
        "segment": person.segment,
        "orders": person.orders,
        "revenue_minor": person.revenue_minor,
        "last_order_at": person.last_order_at,
        "discounts_taken": person.discounts_taken,
        "open_complaint": picture.complaint_open,
        "locale": person.locale,
        "zone": picture.zone if picture.zone_is_known else None,
        "cart_value_minor": picture.cart_value_minor,
        "cart_currency": picture.cart_currency,
        "cart_lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "price_minor": line.price_minor,
                "free_stock": line.free_stock,
                "fetched_at": line.fetched_at,
            }
            for line in picture.lines
        ],
        "margin_bp": worst_margin(picture, 0),
        "contacts_7_days": sum(
            c.at > picture.now_us - 7 * 86_400 * 1_000_000 for c in picture.contacts
        ),
        "consents": {c: picture.consents[c, purpose] for c in CHANNELS},
        "budgets_left_minor": dict(picture.budgets),
    }


def _profile(picture: Picture, purpose: str) -> dict[str, Any]:
    person = picture.profile
    return {
        "locale": person.locale,
        "language": person.language,
        "segment": person.segment,
        "orders": person.orders,
        "revenue_minor": person.revenue_minor,
        "discounts_taken": person.discounts_taken,
        "preferred_channel": person.preferred_channel,
        "consents": {c: picture.consents[c, purpose] for c in CHANNELS},
        "addresses": {c: c in picture.addresses for c in CHANNELS},
        "open_complaint": picture.complaint_open,
    }
