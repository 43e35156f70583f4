"""Reading a model's answer: the calls in it, or exactly what is wrong with it.

An answer may hold its calls as functions called, as JSON in its text, or as JSON in a fence: models
do all three, whatever they were asked for. Nothing is guessed: an unknown tool, arguments that do
not fit the tool's schema, a refusal, an answer that was cut off are each said as what they are, for
the model to read. An error names places and shapes, never values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from agent.planners.schemas import ABOUT_THE_CALL, LONGEST_OVERRIDE, LONGEST_REASONING, MOST_CALLS
from agent.planning import ProposedCall, Situation
from tools.proposed import Proposed, readable
from tools.registry import TOOLS
from tools.tool import ActionKind

_LONGEST_PLAN: Final = 300
_LONGEST_TEXT: Final = 100_000
_LONGEST_NAME: Final = 60
_MOST_PROBLEMS: Final = 5
_FENCE = re.compile(r"(?:```(?:json)?|<tool_call>)\s*([\[{].*?)\s*(?:```|</tool_call>)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}", re.ASCII)


class Unusable(Exception):
    """An answer without a call that can be proposed; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A usable answer. `left_out` says which of its calls must wait for a turn of their own."""

    plan: str
    calls: tuple[ProposedCall, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """One call as it was said: its tool's name, and everything else beside it."""

    tool: Any
    arguments: Any
    about: Mapping[str, Any]


def said_by(answer: Mapping[str, Any]) -> str:
    """The words of an answer as they came, to show them to the model that said them."""
    try:
        message = _message(answer)
    except Unusable:
        return ""
    calls = message.get("tool_calls")
    parts = [message.get("content"), calls or message.get("function_call")]
    return "\n".join(
        part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
        for part in parts
        if part
    )


def read(answer: Mapping[str, Any], s: Situation) -> Reply:
    """The calls of one answer of the chat completions API. Raises `Unusable`."""
    message = _message(answer)
    plan, said = _calls(message)
    offered = [tool.name for tool in s.tools]
    kept: list[tuple[_Said, str]] = []
    left_out: list[str] = []
    for one in said:
        name = one.tool
        if not isinstance(name, str) or name not in offered or name not in TOOLS:
            raise Unusable(f"there is no tool {_shown(name)}; the tools are: {', '.join(offered)}")
        first_alone = kept and TOOLS[kept[0][1]].kind is not ActionKind.READ
        if kept and (first_alone or TOOLS[name].kind is not ActionKind.READ):
            left_out.append(f"{name} was left out: what is not a read stands alone in its answer")
        elif len(kept) == MOST_CALLS:
            left_out.append(f"{name} was left out: {MOST_CALLS} calls are the most in one answer")
        elif one not in [before for before, _ in kept]:
            kept.append((one, name))
    calls = tuple(_checked(one, name, s, k) for k, (one, name) in enumerate(kept, 1))
    return Reply(
        _line(plan or calls[0].reasoning or calls[0].tool.replace("_", " "), _LONGEST_PLAN),
        calls,
        tuple(dict.fromkeys(left_out)),
    )


def _message(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Unusable("the answer is empty: it holds no choice")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise Unusable("the answer is empty: it holds no message")
    ended = choices[0].get("finish_reason")
    if ended == "length":
        raise Unusable("the answer was cut off because it was too long: answer shorter")
    if ended == "content_filter" or message.get("refusal"):
        raise Unusable("the answer is a refusal: propose a call, `finish` or `escalate` if need be")
    return message


def _calls(message: Mapping[str, Any]) -> tuple[str, list[_Said]]:
    """The plan in words, and at least one call."""
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    called = message.get("tool_calls")
    if isinstance(called, list) and called:
        return _prose(text), [_function(one) for one in called]
    if isinstance(message.get("function_call"), dict):
        return _prose(text), [_function({"function": message["function_call"]})]
    written = _json_in(text)
    if isinstance(written, dict) and isinstance(written.get("calls"), list) and written["calls"]:
        plan = written.get("plan")
        return plan if isinstance(plan, str) else "", [_written(one) for one in written["calls"]]
    if isinstance(written, list) and written:
        return "", [_written(one) for one in written]
    if isinstance(written, dict) and ("tool" in written or "name" in written):
        return "", [_written(written)]
    raise Unusable("there is no call in the answer: every answer makes a call")


def _function(one: Any) -> _Said:
    """A call as a function: its arguments hold what is about the call as well."""
    function = one.get("function") if isinstance(one, dict) else None
    if not isinstance(function, dict):
        raise Unusable("a call in the answer is no function call")
    return _flat(function.get("name"), function.get("arguments"))


def _written(one: Any) -> _Said:
    """A call as JSON in words: what is about it stands beside its arguments, or among them."""
    if not isinstance(one, dict):
        raise Unusable("calls: each call is an object with `tool` and `arguments`")
    keys = ("arguments", "args", "parameters")
    said = _flat(one.get("tool", one.get("name")), next((one[k] for k in keys if k in one), {}))
    beside = {key: one[key] for key in ABOUT_THE_CALL if key in one}
    return _Said(said.tool, said.arguments, {**said.about, **beside})


def _flat(name: Any, arguments: Any) -> _Said:
    if isinstance(arguments, str):
        arguments = _parsed(arguments) if arguments.strip() else {}
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise Unusable(f"{_shown(name)}: the arguments are no JSON object")
    about = {key: arguments[key] for key in ABOUT_THE_CALL if key in arguments}
    return _Said(name, {k: v for k, v in arguments.items() if k not in about}, about)


def _checked(said: _Said, name: str, s: Situation, k: int) -> ProposedCall:
    """The call, its arguments held against the tool's schema. Raises `Unusable`."""
    reasons = said.about.get("overrides") or {}
    if not isinstance(reasons, dict) or not all(isinstance(r, str) for r in reasons.values()):
        raise Unusable(f"{name}: overrides: give one reason in words for each rule")
    plain, problem = readable(
        Proposed(
            id=f"call_{len(s.steps) + k}",
            tool=name,
            args=said.arguments,
            reasoning=_line(said.about.get("reasoning"), LONGEST_REASONING),
            confidence_bp=_confidence(said.about.get("confidence")),
            overrides={rule: reason[:LONGEST_OVERRIDE] for rule, reason in reasons.items()},
        )
    )
    if problem is None:
        try:
            TOOLS[name].args.model_validate(plain.args)
        except ValidationError as error:
            problem = _what_is_wrong(error)
    if problem is not None:
        raise Unusable(f"{name}: {problem}")
    return ProposedCall(
        id=plain.id,
        tool=plain.tool,
        args=plain.args,
        reasoning=plain.reasoning,
        confidence_bp=plain.confidence_bp,
        overrides=plain.overrides,
    )


def _confidence(said: Any) -> int | None:
    """In basis points: 80 is 80 %, and so is 0.8. None where nothing is said that could be read."""
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 <= said <= 100:
        return None
    share = said * 100 if isinstance(said, int) or said > 1 else said * 10_000
    return math.floor(share)


def _json_in(text: str) -> Any:
    """The JSON that a text is, or holds in a fence. Raises `Unusable`."""
    text = text[: _LONGEST_TEXT + 1].strip()
    if len(text) > _LONGEST_TEXT:
        raise Unusable("the answer is too long: answer shorter")
    fenced = _FENCE.search(text)
    if fenced is not None:
        return _parsed(fenced[1])
    return _parsed(text) if text.startswith(("{", "[")) else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text[:_LONGEST_TEXT], parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unusable("the arguments are no JSON that could be read") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _prose(text: str) -> str:
    return "" if text.lstrip().startswith(("{", "[", "```", "<")) else text


def _line(text: Any, longest: int) -> str:
    return " ".join(text.split())[:longest] if isinstance(text, str) else ""


def _shown(name: Any) -> str:
    """A tool's name as it was said, where it is a name at all: nothing else is repeated."""
    return f"`{name}`" if isinstance(name, str) and _NAME.fullmatch(name) else "of that name"


def _what_is_wrong(error: ValidationError) -> str:
    """Where and what, without the values; names of fields as far as they are names."""
    found: Sequence[Any] = error.errors(include_input=False, include_url=False)
    told = [f"{_place(item['loc'])}: {item['msg']}" for item in found[:_MOST_PROBLEMS]]
    if len(found) > _MOST_PROBLEMS:
        told.append(f"and {len(found) - _MOST_PROBLEMS} more")
    return "; ".join(told)


def _place(loc: Sequence[Any]) -> str:
    parts = [str(part)[:_LONGEST_NAME] for part in loc]
    return ".".join(part if _NAME.fullmatch(part) else "…" for part in parts) or "arguments"
