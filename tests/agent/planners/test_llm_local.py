"""The llm planner with a real model on this machine: what no script shows.

It runs where `xllamacpp` is installed and `LOCAL_MODEL_GGUF` names a model's file:

    LOCAL_MODEL_GGUF=/models/some.gguf .venv/bin/python -m pytest -m local_model -rs

What a small model chooses is not held against it. That its answers are read, or said as what they
are, and that the turn ends in a proposal, is.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.planners.llm import llm_planner
from agent.settings import Settings
from tests.agent.planners.situations import a_situation

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(900)]
GGUF = "LOCAL_MODEL_GGUF"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    llama: Any = pytest.importorskip("xllamacpp", reason="xllamacpp is not installed")
    file = os.environ.get(GGUF)
    if not file or not Path(file).is_file():
        pytest.skip(f"{GGUF} names no model's file")
    params = llama.CommonParams()
    params.model.path = file
    params.model_alias = {"local"}
    params.hostnames, params.port = ["127.0.0.1"], _free_port()
    params.n_ctx, params.n_parallel = 8_192, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.use_jinja, params.ui, params.offline = True, False, True
    server = llama.Server(params)
    here = f"http://127.0.0.1:{params.port}"
    _loaded(here)
    yield f"{here}/v1"
    del server


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _loaded(here: str) -> None:
    """Wait until the model has been read: the server answers 503 until then."""
    for _ in range(1_200):
        try:
            if httpx.get(f"{here}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the model was not loaded within two minutes")


@pytest.mark.parametrize("mode", ["json_schema", "tools"])
async def test_a_real_models_answer_ends_in_a_proposal(url: str, mode: Any) -> None:
    chosen = Settings(
        planner="llm",
        llm_base_url=url,
        llm_model="local",
        llm_mode=mode,
        llm_timeout=280,
        llm_temperature=0,
        llm_max_reply_tokens=500,
    )
    planner = llm_planner(chosen)
    proposal = await planner.propose(a_situation())
    await planner.close()
    assert proposal.calls and proposal.author is not None
    assert proposal.usage.llm_calls >= 1 and proposal.usage.prompt_tokens > 0
    print(f"{mode}: {proposal.author.kind}, {proposal.plan!r}, {proposal.mishaps}")
