"""Answers: what happened, why, how many; in words, from what there is."""

from __future__ import annotations

from pathlib import Path

from tests.agent.chat.saying import OPERATOR, VIEWER, card, say, told
from tests.agent.deployment import deployment


async def test_why_is_what_explain_says(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        decision = await d.decide()
        expected = (await d.runs.decisions.explain(decision["id"]))["text"]
        for text in (f"why {decision['id']}", "why for ada", "why ada@example.com?"):
            answer = await told(d, text, by=VIEWER)
            assert answer == f"{expected}\n({decision['id']})"


async def test_what_happened_names_things_in_words(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        decision = await d.decide()
        answer = await told(d, "what happened to ada")
        assert "e-mail sent" in answer
        assert f"a decision to recover cart is done ({decision['id']})" in answer
        assert "“Consent Granted” came in" in answer
        assert "UTC: " in answer.splitlines()[0]


async def test_somebody_unknown_or_erased_is_said_to_be(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        assert await told(d, "why for nobody") == "Nobody is known by this reference."
        assert await told(d, "why dec_none") == "There is no decision dec_none."
        assert await told(d, "why ada") == "Nothing was ever decided about this person."
        await d.decide()
        await d.runs.people.erase("ada", by="admin")
        assert await told(d, "what happened to ada") == "This person was erased."
        assert await told(d, "start recover_cart for ada") == "This person was erased."


async def test_how_many_counts_what_there_is(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.person("eva", channels=())
        await d.decide()
        await d.decide("eva")
        await d.advance(days=1)
        await d.person("joe")
        await d.decide("joe")
        day = "(2026-03-04 00:00 to 2026-03-04 12:00 UTC)"
        assert await told(d, "how many contacts today") == f"1 contact went out today {day}."
        assert (await told(d, "how many contacts this week")).startswith("2 contacts went out")
        assert (await told(d, "how many texts this week")).startswith("No text messages went out")
        assert (await told(d, "how many decisions yesterday")).startswith("2 decisions yesterday")
        assert (await told(d, "how many refusals today")).startswith("No decisions had something")
        assert await told(d, "how many are waiting") == "No questions wait for a person now."
        assert await told(d, "how many are deferred") == "No contacts are queued for later now."


async def test_refusals_are_counted_where_they_happened(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        await d.person()
        await d.runs.chat.confirm((await card(d, "stop everything"))["id"], by=OPERATOR)
        await d.decide()
        await d.advance(days=1)
        assert (await told(d, "how many refusals yesterday")).startswith("1 decision had something")
        assert (await told(d, "how many refusals today")).startswith("No decisions had something")


async def test_what_is_not_understood_says_what_can_be_said(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        answer = await told(d, "make me rich")
        assert answer.startswith("I did not understand that, and nothing was done. You can say:")
        assert "lift the brake" in answer
        assert (await told(d, "help")).startswith("You can say:")


async def test_an_answer_names_its_conversation(tmp_path: Path) -> None:
    async with deployment(tmp_path) as d:
        first = await say(d, "help")
        assert first[-1][1]["conversation"].startswith("cnv_")
        again = d.runs.chat.say("help", by=VIEWER, conversation="cnv_1")
        assert [said.data async for said in again][-1] == {"conversation": "cnv_1"}
