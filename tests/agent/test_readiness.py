"""How far a deployment has come: from nothing to the first answer, nothing ticked off by hand."""

from __future__ import annotations

from pathlib import Path

from agent.assembly import Parts
from agent.readiness import Readiness
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, does, sends


async def now(shop: Deployment) -> Readiness:
    return await shop.runs.counts.readiness(shop.runs.env.library.agents.values())


async def test_an_empty_deployment_has_done_nothing(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d", stocked=False) as shop:
        found = await now(shop)
        assert (found.events, found.people, found.products, found.decisions) == (0, 0, 0, 0)
        assert (found.last_event_at, found.answered, found.letter, found.real) == (None,) * 4
        assert set(found.modes.values()) == {"sandbox"}


async def test_a_message_in_the_outbox_is_seen_and_is_no_real_one(tmp_path: Path) -> None:
    async with deployment(tmp_path / "d") as shop:
        await shop.person("ada")
        decision = await shop.decide("ada")
        found = await now(shop)
        assert found.letter is not None
        assert (found.letter.decision_id, found.letter.kind) == (decision["id"], "email")
        assert found.letter.effect_id == shop.outbox.ids()[0]
        assert found.real is None
        assert (found.products, found.people, found.decisions) == (1, 1, 1)
        assert found.events == 3


async def test_an_answer_of_a_person_is_seen(tmp_path: Path) -> None:
    planner = ScriptedPlanner(does("create_offer", discount_bp=1_000, valid_hours=48), sends())
    async with deployment(tmp_path / "d", parts=Parts(planner=planner)) as shop:
        await shop.product(price_minor=60_000, cost_minor=20_000)
        await shop.person("ada")
        line = {"sku": "SKU-1", "quantity": 1, "price_minor": 60_000}
        cart = {"id": "c9", "value_minor": 60_000, "currency": "EUR", "items": [line]}
        decision = await shop.decide("ada", cart=cart)
        assert (await now(shop)).waiting == 1
        await shop.answer("reject", reason="no")
        await shop.runs.idle()
        assert (await now(shop)).answered == decision["id"]
