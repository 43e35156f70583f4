"""Answers of a model, as the chat completions API carries them."""

from __future__ import annotations

import json
from typing import Any


def answer(message: dict[str, Any] | None = None, *, ended: str = "stop") -> dict[str, Any]:
    """One answer with this message."""
    return {
        "choices": [{"index": 0, "message": message or {}, "finish_reason": ended}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 50},
    }


def called(*calls: tuple[str, Any], text: str | None = None) -> dict[str, Any]:
    """Functions called; arguments as a value, or as a text that stands as it is."""
    return answer(
        {
            "content": text,
            "tool_calls": [
                {
                    "id": f"c{n}",
                    "type": "function",
                    "function": {
                        "name": name,
                        "arguments": args if isinstance(args, str) else json.dumps(args),
                    },
                }
                for n, (name, args) in enumerate(calls)
            ],
        },
        ended="tool_calls",
    )


def said(text: str) -> dict[str, Any]:
    """Words."""
    return answer({"role": "assistant", "content": text})


FINISH = {"because": "Nothing to do.", "outcome": "nothing_to_do"}
EMAIL = {
    "message": "cart_reminder",
    "slots": {"opening": "We kept it for you."},
    "useful_until": "2026-01-07T10:00:00Z",
}
