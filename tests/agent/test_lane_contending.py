"""Several contacts for one customer: one is made, the others lose by name, or are pre-empted."""

from __future__ import annotations

from pathlib import Path

from agent.assembly import Parts
from agent.messages import Suppress
from agent.planning import Proposal, Situation
from store.schema import decisions, offers, wakeups
from tests.agent.deployment import (
    CART,
    ScriptedPlanner,
    agent_file,
    deployment,
    does,
    finish,
    sends,
    until,
    write,
)


def _three(folder: Path) -> Path:
    extra = "mode: sandbox\n"
    return write(
        folder,
        winback=agent_file("winback", "win_back", extra=extra),
        upsell=agent_file("upsell", "sell_more", extra=extra),
    )


async def test_of_three_agents_one_contact_is_made_and_the_losers_are_named(
    tmp_path: Path,
) -> None:
    sure = {"recover_cart": 9_000, "win_back": 5_000, "sell_more": 4_000}

    class ByGoal(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            self.seen.append(situation)
            return sends(sure=sure[situation.goal])(situation)

    prompts = _three(tmp_path / "prompts")
    async with deployment(tmp_path / "data", parts=Parts(planner=ByGoal()), prompts=prompts) as d:
        await d.person()
        await d.track("Cart Abandoned", cart=CART)
        await d.runs.idle()
        made = [await d.decision(row["id"]) for row in d.rows(decisions)]
        by_goal = {decision["goal"]: decision for decision in made}
        assert by_goal.keys() == sure.keys()
        assert [row["status"] for row in d.contacts()] == ["sent"]
        winner = by_goal["recover_cart"]
        assert winner["status"] == "completed"
        kept = [e.body["terms"] for e in d.entries(winner["id"]) if e.kind == "arbitrated"]
        assert [terms["p"] for terms in kept] == [sure["recover_cart"] * 100]
        assert {lost["goal"] for lost in winner["losers"]} == {"win_back", "sell_more"}
        for goal in ("win_back", "sell_more"):
            lost = by_goal[goal]
            assert (lost["status"], lost["outcome"]["kind"]) == ("no_action", "lost")
            assert lost["outcome"]["look_again_at"] > d.runs.clock.now_us()
            assert lost["losers"][0]["terms"]["p"] == sure[goal] * 100
        looks = d.rows(wakeups, kind="another_look", state="pending")
        assert len(looks) == 2
        d.everything_ended()


async def test_losers_stand_again_where_the_best_contact_comes_to_nothing(tmp_path: Path) -> None:
    """The winner's address closes between arbitration and claim; the text message goes instead."""
    prompts = write(tmp_path / "prompts", winback=agent_file("winback", "win_back"))

    class ByGoal(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            self.seen.append(situation)
            if situation.goal == "win_back":
                why = {"prefer_email": "they said so"}
                text = sends("sms", message="cart_reminder_sms", sure=8_000, overrides=why)
                return text(situation)
            return (sends() if not situation.steps else finish())(situation)

    planner = ByGoal()
    async with deployment(
        tmp_path / "data", parts=Parts(planner=planner), prompts=prompts, settle=60
    ) as d:
        await d.person(channels=("email", "sms"), preferredChannel="email")
        await d.track("Cart Abandoned", cart=CART)
        await until(lambda: len(planner.seen) == 2)
        d.runs.env.settle_seconds = 0
        await d.runs.people.suppress(
            "ada", Suppress(scope="address", channel="email", reason="bounced"), by="ann"
        )
        await d.runs.idle()
        assert [(row["channel"], row["status"]) for row in d.contacts()] == [("sms", "sent")]
        d.everything_ended()


async def test_a_stronger_contact_preempts_a_queued_weaker_one_of_another_journey(
    tmp_path: Path,
) -> None:
    prompts = write(
        tmp_path / "prompts", winback=agent_file("winback", "win_back", trigger="Quiet")
    )

    class ByGoal(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            return sends(sure=3_000 if situation.goal == "win_back" else 9_000)(situation)

    async with deployment(
        tmp_path / "data",
        parts=Parts(planner=ByGoal()),
        prompts=prompts,
        clock="2026-03-03T22:00:00Z",
    ) as d:
        await d.person()
        await d.track("Quiet", cart=CART)
        await d.runs.idle()
        assert d.statuses() == ["scheduled"]
        strong = await d.decide()
        assert strong["status"] == "scheduled"
        assert [row["status"] for row in d.contacts()] == ["preempted", "scheduled"]
        weak = await d.decision(d.rows(decisions)[0]["id"])
        assert (weak["status"], weak["outcome"]["kind"]) == ("no_action", "preempted")
        assert weak["outcome"]["look_again_at"] > d.runs.clock.now_us()
        assert [lost["decision_id"] for lost in strong["losers"]] == [weak["id"]]


async def test_a_weaker_contact_loses_to_what_is_queued(tmp_path: Path) -> None:
    prompts = write(
        tmp_path / "prompts", winback=agent_file("winback", "win_back", trigger="Quiet")
    )

    class ByGoal(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            return sends(sure=9_000 if situation.goal == "win_back" else 3_000)(situation)

    async with deployment(
        tmp_path / "data",
        parts=Parts(planner=ByGoal()),
        prompts=prompts,
        clock="2026-03-03T22:00:00Z",
    ) as d:
        await d.person()
        await d.track("Quiet", cart=CART)
        await d.runs.idle()
        weak = await d.decide()
        assert (weak["status"], weak["outcome"]["kind"]) == ("no_action", "lost")
        assert [row["status"] for row in d.contacts()] == ["scheduled"]


async def test_a_preempting_message_keeps_the_code_that_it_carries(tmp_path: Path) -> None:
    """The code was made by the decision whose contact is pre-empted; it must not be taken back."""

    class OfferOnce(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            if not situation.offers:
                return does("create_offer", discount_bp=1_000, valid_hours=72)(situation)
            proposal = sends(message="cart_reminder_offer")(situation)
            call = proposal.calls[0]
            args = call.args | {"offer_id": situation.offers[0]["offer_id"]}
            return Proposal("", (type(call)(call.id, call.tool, args, "", 9_000),))

    async with deployment(
        tmp_path, parts=Parts(planner=OfferOnce()), clock="2026-03-03T22:00:00Z"
    ) as d:
        await d.person()
        assert (await d.decide())["status"] == "scheduled"
        assert (await d.decide())["status"] == "scheduled"
        assert [row["status"] for row in d.contacts()] == ["preempted", "scheduled"]
        assert [row["status"] for row in d.rows(offers)] == ["issued"]
        await d.advance(hours=12)
        assert [row["status"] for row in d.contacts()] == ["preempted", "sent"]


async def test_a_lever_of_the_pack_decides_which_of_two_contacts_is_made(tmp_path: Path) -> None:
    """The less sure contact wins where the business puts a lever on its goal."""

    class ByGoal(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            self.seen.append(situation)
            return sends(sure={"recover_cart": 6_000, "win_back": 5_000}[situation.goal])(situation)

    prompts = write(tmp_path / "prompts", winback=agent_file("winback", "win_back"))
    packs = tmp_path / "packs"
    packs.mkdir()
    shipped = (Path(__file__).parents[2] / "policies" / "commerce.yaml").read_text()
    (packs / "commerce.yaml").write_text(
        shipped.replace("version: 1\n", "version: 2\n", 1)
        + "\narbitration:\n  levers: {win_back: 50}\n"
    )
    planner = ByGoal()
    async with deployment(
        tmp_path / "data", parts=Parts(planner=planner), prompts=prompts, policies=packs
    ) as d:
        await d.person()
        await d.track("Cart Abandoned", cart=CART)
        await d.runs.idle()
        made = {row["goal"]: row for row in [await d.decision(r["id"]) for r in d.rows(decisions)]}
        assert made["win_back"]["status"] == "completed"
        assert made["recover_cart"]["outcome"]["kind"] == "lost"
        assert made["win_back"]["losers"][0]["goal"] == "recover_cart"
