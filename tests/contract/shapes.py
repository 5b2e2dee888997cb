"""Shapes: the published JSON Schemas as judges of what the command prints, and of what it prints beyond them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import jsonschema

Json = Any


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a published schema."""
    loaded: dict[str, Any] = json.loads((resources.files("driftd") / "schemas" / f"{name}.json").read_text())
    return loaded


def _closed(node: Json) -> Json:
    """Return a schema in which an object with named members takes no others: what is printed has to be published."""
    if isinstance(node, dict):
        made = {word: _closed(below) for word, below in node.items()}
        if "properties" in node and node.get("type") in ("object", ["object", "null"]):
            made.setdefault("additionalProperties", False)
        return made
    return [_closed(below) for below in node] if isinstance(node, list) else node


@cache
def _validator(name: str) -> Any:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(_closed(schema(name)), format_checker=checker)


def assert_shape(name: str, value: Json) -> None:
    """Fail with every place where a value is not of the published shape, or says what is not published."""
    wrong = [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(value)]
    assert not wrong, f"not the shape of {name}:\n" + "\n".join(wrong)
