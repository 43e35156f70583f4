"""The scripted model in a process of its own: it speaks the protocol, and errs as it is told to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.planners import prompt
from agent.situation import situation_of
from evals.scripted_model import KINDS, BadScript, checked
from tests.agent.planners.situations import a_run, a_situation, decided
from tests.evals.model_process import ModelProcess, model_process
from tests.source import ROOT


@pytest.fixture(scope="module")
def model() -> Iterator[ModelProcess]:
    with model_process() as process:
        yield process


def ask(model: ModelProcess, mode: prompt.Mode = "tools", **more: Any) -> httpx.Response:
    s = more.pop("s", None) or a_situation()
    head = prompt.prefix(s.agent, s.brand, s.tools, mode=mode)
    body = prompt.request(head, s, model="scripted-1", repairs=())
    return httpx.post(
        f"{model.url}/chat/completions", json=body, timeout=30, trust_env=False, **more
    )


def calls_in(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    message = answer.json()["choices"][0]["message"]
    return [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message["tool_calls"]
    ]


def test_without_a_script_it_looks_first_and_then_writes_once(model: ModelProcess) -> None:
    model.follow()
    first = calls_in(ask(model))
    assert [name for name, _ in first] == [
        "get_profile",
        "get_inventory",
        "get_margin",
        "get_offer_history",
    ]
    run = a_run()
    for name, _ in first:
        decided(run, name)
    ((name, args),) = calls_in(ask(model, s=situation_of(run)))
    assert name == "send_email" and args["message"] == "cart_reminder"
    assert args["reasoning"] and args["confidence"] == 90


def test_in_json_mode_it_answers_by_the_schema(model: ModelProcess) -> None:
    model.follow({"kind": "calls", "calls": [{"tool": "get_margin", "args": {"discount_bp": 5}}]})
    message = ask(model, "json_schema").json()["choices"][0]["message"]
    assert "tool_calls" not in message
    (call,) = json.loads(message["content"])["calls"]
    assert call["tool"] == "get_margin" and call["arguments"] == {"discount_bp": 5}


def test_it_follows_its_script_and_then_is_sensible_again(model: ModelProcess) -> None:
    model.follow({"kind": "no_call", "text": "hm"}, {"kind": "status", "status": 503})
    assert ask(model).json()["choices"][0]["message"]["content"] == "hm"
    assert ask(model).status_code == 503
    assert calls_in(ask(model))[0][0] == "get_profile"
    assert len(model.asked()) == 3


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("unknown_tool", lambda a: calls_in(a)[0][0] == "send_pigeon"),
        ("invalid_args", lambda a: calls_in(a)[0][1]["discount_bp"] == "a lot"),
        ("cut_off", lambda a: a.json()["choices"][0]["finish_reason"] == "length"),
        ("refusal", lambda a: a.json()["choices"][0]["message"]["refusal"]),
        ("empty", lambda a: a.json()["choices"] == []),
        ("bad_json", lambda a: a.text.endswith("cut")),
    ],
)
def test_it_errs_as_it_is_told_to(model: ModelProcess, kind: str, seen: Any) -> None:
    model.follow({"kind": kind})
    assert seen(ask(model))


@pytest.mark.parametrize("kind", ["hang_up", "garbage"])
def test_it_breaks_connections_as_it_is_told_to(model: ModelProcess, kind: str) -> None:
    model.follow({"kind": kind})
    with pytest.raises(httpx.RemoteProtocolError):
        ask(model)


@pytest.mark.parametrize("kind", ["hang", "slow"])
def test_it_keeps_others_waiting_as_it_is_told_to(model: ModelProcess, kind: str) -> None:
    model.follow({"kind": kind})
    with (
        pytest.raises(httpx.ReadTimeout if kind == "hang" else _TooSlow),
        httpx.stream(
            "POST",
            f"{model.url}/chat/completions",
            json=_body(),
            timeout=0.2,
            trust_env=False,
        ) as answer,
    ):
        whole = int(answer.headers["content-length"])
        first = next(answer.iter_raw(1))
        raise _TooSlow if len(first) < whole else AssertionError("it came at once")
    assert calls_in(ask(model)), "others are served meanwhile"


class _TooSlow(Exception):
    pass


def _body() -> dict[str, Any]:
    s = a_situation()
    head = prompt.prefix(s.agent, s.brand, s.tools, mode="tools")
    return prompt.request(head, s, model="scripted-1", repairs=())


def test_retry_after_goes_out_as_the_script_says(model: ModelProcess) -> None:
    model.follow({"kind": "status", "status": 429, "retry_after": 7, "code": "rate_limited"})
    answer = ask(model)
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["error"]["code"] == "rate_limited"


def test_a_prompt_it_does_not_understand_is_told_apart(model: ModelProcess) -> None:
    model.follow()
    answer = httpx.post(
        f"{model.url}/chat/completions",
        json={"messages": [{"role": "user", "content": "hello"}]},
        trust_env=False,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "prompt_not_understood"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({}, "a script is a list"),
        ([{"kind": "sing"}], "reply 0: `kind` is one of"),
        ([{"kind": "sensible"}, {"kind": "calls"}], "reply 1: `calls`"),
        ([{"kind": "status", "status": 12}], "reply 0: `status`"),
    ],
)
def test_a_script_that_cannot_be_followed_is_refused(script: Any, why: str) -> None:
    with pytest.raises(BadScript, match=why):
        checked(script)


def test_a_broken_script_file_ends_the_command_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text('[{"kind": "sing"}]')
    ended = subprocess.run(
        [sys.executable, "-m", "evals.scripted_model", "--script", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2 and "reply 0" in ended.stderr and ended.stdout == ""


def test_a_script_file_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text('[{"kind": "no_call", "text": "from the file"}]')
    with model_process("--script", str(file)) as model:
        assert ask(model).json()["choices"][0]["message"]["content"] == "from the file"


def test_every_kind_is_checked_by_name() -> None:
    assert len(set(KINDS)) == len(KINDS) == 15
