"""Tools as a model is told of them: bounded, with an example each, and nothing in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from agent.planners import schemas
from agent.planners.examples import EXAMPLES
from agent.planning import ToolOffer
from tools.registry import TOOLS

OFFERED = [ToolOffer(t.name, t.description, t.schema) for t in TOOLS.values()]


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_every_tool_has_a_worked_example_that_fits(name: str) -> None:
    TOOLS[name].args.model_validate(EXAMPLES[name])


def test_no_example_is_of_a_tool_that_is_gone() -> None:
    assert set(EXAMPLES) == set(TOOLS)


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_no_tool_has_an_argument_that_is_about_the_call(name: str) -> None:
    assert not set(TOOLS[name].args.model_fields) & set(schemas.ABOUT_THE_CALL)


def strings_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "string" and "enum" not in schema and "const" not in schema:
            yield schema
        for value in schema.values():
            yield from strings_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from strings_in(value)


def test_every_text_has_a_longest_length_in_both_modes() -> None:
    texts = [*strings_in(schemas.functions(OFFERED)), *strings_in(schemas.answer_schema(OFFERED))]
    assert texts and all("maxLength" in text for text in texts)


def test_an_answer_is_one_schema_with_a_shape_for_each_tool() -> None:
    schema = schemas.answer_schema(OFFERED)
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, args in EXAMPLES.items():
        call = {"tool": name, "reasoning": "r", "confidence": 80, "arguments": args}
        jsonschema.validate({"plan": "p", "calls": [call]}, schema)
    wrong = {"tool": "send_pigeon", "reasoning": "r", "confidence": 80, "arguments": {}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"plan": "p", "calls": [wrong]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"plan": "p", "calls": []}, schema)


def test_a_function_asks_for_its_reason_before_its_arguments() -> None:
    for function in schemas.functions(OFFERED):
        parameters = function["function"]["parameters"]
        jsonschema.Draft202012Validator.check_schema(parameters)
        assert list(parameters["properties"])[:2] == ["reasoning", "confidence"]
        assert parameters["additionalProperties"] is False
