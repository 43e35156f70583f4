"""The rules planner: the shipped cart journey and made-up ones, step by step, at the real gate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.planners.rules import RulesPlanner
from agent.planning import Proposal, ProposedCall
from agent.run import Opening, Run, Wake
from agent.situation import situation_of
from agent.steps import add_step, denied_result
from prompts.rules import RulesFile, parse_rules
from tests.agent.stage import event, goods, person, stage
from tests.tools.pictures import (
    LAMP,
    NOW,
    OFFER,
    a_contact,
    a_picture,
    a_profile,
    a_setting,
    library,
)
from tools.gate import Proposed, decide
from tools.instants import DAY_US, HOUR_US, MINUTE_US
from tools.picture import CHANNELS, PURPOSES, Picture
from tools.registry import TOOLS

CHANNEL_OF = {"cart_reminder": "email", "cart_reminder_offer": "email", "cart_reminder_sms": "sms"}


def run_for(picture: Picture, *, hours: float = 0, wakes: tuple[str, ...] = ("trigger",)) -> Run:
    """A decision of the rules arm in a journey that opened so many hours ago, the reads done."""
    setting = a_setting()
    opening = Opening(
        decision_id="dec_1",
        journey_id="jrn_1",
        customer_id=picture.customer_id,
        goal=setting.goal,
        agent=setting.agent,
        agent_version=1,
        arm="rules",
        mode="sandbox",
        context={},
        wakes=tuple(Wake(f"evt_{name}", name, {}, NOW) for name in wakes),
        journey_opened_at=NOW - int(hours * HOUR_US),
        decisions_before=0,
    )
    run = Run.of(opening, epoch=1)
    run.picture, run.setting, run.turn = picture, setting, 1
    return run


def next_of(run: Run, rules: Mapping[str, RulesFile] | None = None) -> Proposal:
    """What the planner proposes after its reads have been answered."""
    planner = RulesPlanner(rules if rules is not None else library().rules, CHANNEL_OF)
    reads = asyncio.run(planner.propose(situation_of(run)))
    assert [c.tool for c in reads.calls] == ["get_profile", "get_inventory", "get_margin"]
    for call in reads.calls:
        answer(run, call)
    run.turn += 1
    return asyncio.run(planner.propose(situation_of(run)))


def answer(run: Run, call: ProposedCall, *, effect_id: str | None = None) -> str:
    """Let the gate decide a call and write its step down; the outcome."""
    assert run.picture is not None and run.setting is not None
    decided = decide(run.picture, Proposed(call.id, call.tool, call.args), run.setting)
    result: dict[str, Any]
    if not decided.allowed:
        result = denied_result(decided, None)
    elif decided.tool is not None and decided.tool.answer is not None:
        result = decided.tool.answer(run.picture, decided.args, run.setting)
    else:
        assert decided.tool is not None and decided.tool.prepare is not None
        result = decided.tool.prepare(run.picture, decided.args, run.setting, "eff_1").result
    add_step(run, decided, result, effect_id=effect_id)
    return decided.verdict.outcome.value


def only(proposal: Proposal) -> ProposedCall:
    (call,) = proposal.calls
    TOOLS[call.tool].args.model_validate(call.args)
    return call


def rules(steps: str) -> dict[str, RulesFile]:
    """A journey of these steps, written as in a file."""
    text = (
        "agent: shopping\ngoals: [recover_cart]\ntrigger: {event: Cart Abandoned}\nsteps:\n" + steps
    )
    return {"shopping": parse_rules(text, "shopping.rules.yaml")}


def used_to_codes(**changes: Any) -> Picture:
    person = replace(a_profile(), orders=3, discounts_taken=2, revenue={"EUR": 40_000},
                     last_order_at=NOW - 40 * DAY_US)  # fmt: skip
    return a_picture(profile=person, **changes)


def test_it_waits_first_and_says_for_how_long() -> None:
    call = only(next_of(run_for(a_picture(), hours=1)))
    assert call.tool == "check_back" and call.args["after_minutes"] == 180


def test_when_the_wait_is_over_it_sends_and_looks_again_after_the_next_wait() -> None:
    proposal = next_of(run_for(a_picture(), hours=4.5))
    call = only(proposal)
    assert call.tool == "send_email" and call.args["message"] == "cart_reminder"
    useful = datetime.fromisoformat(call.args["useful_until"])
    assert int(useful.timestamp()) * 1_000_000 == NOW + 2 * DAY_US
    assert proposal.look_again_at == NOW + 2 * DAY_US - HOUR_US // 2


def test_what_was_sent_is_not_sent_again_and_the_second_wait_counts_from_the_first() -> None:
    sent = a_contact(1, journey_id="jrn_1")
    call = only(next_of(run_for(a_picture(contacts=(sent,)), hours=5)))
    assert call.tool == "check_back"
    assert call.args["after_minutes"] == 47 * 60


def test_what_is_queued_counts_as_sent() -> None:
    run = run_for(a_picture(), hours=5)
    run.queued_here = ("eff_1",)
    assert only(next_of(run)).tool == "check_back"


def test_an_event_that_is_waited_for_ends_the_wait() -> None:
    run = run_for(a_picture(), hours=1, wakes=("Order Completed",))
    call = only(next_of(run))
    assert call.tool == "finish" and call.args["because"] == "bought without a reminder"


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"complaint_open": True}, "a complaint is open; nobody with one gets advertising"),
        ({"lines": (replace(LAMP, free_stock=0),)}, "the goods are not in stock"),
        ({"lines": (replace(LAMP, free_stock=None),)}, "the goods are not in stock"),
        ({"addresses": {}}, "no channel with an address and consent"),
        (
            {"consents": {(c, p): "revoked" for c in CHANNELS for p in PURPOSES}},
            "no channel with an address and consent",
        ),
    ],
)
def test_branches_go_by_the_facts_and_exits_say_why(changes: Any, because: str) -> None:
    call = only(next_of(run_for(a_picture(**changes), hours=5)))
    assert (call.tool, call.args["because"]) == ("finish", because)


def test_without_consent_for_e_mail_the_text_message_is_taken() -> None:
    consents = {(c, p): "granted" if c == "sms" else "absent" for c in CHANNELS for p in PURPOSES}
    call = only(next_of(run_for(a_picture(consents=consents), hours=5)))
    assert (call.tool, call.args["message"]) == ("send_sms", "cart_reminder_sms")


def test_the_second_message_makes_its_offer_first_and_then_carries_it() -> None:
    sent = a_contact(50, journey_id="jrn_1")
    run = run_for(used_to_codes(contacts=(sent,)), hours=55)
    offer = only(next_of(run))
    assert offer.tool == "create_offer" and offer.args["discount_bp"] in (500, 1_000)
    assert answer(run, offer, effect_id="eff_2") == "allow"
    planner = RulesPlanner(library().rules, CHANNEL_OF)
    call = only(asyncio.run(planner.propose(situation_of(run))))
    assert call.args["message"] == "cart_reminder_offer"
    assert call.args["offer_id"] == run.steps[-1]["result"]["offer_id"]


def test_a_split_gives_the_same_journey_the_same_way_always() -> None:
    sent = a_contact(50, journey_id="jrn_1")
    picture = used_to_codes(contacts=(sent,))
    ways = {only(next_of(run_for(picture, hours=55))).args["discount_bp"] for _ in range(3)}
    assert len(ways) == 1


def test_what_the_gate_refuses_ends_it_with_the_rules_words() -> None:
    run = run_for(a_picture(contacts=tuple(a_contact(30 + h) for h in range(3))), hours=5)
    send = only(next_of(run))
    assert answer(run, send) == "deny"
    planner = RulesPlanner(library().rules, CHANNEL_OF)
    call = only(asyncio.run(planner.propose(situation_of(run))))
    assert call.tool == "finish"
    assert call.args["because"] == "Nobody gets more than 3 marketing contacts in 7 days"


def test_a_soft_rule_is_no_reason_for_a_campaign_to_make_an_exception() -> None:
    lately = replace(OFFER, status="redeemed", journey_id="jrn_0", created_at=NOW - DAY_US)
    picture = used_to_codes(offers=(lately,), contacts=(a_contact(50, journey_id="jrn_1"),))
    run = run_for(picture, hours=55)
    assert answer(run, only(next_of(run))) == "needs_reason"
    planner = RulesPlanner(library().rules, CHANNEL_OF)
    assert only(asyncio.run(planner.propose(situation_of(run)))).tool == "finish"


def test_a_wait_of_months_is_looked_at_every_thirty_days() -> None:
    own = rules("  - wait: {for: P90D}\n  - exit: {because: over}\n")
    assert only(next_of(run_for(a_picture()), own)).args["after_minutes"] == 43_200
    assert only(next_of(run_for(a_picture(), hours=90 * 24), own)).args["because"] == "over"


def test_met_and_missed_go_their_own_ways() -> None:
    own = rules(
        "  - wait:\n      until: Message Replied\n      at_most: P1D\n"
        "      met: [{exit: {because: they wrote}}]\n"
        "      missed: [{exit: {because: they did not}}]\n"
    )
    met = run_for(a_picture(), hours=1, wakes=("Message Replied",))
    assert only(next_of(met, own)).args["because"] == "they wrote"
    assert only(next_of(run_for(a_picture(), hours=25), own)).args["because"] == "they did not"


def test_an_agent_without_rules_ends_and_says_so() -> None:
    call = only(next_of(run_for(a_picture()), {}))
    assert (call.tool, call.args["because"]) == ("finish", "this agent has no rule-based journey")


def test_the_last_moment_of_a_wait_is_over() -> None:
    assert only(next_of(run_for(a_picture(), hours=4))).tool == "send_email"
    just_before = run_for(a_picture(), hours=4)
    just_before.opening = replace(just_before.opening, journey_opened_at=NOW - 4 * HOUR_US + 1)
    call = only(next_of(just_before))
    assert (call.tool, call.args["after_minutes"]) == ("check_back", 1)
    assert MINUTE_US == 60_000_000


async def test_p13_the_rules_arm_runs_its_journey_to_the_second_message(tmp_path: Path) -> None:
    """Wait, send, wait, branch, split, offer, send: the whole campaign, on simulated days."""
    own = tmp_path / "prompts"
    own.mkdir()
    shipped = library().files["shopping.md"]
    text = shipped.replace("mode: sandbox", "mode: sandbox\narms: {rules: 10000}")
    (own / "shopping.md").write_text(text, encoding="utf-8")
    async with stage(tmp_path / "data", prompts=own) as runs:
        await goods(runs)
        await person(runs, "ada", orders=3, codes=1, ordered="2025-10-01")
        cart = {"id": "c1", "currency": "EUR", "items": [{"sku": "LAMP", "quantity": 1}]}
        await runs.accept("test", [event("ada", "Cart Abandoned", cart=cart)])
        await runs.idle()
        await runs.advance(by_us=3 * HOUR_US)
        waited = (await runs.decisions.listing(after=None, limit=9, filters={})).items
        assert [d["status"] for d in waited] == ["no_action"]
        await runs.advance(by_us=4 * DAY_US)
        made = (await runs.decisions.listing(after=None, limit=9, filters={})).items
        found = [await runs.decisions.get(d["id"]) for d in reversed(made)]
    assert {d["arm"] for d in found} == {"rules"}
    assert {d["planner"]["kind"] for d in found} == {"rules"}
    sent = [
        s["call"]["args"]["message"]
        for d in found
        for s in d["steps"]
        if s["call"]["tool"] == "send_email" and s["effect_id"]
    ]
    assert sent == ["cart_reminder", "cart_reminder_offer"]


SAYS_SO = "  - exit: {because: gone through}\n"
NOT_AGAIN = "this customer has been through the journey and may not enter again yet"


@pytest.mark.parametrize(
    ("days_before", "pause", "enters"),
    [
        ((), None, True),
        ((), "P14D", True),
        ((20,), None, False),
        ((20,), "P14D", True),
        ((14,), "P14D", True),
        ((13,), "P14D", False),
        ((0,), "P14D", False),
        # The second was not let in, so it does not put off this one.
        ((20, 10), "P14D", True),
        # The second was let in, so this one has to wait.
        ((30, 10), "P14D", False),
    ],
)
def test_somebody_enters_again_only_after_the_pause_of_the_journey(
    days_before: tuple[int, ...], pause: str | None, enters: bool
) -> None:
    text = (
        "agent: shopping\ngoals: [recover_cart]\ntrigger: {event: Cart Abandoned}\n"
        + (f"re_entry: {{after: {pause}}}\n" if pause else "")
        + f"steps:\n{SAYS_SO}"
    )
    run = run_for(a_picture())
    run.opening = replace(
        run.opening, entries_before=tuple(NOW - days * DAY_US for days in days_before)
    )
    call = only(next_of(run, {"shopping": parse_rules(text, "shopping.rules.yaml")}))
    assert call.args["because"] == ("gone through" if enters else NOT_AGAIN)


async def test_p13_a_second_cart_within_the_pause_gets_no_second_campaign(tmp_path: Path) -> None:
    own = tmp_path / "prompts"
    own.mkdir()
    shipped = library().files["shopping.md"]
    text = shipped.replace("mode: sandbox", "mode: sandbox\narms: {rules: 10000}")
    (own / "shopping.md").write_text(text, encoding="utf-8")
    async with stage(tmp_path / "data", prompts=own) as runs:
        await goods(runs)
        await person(runs, "ada", orders=3, ordered="2025-10-01")
        said = []
        for name in ("c1", "c2"):
            cart = {"id": name, "currency": "EUR", "items": [{"sku": "LAMP", "quantity": 1}]}
            await runs.accept("test", [event("ada", "Cart Abandoned", cart=cart)])
            await runs.idle()
            newest = (await runs.decisions.listing(after=None, limit=1, filters={})).items[0]
            said.append((await runs.decisions.get(newest["id"]))["outcome"]["reason"])
            await runs.advance(by_us=DAY_US)
    assert said == ["the step waits", NOT_AGAIN]
