"""How tools are described to a model: as functions to call, or as one JSON schema to answer in.

Beside its arguments every call carries `reasoning`, `confidence` and `overrides`; none of the three
ever reaches a tool. Every text is bounded, because a grammar guarantees its shape only where the
answer ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent.planners.examples import EXAMPLES
from agent.planning import ToolOffer

#: Fields of a call that are about the call; no tool has an argument of these names.
ABOUT_THE_CALL: Final = ("reasoning", "confidence", "overrides")
LONGEST_REASONING: Final = 500
LONGEST_OVERRIDE: Final = 300
MOST_CALLS: Final = 8
_LONGEST_ARGUMENT: Final = 300
_REASONING: Final = {"type": "string", "maxLength": LONGEST_REASONING}
_CONFIDENCE: Final = {"type": "integer", "minimum": 0, "maximum": 100}
_OVERRIDES: Final = {
    "type": "object",
    "description": "Only after needs_reason: rule → the true reason.",
    "additionalProperties": {"type": "string", "maxLength": LONGEST_OVERRIDE},
}


def functions(tools: Sequence[ToolOffer]) -> list[dict[str, Any]]:
    """The tools as functions, for `tools`."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": _described(tool),
                "parameters": _function(tool),
            },
        }
        for tool in tools
    ]


def answer_schema(tools: Sequence[ToolOffer]) -> dict[str, Any]:
    """The one schema of an answer, for `response_format`: a plan, and its calls."""
    return {
        "type": "object",
        "properties": {
            "plan": {"type": "string", "maxLength": 200},
            "calls": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_CALLS,
                "items": {"anyOf": [_call(tool) for tool in tools]},
            },
        },
        "required": ["plan", "calls"],
        "additionalProperties": False,
    }


def worked(tools: Sequence[ToolOffer]) -> list[dict[str, Any]]:
    """Each tool with one worked example, for a prompt that must say what there is to call."""
    return [
        {
            "tool": tool.name,
            "description": _described(tool),
            "example": {
                "tool": tool.name,
                "reasoning": "why this call",
                "confidence": 80,
                "arguments": EXAMPLES[tool.name],
            },
        }
        for tool in tools
        if tool.name in EXAMPLES
    ]


def _call(tool: ToolOffer) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "tool": {"type": "string", "const": tool.name},
            "reasoning": _REASONING,
            "confidence": _CONFIDENCE,
            "arguments": _arguments(tool),
            "overrides": _OVERRIDES,
        },
        "required": ["tool", "reasoning", "confidence", "arguments"],
        "additionalProperties": False,
    }


def _function(tool: ToolOffer) -> dict[str, Any]:
    arguments = _arguments(tool)
    return {
        **arguments,
        "properties": {
            "reasoning": _REASONING,
            "confidence": _CONFIDENCE,
            **arguments.get("properties", {}),
            "overrides": _OVERRIDES,
        },
        "required": ["reasoning", "confidence", *arguments.get("required", ())],
    }


def _arguments(tool: ToolOffer) -> dict[str, Any]:
    bounded = _bounded(tool.schema)
    return {key: value for key, value in bounded.items() if key != "description"}


def _described(tool: ToolOffer) -> str:
    return f"{tool.description} {tool.schema.get('description', '')}".strip()


def _bounded(schema: Any) -> Any:
    """A schema without titles, and with a longest length for every text."""
    if isinstance(schema, list):
        return [_bounded(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: _inside(key, value) for key, value in schema.items() if key != "title"}
    if found.get("type") == "string" and "enum" not in found and "const" not in found:
        found.setdefault("maxLength", _LONGEST_ARGUMENT)
    return found


def _inside(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: _bounded(item) for name, item in value.items()}
    return _bounded(value) if key not in ("default", "enum", "const", "required") else value
