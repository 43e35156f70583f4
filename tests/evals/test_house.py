"""A house stands apart from whatever is set for a deployment of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.case_run import START
from evals.house import RULES_ARM, SHIPPED_AGENT, Contestant, open_house


async def test_what_is_set_for_a_deployment_has_no_part_in_a_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USHER_DATABASE_URL", "postgresql+psycopg://nobody@192.0.2.1/production")
    monkeypatch.setenv("USHER_PLANNER", "llm")
    monkeypatch.setenv("USHER_LLM_BASE_URL", "http://192.0.2.1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "not-to-be-used")
    monkeypatch.setenv("USHER_SEND_ONLY_TO", "me@example.com")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "usher.toml").write_text('public_url = "https://shop.example"\n', encoding="utf-8")
    async with open_house(tmp_path, Contestant("offline"), start=START) as house:
        settings = house.runs.settings
        assert (settings.database_url, settings.public_url) == (None, None)
        assert (settings.llm_api_key, settings.send_only_to) == (None, None)
        assert house.runs.env.planners["agent"].kind == "offline"
        assert (tmp_path / "data" / "usher.db").exists()


async def test_the_front_matter_is_said_otherwise_and_nothing_else_is(tmp_path: Path) -> None:
    rules = Contestant("rules", front=RULES_ARM)
    async with open_house(tmp_path, rules, start=START) as house:
        agent = house.runs.env.library.agents["shopping"]
        assert {arm.value: share for arm, share in agent.arms.items()} == {"rules": 10_000}
    changed = (tmp_path / "prompts" / "shopping.md").read_text(encoding="utf-8").splitlines()
    shipped = SHIPPED_AGENT.read_text(encoding="utf-8").splitlines()
    assert set(changed) - set(shipped) == {"arms: {rules: 10000}"}
    assert set(shipped) <= set(changed)


async def test_a_pack_that_does_not_load_ends_the_trial_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="commerce.yaml"):
        async with open_house(tmp_path, Contestant("offline"), start=START, pack="policy: ["):
            pass
