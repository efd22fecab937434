# SPDX-License-Identifier: Apache-2.0
"""What docs/calls.json says of the JSON that commands take and answer; whether a value is so."""

import json

from conftest import ROOT

PATH = ROOT / "docs" / "calls.json"
SCHEMA = json.loads(PATH.read_text())
TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
CHECKS = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "enum": lambda value, words: value in words,
}


def check_object(value, schema, where):
    properties = schema.get("properties")
    yield from (f"{where} lacks {name}" for name in schema.get("required", ())
                if name not in value)
    for name, member in value.items():
        if properties is not None and name not in properties:
            # Of an answer, too: what the schema does not know is a member that it has missed.
            yield f"{where}.{name} is not in the schema"
        elif properties is not None:
            yield from violations(member, properties[name], f"{where}.{name}")


def violations(value, schema, where):
    """In words, each place where the value is not as the schema says."""
    known = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "$ref",
             "description", *CHECKS}
    assert set(schema) <= known, f"{where}: {set(schema) - known} is not understood here"
    if "$ref" in schema:
        yield from violations(value, SCHEMA["$defs"][schema["$ref"].split("/")[-1]], where)
    if "anyOf" in schema and all([*violations(value, choice, where)] for choice in schema["anyOf"]):
        yield f"{where} is none of its choices: {value!r}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(TYPES[kind](value) for kind in kinds):
        yield f"{where} is no {kinds}: {value!r}"
        return
    for name, check in CHECKS.items():
        if name in schema and value is not None and not check(value, schema[name]):
            yield f"{where}: {value!r} breaks {name} {schema[name]}"
    if isinstance(value, dict):
        yield from check_object(value, schema, where)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from violations(item, schema["items"], f"{where}[{index}]")


def assert_answer(command, answer):
    found = [*violations(answer, SCHEMA["calls"][command]["output"], command)]
    assert not found, found


def assert_input(command, given):
    found = [*violations(given, SCHEMA["calls"][command]["input"], command)]
    assert not found, found
