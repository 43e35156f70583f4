"""What is proved of packs, in words; and a pack that breaks its own word is not published."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.errors import Invalid
from agent.pack_proofs import check_and_prove, compare, loaded, said, unkept
from evals.flat_pack import flat_commerce
from tests.agent.stage import stage
from tests.policies.packs import without_promises
from tools.registry import TOOLS

TEXT = without_promises(flat_commerce())
PROMISE = """
invariants:
  - id: stop_means_stop
    when: customer.suppressed
    at_least: deny
    because: Nobody who asked us to stop hears from us
"""
KEPT = TEXT.replace("version: 1", "version: 2") + PROMISE
UNKEPT = KEPT.replace(
    "never_when: customer.suppressed", "never_when: customer.suppressed and action.discount_bp > 0"
)


def test_a_check_tells_what_is_proved_and_what_every_tool_can_come_to() -> None:
    told = check_and_prove(KEPT, file="mine.yaml", library={})
    assert (told["ok"], told["problems"], told["findings"]) == (True, [], [])
    assert (told["policy"], told["version"], told["finished"]) == ("commerce", 2, True)
    (kept,) = told["invariants"]
    assert (kept["id"], kept["at_least"], kept["on"]) == (
        "stop_means_stop", "deny", ["contact", "offer"],
    )  # fmt: skip
    covered = {name for one in told["answers"] for name in one["tools"]}
    assert covered == set(TOOLS)
    assert all(one["can_be"] and one["settled"] for one in told["answers"])


def test_a_broken_promise_is_a_problem_with_its_place_and_an_example_in_words() -> None:
    told = check_and_prove(UNKEPT, file="mine.yaml", library={})
    line = UNKEPT.splitlines().index("  - id: stop_means_stop") + 1
    assert told["ok"] is False and told["invariants"] == []
    assert all(
        one.startswith(f"mine.yaml:{line}:9: invariant stop_means") for one in told["problems"]
    )
    assert "for example whether this person asked us to stop: yes" in told["problems"][0]
    first = told["findings"][0]
    assert first["severity"] == "error" and first["example"][0]["value"] is True


def test_a_text_that_cannot_be_read_has_problems_and_no_findings() -> None:
    told = check_and_prove("policy: x\n", file="mine.yaml", library={})
    assert not told["ok"] and told["problems"] and told["findings"] == []


def test_what_there_was_no_time_for_is_not_in_order() -> None:
    told = check_and_prove(KEPT, file="mine.yaml", library={}, limit_s=0.0)
    assert told["finished"] is False and told["ok"] is False
    assert "no time left" in told["problems"][0]


def test_a_comparison_speaks_in_facts_and_reasons() -> None:
    after = loaded(
        TEXT.replace("min_margin_bp: {value: 1500", "min_margin_bp: {value: 1000"), "b.yaml", {}
    )
    told = compare(loaded(TEXT, "a.yaml", {}), after)
    first = told["answers"][0]
    assert first["text"] == "margin_floor: NEWLY ALLOWED, was denied"
    assert first["because"] == [
        "After the discount at least 15 % margin must be left on every item"
    ]
    assert said(first["example"]).startswith(
        "the discount: 0.01 %, the margin after the discount: 10 %"
    )
    assert told["changed"][0]["name"] == "min_margin_bp" and not told["answers_alike"]


async def test_a_pack_that_breaks_its_word_is_not_published(tmp_path: Path) -> None:
    async with stage(tmp_path) as runs:
        with pytest.raises(Invalid, match="stop_means_stop does not hold.*for example"):
            await runs.publishing.put("commerce", UNKEPT, author="ann")
        assert (await runs.publishing.put("commerce", KEPT, author="ann"))["version"] == 2
        told = await runs.publishing.compare(UNKEPT.replace("version: 2", "version: 3"),
                                             file="c.yaml")  # fmt: skip
        assert {one["rules"][0] for one in told["answers"]} == {"suppressed"}
        assert told["before"]["version"] == 2


def test_only_a_pack_with_invariants_is_proved_before_it_is_published() -> None:
    assert unkept(loaded(TEXT, "a.yaml", {}), limit_s=0.0) == []
    lines = unkept(loaded(UNKEPT, "a.yaml", {}))
    for line, kind in zip(lines, ("contact", "offer"), strict=True):
        assert f"stop_means_stop does not hold: calls of {kind} with" in line


def test_packs_are_proved_beside_each_other_and_told_alike() -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(
            pool.map(lambda n: check_and_prove(KEPT, file="mine.yaml", library={}), range(8))
        )
    assert all(one == told[0] for one in told) and told[0]["ok"]
