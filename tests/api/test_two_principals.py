"""P9 from end to end: a real server, two people with keys of their own, one question at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from prompts.library import SHIPPED
from tests.api.processes import Served, serving
from tests.api.service import PRODUCTS, trigger

PACK = Path(__file__).parents[2] / "policies" / "commerce.yaml"


def pack_text(version: int) -> str:
    """The shipped pack with a section on approvals, as a later version of it."""
    text = PACK.read_text().replace("budgets:\n", APPROVALS, 1)
    return text.replace("version: 1", f"version: {version}")


APPROVALS = "approvals:\n  answer_within: PT4H\n  assignee: relationship_manager\n\nbudgets:\n"


class Desk:
    """Somebody with a key. Answers are the JSON of a good response, unless a status is expected."""

    def __init__(self, served: Served, key: str) -> None:
        self._served, self._key = served, key

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = httpx.request(
            method,
            f"{self._served.url}{path}",
            json=body,
            headers={"authorization": f"Bearer {self._key}"},
            timeout=60,
            trust_env=False,
        )
        assert response.status_code == status, (response.status_code, response.text)
        return response.json()

    def answer(self, question: dict[str, Any], *, status: int = 200, **said: Any) -> Any:
        return self.ask("POST", f"/v1/approvals/{question['id']}", said, status=status)

    def now(self, question: dict[str, Any]) -> Any:
        return self.ask("GET", f"/v1/approvals/{question['id']}")


class House:
    """A server whose agent asks before every effect, and who works there."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.admin = Desk(served, served.key)
        self.grace = self.somebody("grace", "approver")
        self.olga = self.somebody("olga", "operator")
        self.ole = self.somebody("ole", "approver")

    def somebody(self, name: str, role: str) -> Desk:
        made = self.admin.ask("POST", "/v1/principals", {"name": name, "role": role}, status=201)
        return Desk(self.served, made["key"])

    def question(self, user_id: str, **traits: Any) -> dict[str, Any]:
        """Somebody leaves a cart behind, and the agent asks about it."""
        stated = {"email": f"{user_id}@example.com", "timezone": "Etc/UTC", **traits}
        self.admin.ask("POST", "/v1/identify", {"userId": user_id, "traits": stated})
        agreed = {"channel": "email", "purpose": "marketing", "source": "form"}
        said = {"userId": user_id, "event": "Consent Granted", "properties": agreed}
        self.admin.ask("POST", "/v1/track", said)
        decision = self.admin.ask("POST", "/v1/triggers?wait=60", trigger(user_id))
        assert decision["status"] == "awaiting_approval", decision
        return self.newest(decision["id"])

    def newest(self, decision_id: str) -> dict[str, Any]:
        items = self.admin.ask("GET", "/v1/approvals?limit=200")["items"]
        return dict(next(item for item in items if item["decision_id"] == decision_id))

    def settled(self, question: dict[str, Any]) -> Any:
        """The question's decision once it has come to rest (a step of the clock waits for that)."""
        self.admin.ask("POST", "/v1/clock", {"advance": "PT1S"})
        return self.admin.ask("GET", f"/v1/decisions/{question['decision_id']}")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("two") / "data"
    (data / "prompts").mkdir(parents=True)
    text = (SHIPPED / "shopping.md").read_text()
    (data / "prompts" / "shopping.md").write_text(
        text.replace("autonomy: supervised", "autonomy: assisted")
    )
    (data / "policies").mkdir()
    (data / "policies" / "commerce.yaml").write_text(pack_text(2))
    with serving(data) as served:
        found = House(served)
        found.admin.ask("PUT", "/v1/products", PRODUCTS)
        yield found


def test_p9_one_asks_another_answers_and_it_is_done(house: House) -> None:
    question = house.question("ada")
    assert (question["outcome"], question["requested_by"]) == ("approval", "agent:shopping")
    said = house.olga.answer(question, decision="approve", status=403)
    assert "approver" in said["detail"]
    assert house.grace.answer(question, decision="approve")["decided_by"] == "grace"
    said = house.ole.answer(question, decision="reject", reason="no", status=409)
    assert "approved already by grace" in said["detail"]
    assert [e["status"] for e in house.settled(question)["effects"]] == ["sent"]


def test_p9_an_edit_is_a_new_call_and_whoever_edits_does_not_approve_it(house: House) -> None:
    question = house.question("bob")
    args = {**question["call"]["args"], "useful_until": "2026-03-04T20:00:00+00:00"}
    assert house.grace.answer(question, decision="edit", args=args)["status"] == "edited"
    house.settled(question)
    newer = house.newest(question["decision_id"])
    assert newer["id"] != question["id"] and newer["requested_by"] == "grace"
    assert newer["call"]["args"] == args
    said = house.grace.answer(newer, decision="approve", status=403)
    assert "whoever asks does not answer" in said["detail"]
    assert house.grace.now(newer)["status"] == "pending"
    house.ole.answer(newer, decision="approve")
    assert [e["status"] for e in house.settled(newer)["effects"]] == ["sent"]


def test_p9_an_edit_that_a_hard_rule_forbids_is_not_done(house: House) -> None:
    question = house.question("eve")
    gone = {**question["call"]["args"], "useful_until": "2026-03-01T20:00:00+00:00"}
    house.grace.answer(question, decision="edit", args=gone)
    done = house.settled(question)
    assert done["effects"] == []
    assert any(step["verdict"]["outcome"] == "deny" for step in done["steps"])


def test_p9_words_go_back_to_the_agent_and_the_call_is_not_made(house: House) -> None:
    question = house.question("dan")
    assert house.grace.answer(question, decision="respond", reason="wait for spring")
    done = house.settled(question)
    results = [step["result"] for step in done["steps"] if step["result"]]
    assert {"a_person_says": "wait for spring"} in results
    assert done["effects"] == []


def test_p9_no_approval_lifts_a_hard_rule_that_came_in_between(house: House) -> None:
    question = house.question("kim")
    stop = {"scope": "all", "reason": "asked on the phone"}
    house.admin.ask("POST", "/v1/customers/kim/suppress", stop, status=201)
    house.grace.answer(question, decision="approve")
    done = house.settled(question)
    assert done["effects"] == [] and done["status"] in ("no_action", "withheld")


def test_p9_a_question_is_for_whom_the_trait_names_until_it_is_taken_over(house: House) -> None:
    question = house.question("lea", relationship_manager="grace")
    assert question["assignee"] == "grace"
    said = house.ole.answer(question, decision="approve", status=403)
    assert "for grace" in said["detail"]
    for desk, whose in ((house.grace, "me"), (house.ole, "grace")):
        found = desk.ask("GET", f"/v1/approvals?assignee={whose}")["items"]
        assert [item["id"] for item in found] == [question["id"]]
    unassigned = house.ole.ask("GET", "/v1/approvals?assignee=none")["items"]
    assert question["id"] not in [item["id"] for item in unassigned]
    for name, told in (("olga", "operator"), ("nobody", "nobody of the name")):
        said = house.ole.answer(question, decision="assign", assignee=name, status=422)
        assert told in said["detail"]
    taken = house.ole.answer(question, decision="assign", assignee="ole", reason="on holiday")
    assert (taken["status"], taken["assignee"]) == ("pending", "ole")
    house.grace.answer(question, decision="approve", status=403)
    house.ole.answer(question, decision="approve")
    told = house.settled(question)["approvals"]
    given = next(entry for entry in told if entry["status"] == "assigned")
    assert (given["by"], given["reason"]) == ("ole", "for ole: on holiday")


@pytest.mark.parametrize("named", ["olga", "somebody else", 7, ""])
def test_p9_whom_the_trait_names_without_right_to_answer_gets_nothing(
    house: House, named: object
) -> None:
    user_id = f"mia-{str(named).replace(' ', '-')}"
    question = house.question(user_id, relationship_manager=named)
    assert question["assignee"] is None
    house.grace.answer(question, decision="reject", reason="no")


def test_p9_after_the_packs_time_it_lapses_and_that_means_not_done(house: House) -> None:
    question = house.question("tom")
    assert question["due_at"] - question["requested_at"] == 4 * 3_600_000_000
    house.admin.ask("POST", "/v1/clock", {"advance": "PT3H59M"})
    assert house.grace.now(question)["status"] == "pending"
    house.admin.ask("POST", "/v1/clock", {"advance": "PT1M"})
    assert house.grace.now(question)["status"] == "lapsed"
    house.grace.answer(question, decision="approve", status=409)
    house.grace.answer(question, decision="assign", assignee="grace", status=409)
    assert house.settled(question)["effects"] == []


def test_p9_an_approval_is_bound_to_the_pack_it_was_shown_under(house: House) -> None:
    """Last of all: it changes the pack of the whole house."""
    question = house.question("zoe")
    house.admin.ask("PUT", "/v1/policies/commerce", {"text": pack_text(3)})
    house.grace.answer(question, decision="approve")
    done = house.settled(question)
    assert done["effects"] == []
    newer = house.newest(question["decision_id"])
    assert newer["id"] != question["id"] and newer["status"] == "pending"
