"""Values of untyped documents: the number or boolean that a text spells, where a rule asks for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from driftd.model.document import Json
from driftd.policy.subschemas import NUMERIC, Schema, applied, rewritten

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,40})(?P<fraction>\.[0-9]{1,40})?(?P<exponent>[eE][+-]?[0-9]{1,3})?\Z")
BOOLEANS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def readings(value: Json, schema: Json, root: Json = None) -> list[Json]:
    """Return what a value of an untyped document may be taken for, the most likely first; one of them must satisfy.

    A text stays a text where the schema asks for nothing else, and never serves as an excuse where it spells a number
    that a `not` or an `if` is about.
    """
    root = schema if root is None else root
    if isinstance(value, str):
        return _readings_of_text(value, schema, root)
    return [_inner(value, schema, root)]


def _readings_of_text(text: str, schema: Json, root: Json) -> list[Json]:
    asked = {kind for part in applied(schema, root) for kind in _kinds(part)}
    found: list[Json] = []
    if "number" in asked and (number := spelled_number(text)) is not None:
        found.append(number)
    if "boolean" in asked and text.lower() in BOOLEANS:
        found.append(BOOLEANS[text.lower()])
    if not found or not any("not" in part or "if" in part for part in applied(schema, root)):
        found.append(text)
    return found


def _kinds(part: Schema) -> Iterator[str]:
    """Yield `number` and `boolean` where a part of a schema asks for one."""
    types = part.get("type")
    values = part.get("enum")
    for kind in types if isinstance(types, list) else [types]:
        if kind in {"number", "integer"}:
            yield "number"
        if kind == "boolean":
            yield "boolean"
    if NUMERIC & part.keys():
        yield "number"
    for value in [*(values if isinstance(values, list) else ()), part.get("const")]:
        if isinstance(value, bool):
            yield "boolean"
        elif isinstance(value, int | float):
            yield "number"


def spelled_number(text: str) -> int | float | None:
    """Return the number that a text spells as JSON would; `0022` and `5m` spell none."""
    match = _NUMBER.match(text)
    if match is None:
        return None
    return float(text) if match["fraction"] or match["exponent"] else int(text)


def _inner(value: Json, schema: Json, root: Json) -> Json:
    """Return a list or mapping with the most likely reading of every text inside it."""
    if isinstance(value, list):
        return [readings(member, _member_schema(schema, root, index), root)[0] for index, member in enumerate(value)]
    if isinstance(value, dict):
        return {name: readings(member, _member_schema(schema, root, name), root)[0] for name, member in value.items()}
    return value


def _member_schema(schema: Json, root: Json, step: str | int) -> Json:
    """Return what a schema says of one member of a list or mapping."""
    found: list[Json] = []
    for part in applied(schema, root):
        if isinstance(step, int):
            first = part.get("prefixItems")
            inside = isinstance(first, list) and step < len(first)
            found += [first[step] if isinstance(first, list) and inside else part.get("items"), part.get("contains")]
        else:
            named = part.get("properties")
            inside = isinstance(named, dict) and step in named
            found.append(named[step] if isinstance(named, dict) and inside else part.get("additionalProperties"))
    asked = [member for member in found if isinstance(member, dict)]
    return {"allOf": list(asked)} if asked else True


def demanding(schema: Json) -> Json:
    """Return the schema for an untyped document: what asks for a number is not satisfied by a text that is none."""
    return rewritten(schema, _with_type)


def _with_type(part: Schema) -> Schema:
    negated = part.get("not")
    if NUMERIC & part.keys() or (isinstance(negated, dict) and NUMERIC & negated.keys()):
        return {"type": "number"} | part
    return part
