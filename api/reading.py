"""Reading a body as JSON, strictly: what a database or another reader would choke on stays outside.

Refused are: text that is no UTF-8, NaN and Infinity, numbers too large to be meant, null characters
and halves of surrogate pairs in texts (no database can hold them), and nesting without end. What is
refused is said with its place, never with its content.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from agent.errors import BadRequest

DEEPEST = 64
LONGEST_INTEGER = 40
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNHOLDABLE = re.compile("[\x00\ud800-\udfff]")


def read_json(body: bytes) -> Any:
    """The value of a JSON text. Raises `BadRequest`, which says where it is not one."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"the body is not UTF-8: byte {error.start} begins no character; send JSON in UTF-8"
        ) from None
    try:
        value = json.loads(text, parse_constant=_constant, parse_float=_float, parse_int=_int)
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"the body is not JSON: {error.msg.partition(':')[0].lower()} "
            f"(line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST or _SUSPECT.search(text):
        _check(value)
    return value


def _check(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if _UNHOLDABLE.search(item):
                    raise BadRequest(
                        "a text in the body holds a null character (\\u0000) or half a surrogate "
                        "pair, which cannot be stored; take it out"
                    )
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
        if depth >= DEEPEST and any(isinstance(item, dict | list) for item in level):
            raise _too_deep()


def _too_deep() -> BadRequest:
    return BadRequest(f"the body is nested more than {DEEPEST} levels deep; flatten it")


def _constant(name: str) -> Any:
    raise BadRequest("the body holds NaN or Infinity, which JSON has not; leave the field out")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadRequest("a number in the body is too large to be held; send it as a text")
    return value


def _int(digits: str) -> int:
    if len(digits.removeprefix("-")) > LONGEST_INTEGER:
        raise BadRequest(
            f"a whole number in the body has more than {LONGEST_INTEGER} digits; send it as a text"
        )
    return int(digits)
