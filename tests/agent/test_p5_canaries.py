"""Nothing of whoever is out of reach comes out: in no prompt, log, figure, query or error (P5).

Every field of a person holds a word of its own. While they may be looked at, a model is told of
them, so each test could fail; then they are stopped, erased or merged away, and everything that
would speak of them is asked again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

import server
from agent.assembly import Parts, ensure_admin, open_runs
from agent.messages import Suppress
from agent.planning import Proposal, Situation
from api.application import create_app
from store.schema import decisions, memories
from tests.agent.canaries import FIELDS, NEVER, TOLD, Asked, Faulty, Person, everything
from tests.agent.deployment import Deployment, ScriptedPlanner, deployment, does
from tests.api.service import PRODUCTS, Api, settings_of
from tests.evals.model_process import ModelProcess, model_process
from tools.instants import DAY_US


@pytest.fixture(scope="module")
def model() -> Iterator[ModelProcess]:
    with model_process() as running:
        yield running


class Watched:
    """A deployment with a model, and everything that comes out of it."""

    def __init__(
        self, api: Api, model: ModelProcess, vectors: Asked, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.api, self.model, self.vectors, self.caplog = api, model, vectors, caplog
        self.d = Deployment(api.runs)

    def prompts(self) -> str:
        return json.dumps(self.model.asked(), ensure_ascii=False)

    def memories_of(self, customer_id: str) -> set[str]:
        return {row["id"] for row in self.d.rows(memories, customer_id=customer_id)}

    async def told_of(self, person: Person, customer_id: str) -> set[str]:
        """Whoever may be looked at is told of: the control. Returns the ids of their memories."""
        self.model.follow()
        await person.ask(self.api, "before")
        found = person.found_in(self.prompts())
        assert set(TOLD) <= set(found), sorted(set(TOLD) - set(found))
        assert not set(NEVER) & set(found)
        theirs = self.memories_of(customer_id)
        assert theirs and theirs <= set(self.vectors.ids)
        self.model.follow()
        self.vectors.ids.clear()
        return theirs

    async def silent_about(self, person: Person, theirs: set[str], **who: str) -> None:
        """Ask everything that would speak of them; nothing of theirs comes out."""
        errors: list[str] = []
        with capture_logs() as logged:
            await self._ask_everything(person, errors, who or {"userId": person.user})
        bob = Person("bob")
        prompts = self.prompts()
        assert set(TOLD) <= set(bob.found_in(prompts)), "nobody was planned for"
        assert person.found_in(prompts) == []
        assert person.found_in(json.dumps(logged, default=repr)) == []
        assert person.found_in(self.caplog.text) == []
        assert person.found_in((await self.api.call("GET", "/metrics")).text) == []
        assert len(errors) > len(person.malformed())
        for error in errors:
            assert person.found_in(error) == [], error
        assert not theirs & set(self.vectors.ids)
        assert self.vectors.ids

    async def _ask_everything(self, person: Person, errors: list[str], who: dict[str, str]) -> None:
        api, runs = self.api, self.api.runs
        await person.ask(api, "after", **who)
        await runs.advance(by_us=DAY_US)
        bob = Person("bob")
        await bob.live(api)
        await bob.ask(api, "bob")
        for row in self.d.rows(decisions):
            await api.call("GET", f"/v1/decisions/{row['id']}/explain")
        for question in (*person.questions(), *bob.questions()):
            answer = await api.call("POST", "/v1/chat", {"text": question})
            if not person.found_in(question):
                assert person.found_in(answer.text) == []
        for method, path, body in person.malformed():
            answer = await api.call(method, path, body)
            assert 400 <= answer.status_code < 500, (method, path, answer.text)
            errors.append(answer.text + str(answer.headers))
        database = runs.db
        assert isinstance(database, Faulty)
        database.says = everything(person)
        try:
            for method, path in (
                ("GET", f"/v1/customers/{person.user}"),
                ("POST", "/v1/identify"),
                ("GET", f"/v1/decisions?customer={person.email}"),
            ):
                body = {"userId": person.user, "traits": person.traits}
                answer = await api.call(method, path, body if method == "POST" else None)
                assert answer.status_code >= 500, answer.text
                errors.append(answer.text + str(answer.headers))
        finally:
            database.says = None


@asynccontextmanager
async def watched(
    folder: Path, model: ModelProcess, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Watched]:
    caplog.set_level(logging.WARNING)
    vectors = Asked(folder / "memory")
    settings = settings_of(folder, llm_base_url=model.url, llm_api_key="k", planner="llm")
    runs = open_runs(settings, Parts(database=Faulty, vectors=vectors))
    ensure_admin(runs)
    app = create_app(runs, version="test")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://usher",
            headers=server.key_header(settings.data),
        ) as client,
    ):
        api = Api(client, runs)
        await api.ok("PUT", "/v1/products", PRODUCTS)
        yield Watched(api, model, vectors, caplog)


async def somebody(w: Watched, name: str) -> tuple[Person, str, set[str]]:
    """A person of whom a model was told once."""
    person = Person(name)
    await person.live(w.api)
    customer_id = await w.api.runs.people.find(person.user)
    return person, customer_id, await w.told_of(person, customer_id)


def test_the_words_are_distinct_and_in_nothing_of_ours() -> None:
    words = [Person(name).word(field) for name in ("ada", "bob") for field in FIELDS]
    assert len(set(words)) == len(words)
    assert Person("ada").found_in(everything(Person("ada"))) == [*FIELDS, "phone"]
    assert Person("ada").found_in(everything(Person("bob"))) == []


@pytest.mark.parametrize("stop", [{"scope": "all"}, {"scope": "purpose"}], ids=["all", "marketing"])
async def test_p5_nothing_of_somebody_suppressed_comes_out(
    stop: dict[str, Any], tmp_path: Path, model: ModelProcess, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(tmp_path / "data", model, caplog) as w:
        ada, customer_id, theirs = await somebody(w, "ada")
        place = f"/v1/customers/{ada.user}"
        await w.api.ok("POST", f"{place}/lease", {"for": "PT1H", "reason": ada.word("leased")})
        await w.api.ok("DELETE", f"{place}/lease")
        await w.api.ok("POST", f"{place}/suppress", {**stop, "reason": ada.word("stopped")})
        await w.silent_about(ada, theirs)
        assert w.d.rows(decisions, customer_id=customer_id)[-1]["status"] == "withheld"


async def test_p5_nothing_of_somebody_erased_comes_out(
    tmp_path: Path, model: ModelProcess, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(tmp_path / "data", model, caplog) as w:
        ada, _, theirs = await somebody(w, "ada")
        await w.api.ok("DELETE", f"/v1/customers/{ada.user}")
        await w.silent_about(ada, theirs)


async def test_p5_nothing_of_somebody_merged_away_comes_out(
    tmp_path: Path, model: ModelProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """What holds for them stands with the survivor, and under the old id nobody is found."""
    async with watched(tmp_path / "data", model, caplog) as w:
        ada, customer_id, theirs = await somebody(w, "ada")
        tablet = {"anonymousId": ada.word("tablet")}
        await w.api.ok("POST", "/v1/track", {**tablet, "event": "Unsubscribed"})
        await w.api.runs.idle()
        other = await w.api.runs.people.find(ada.word("tablet"))
        await w.api.ok("POST", "/v1/identify", {**tablet, "userId": ada.user, "traits": {}})
        await w.api.runs.idle()
        survivor = await w.api.runs.people.find(ada.user)
        [absorbed] = {customer_id, other} - {survivor}
        theirs |= w.memories_of(survivor)
        for purpose in ("marketing", "service"):
            found = await w.api.runs.env.recall.recall(
                absorbed, purpose=purpose, query=ada.word("reply"), now_us=w.api.runs.clock.now_us()
            )
            assert (found.used, found.withheld) == ((), ())
        await w.silent_about(ada, theirs, **tablet)


@pytest.mark.parametrize("how", ["suppressed", "erased"])
async def test_p5_whoever_is_stopped_while_a_planner_thinks_is_asked_about_no_more(
    how: str, tmp_path: Path
) -> None:
    """It has only read something; by the next turn the person is out of reach."""

    class Stopping(ScriptedPlanner):
        async def propose(self, situation: Situation) -> Proposal:
            proposal = await super().propose(situation)
            if how == "erased":
                await d.runs.people.erase("ada", by="ann")
            else:
                stop = Suppress(scope="all", reason="they asked for it")
                await d.runs.people.suppress("ada", stop, by="ann")
            return proposal

    planner = Stopping(does("get_profile"), does("get_inventory"))
    async with deployment(tmp_path, parts=Parts(planner=planner)) as d:
        await d.person()
        await d.trigger(wait=0)
        await d.runs.idle()
        assert len(planner.seen) == 1
        assert d.statuses() == ["withheld"]
