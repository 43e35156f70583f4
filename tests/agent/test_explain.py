"""Explanations of real decisions: one sentence, why, why not, and what would have changed it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.assembly import Parts
from agent.documents import shipped_packs
from agent.explain import explain
from agent.explain_flip import said_by
from agent.explain_words import diverted_words, in_outbox, of_fired
from agent.messages import Suppress
from agent.planning import PLANNED_BY_OTHERS, Proposal, Situation
from agent.runs import Runs
from evals.flat_pack import flat_commerce
from policies.pack import load_pack
from tests.agent.deployment import ScriptedPlanner, deployment, sends
from tests.agent.stage import event, goods, person, recover, stage
from tools.channels.channel import SendStatus
from tools.channels.routing import DIVERTED
from tools.channels.scripted import Scripted

#: What never stands in an explanation: ids, field names, snake_case, Python's own words.
TECHNICAL = re.compile(r"\b(cus|dec|eff|evt|jrn|apr|off)_\w|\w+_\w+|\b\w+\.[a-z]+_|None|True|False")
#: The shipped agents start in the sandbox.
IN_OUTBOX = "{} was written and lies in the outbox, because this agent is in the sandbox."
COMMERCE = flat_commerce()


async def told(runs: Runs, decision: dict[str, Any]) -> dict[str, Any]:
    """The explanation, which is readable whatever it says, and whose decision replays."""
    found = await runs.decisions.explain(decision["id"])
    said = [found["summary"], *found["why"], *found["why_not"], *found["flip"]]
    for line in said:
        assert not TECHNICAL.search(line), line
        assert line.endswith((".", "”")) and line[0] == line[0].upper(), line
        assert ": ." not in line and ".." not in line, line
    assert found["text"].splitlines()[0] == found["summary"]
    replayed = await runs.decisions.replay(decision["id"])
    assert replayed["same"] is True and replayed["comparable"] is True
    return found


async def test_a_plain_send_says_what_went_out_why_and_what_would_have_stopped_it(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", orders=2)
        found = await told(runs, await recover(runs, "ada"))
    assert found["summary"] == IN_OUTBOX.format("An e-mail without a discount")
    assert "Somebody asked for it (recover cart)." in found["why"]
    assert "The cart is worth 120.00 EUR: 1 × Lamp Alba." in found["why"]
    assert "This is a silver customer with 2 orders, none of them with a code." in found["why"]
    assert any("never with a code" in line for line in found["why"])
    assert found["why_not"] == []
    assert found["flip"] == [
        "It would not have gone out if this person had last bought 23 hours 59 minutes ago "
        "instead of 30 days ago."
    ]


async def test_a_capped_discount_says_how_much_more_another_margin_would_have_given(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs, {"cost_minor": 9_500})
        await person(runs, "ada", orders=4, codes=3)
        decision = await recover(runs, "ada")
        await runs.advance(by_us=60 * 86_400_000_000)
        await goods(runs, {"cost_minor": 9_500})
        decision = await recover(runs, "ada", id="later")
        found = await told(runs, decision)
    assert found["summary"] == IN_OUTBOX.format("An e-mail with 6.5 % off")
    refused = [line for line in found["why_not"] if line.startswith("15 % off was refused")]
    assert refused and "At most 6.86 % would have been possible." in refused[0]
    # (1 - 0.2775) / (1 - 0.15) = 0.85: just the 15 % margin that the floor asks for.
    assert found["flip"] == [
        "It would have been 15 %, once a person had agreed, if the lowest margin in the cart "
        "were 27.75 % instead of 20.83 %."
    ]


async def test_a_deferral_says_until_when_on_whose_clock(tmp_path: Path) -> None:
    async with stage(tmp_path, clock="2026-03-03T21:30:00Z") as runs:
        await goods(runs)
        await person(runs, "ada")
        found = await told(runs, await recover(runs, "ada"))
    waits = re.fullmatch(
        "An e-mail without a discount is ready and waits until "
        r"(Wed 4 Mar 2026, 08:(0\d|1[0-5]) Europe/Berlin time)\.",
        found["summary"],
    )
    assert waits
    assert (
        f"It waits until {waits[1]}: quiet hours, 21:00 to 08:00 where the customer is; "
        "not everybody is written to in the same minute."
    ) in found["why"]
    assert found["flip"] == ["It would have gone out at once between 08:00 and 21:00."]


async def test_without_a_zone_the_time_is_told_in_utc_and_why_it_is_so_late(tmp_path: Path) -> None:
    async with stage(tmp_path, clock="2026-03-03T21:30:00Z") as runs:
        await goods(runs)
        await person(runs, "ada", traits={"timezone": None})
        found = await told(runs, await recover(runs, "ada"))
    assert re.search(r"waits until Wed 4 Mar 2026, 08:(0\d|1[0-5]) UTC\.$", found["summary"])
    assert any("no time zone is known" in line for line in found["why"])


async def test_a_weekly_cap_says_how_many_there_were_and_how_many_the_rule_allows(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        for cart in ("one", "two", "three"):
            await recover(runs, "ada", id=cart)
            await runs.advance(by_us=86_400_000_000)
        found = await told(runs, await recover(runs, "ada", id="four"))
    assert found["summary"] == (
        "Nothing was sent: nobody gets more than 3 marketing contacts in 7 days."
    )
    assert "They were written to 3 times in the last 7 days." in found["why"]
    assert found["why_not"] == [
        "An e-mail was refused: nobody gets more than 3 marketing contacts in 7 days. "
        "It is possible again from Tue 10 Mar 2026, 13:00 Europe/Berlin time."
    ]
    assert found["flip"] == [
        "It would have gone out if this person had had 2 contacts within 7 days instead of 3.",
        "It would have gone out if 4 contacts within 7 days were allowed instead of 3.",
    ]


async def test_withheld_says_that_nothing_was_read_and_shows_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        await runs.caught_up()
        await runs.people.suppress("ada", Suppress(scope="all", reason="asked"), by="me")
        found = await told(runs, await recover(runs, "ada"))
    assert found["summary"] == (
        "Nothing was done and nothing of this person was read: "
        "contact with this person has been stopped."
    )
    assert found["why"] == ["Somebody asked for it (recover cart)."]


async def test_a_question_to_people_names_the_rule_and_what_would_have_needed_nobody(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", orders=9, codes=8)
        decision = await recover(runs, "ada")
        found = await told(runs, decision)
    assert decision["status"] == "awaiting_approval"
    assert found["summary"] == (
        "20 % off waits for an operator's look, and nothing happens until then: "
        "more than 10 % off is looked at by an operator."
    )
    assert found["flip"][0].startswith("10 % off would have been given")


async def test_a_purchase_in_between_is_called_a_purchase(tmp_path: Path) -> None:
    async with stage(tmp_path, clock="2026-03-03T21:30:00Z") as runs:
        await goods(runs)
        await person(runs, "ada")
        decision = await recover(runs, "ada")
        bought = event("ada", "Order Completed", order_id="1", total=120, currency="EUR")
        await runs.accept("test", [bought])
        await runs.idle()
        found = await told(runs, decision)
    assert found["summary"] == (
        "An e-mail without a discount was ready and did not go out: "
        "this person bought in the meantime."
    )
    assert found["flip"] == []


async def test_an_event_of_no_file_is_quoted_and_handed_to_people(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        await recover(runs, "ada")
        await runs.accept("test", [event("ada", "Parcel Smashed", by="a fork lift")])
        await runs.idle()
        await runs.advance(by_us=3_600_000_000)
        newest = (await runs.decisions.listing(after=None, limit=1, filters={})).items[0]
        found = await told(runs, newest)
        assert newest["summary"] == found["summary"]
    assert found["summary"] == (
        "Nothing was sent, and people were asked to look: “Parcel Smashed” came in, "
        "which no file of ours names, so people decide."
    )
    assert "“Parcel Smashed” came in." in found["why"]


async def test_a_lost_arbitration_names_what_won_and_when_it_is_looked_at_again(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, settle=0.5) as runs:
        await goods(runs)
        await person(runs, "ada")
        both = await asyncio.gather(recover(runs, "ada", id="a"), recover(runs, "ada", id="b"))
        lost = next(d for d in both if d["status"] == "no_action")
        won = next(d for d in both if d["status"] == "completed")
        loser, winner = await told(runs, lost), await told(runs, won)
    assert loser["summary"] == (
        "Nothing was sent: another message of the same kind was worth more to this person now."
    )
    again = "Wed 4 Mar 2026, 13:00 Europe/Berlin time"
    assert f"It is looked at again on {again}." in loser["why_not"]
    assert any("had to stand back" in line and again in line for line in winner["why_not"])


async def test_a_missing_fact_is_named_as_something_we_do_not_know(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        found = await told(runs, await recover(runs, "ada", items=[]))
    assert found["summary"] == (
        "Nothing was sent: we do not know whether the whole cart is in stock."
    )
    assert found["flip"] == [
        "It would have been decided on its merits if we knew whether the whole cart is in stock."
    ]


async def test_an_exception_from_a_soft_rule_tells_the_reason_that_was_given(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada", channels=("sms",))
        found = await told(runs, await recover(runs, "ada"))
    assert found["summary"] == IN_OUTBOX.format("A text message without a discount")
    assert (
        "An exception was made from “E-mail is the milder channel”: "
        "it is the only channel they agreed to." in found["why"]
    )


@pytest.mark.parametrize("wrong", [None, "weekly"])
async def test_without_its_pack_a_decision_is_still_explained(
    tmp_path: Path, wrong: str | None
) -> None:
    async with stage(tmp_path) as runs:
        await goods(runs)
        await person(runs, "ada")
        decision = await recover(runs, "ada")
    pack = (
        None
        if wrong is None
        else load_pack(COMMERCE, file="commerce.yaml", library=shipped_packs())
    )
    found = explain(decision, pack)
    assert found["summary"] == IN_OUTBOX.format("An e-mail without a discount")
    assert bool(found["flip"]) is (pack is not None)


@asynccontextmanager
async def made(
    folder: Path, channel: Scripted, planner: ScriptedPlanner | None = None
) -> AsyncIterator[tuple[Runs, dict[str, Any]]]:
    """A deployment with this channel, and one decision in it."""
    parts = Parts(planner=planner or ScriptedPlanner(sends()), channels={"email": channel})
    async with deployment(folder, parts=parts) as d:
        await d.person()
        yield d.runs, await d.decide()


async def test_what_a_channel_carried_was_sent_to_the_person(tmp_path: Path) -> None:
    async with made(tmp_path, Scripted()) as (runs, decision):
        found = await told(runs, decision)
    assert found["summary"] == "This person was sent an e-mail without a discount."


async def test_what_a_channel_did_not_take_says_why(tmp_path: Path) -> None:
    async with made(tmp_path, Scripted([SendStatus.REFUSED])) as (runs, decision):
        found = await told(runs, decision)
    assert found["summary"] == (
        "An e-mail without a discount did not go out: the channel did not take it: "
        "the script says so."
    )


def test_a_letter_that_was_diverted_is_not_said_to_have_been_sent() -> None:
    assert in_outbox({"provider_id": "outbox:eff_1"}) and not in_outbox({"provider_id": None})
    assert diverted_words(DIVERTED, "live") == (
        "only named addresses are written to here, and this is none of them"
    )


async def test_that_the_model_could_not_be_used_is_said(tmp_path: Path) -> None:
    def helpless(s: Situation) -> Proposal:
        return replace(sends()(s), mishaps=("cut off", f"{PLANNED_BY_OTHERS}offline"))

    async with made(tmp_path, Scripted(), ScriptedPlanner(helpless)) as (runs, decision):
        found = await told(runs, decision)
    took_over = (
        "The model's answer could not be used, so the planner that needs no model took over."
    )
    assert took_over in found["why"]
    async with made(tmp_path / "other", Scripted()) as (runs, decision):
        assert took_over not in (await told(runs, decision))["why"]


def test_a_fact_is_called_what_the_pack_calls_it() -> None:
    called = "whether this is one of our best customers"
    vip = f'  customer.vip: {{bool, for: [contact], says: "{called}"}}\n'
    rule = (
        "  - {id: best_only, on: [contact], never_when: not customer.vip, "
        "because: Only our best customers hear of this}\nsoft:\n"
    )
    text = flat_commerce().replace("facts:\n", f"facts:\n{vip}").replace("soft:\n", rule, 1)
    pack = load_pack(text, file="commerce.yaml")
    assert said_by(pack) == {"customer.vip": called}
    step = {
        "call": {"tool": "send_email", "args": {}},
        "verdict": {
            "outcome": "deny",
            "fired": [{"rule": "missing:customer.vip", "outcome": "deny", "because": "?"}],
        },
    }
    assert of_fired(step, said_by(pack)) == (
        "we do not know whether this is one of our best customers, "
        "and what is not known is never assumed"
    )
