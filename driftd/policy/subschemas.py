"""The parts of a JSON Schema: which apply to the same value, and which words there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from driftd.model.document import Json

Schema = dict[str, Json]

NUMERIC: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
LISTS: Final = frozenset(
    {"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains"}
    | {"unevaluatedItems"}
)
SEVERAL: Final = ("allOf", "anyOf", "oneOf")
ONE: Final = ("not", "if", "then", "else")
INNER: Final = (
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
INNER_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "$defs")
ANNOTATIONS: Final = frozenset(
    {"title", "description", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly", "$schema"}
)
KNOWN: Final = (
    NUMERIC
    | LISTS
    | ANNOTATIONS
    | {*SEVERAL, *ONE, *INNER, *INNER_NAMED}
    | {"type", "const", "enum", "pattern", "minLength", "maxLength", "format", "$ref"}
    | {"required", "minProperties", "maxProperties", "dependentRequired"}
)


def found_at(value: Json, path: Iterable[str | int]) -> Json:
    """Return what stands at a path of a JSON value, None where nothing does."""
    for step in path:
        match value:
            case dict() if isinstance(step, str):
                value = value.get(step)
            case list() if isinstance(step, int) and step < len(value):
                value = value[step]
            case _:
                return None
    return value


def applied(schema: Json, root: Json = None) -> Iterator[Schema]:
    """Yield a schema and every part of it that judges the same value: `allOf`, `not`, `$ref` and so on."""
    root = schema if root is None else root
    pending = [schema]
    seen: set[int] = set()
    while pending:
        part = pending.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        pending += [part[word] for word in ONE if word in part]
        for word in SEVERAL:
            if isinstance(several := part.get(word), list):
                pending += several
        if isinstance(reference := part.get("$ref"), str):
            pending.append(referred(root, reference))


def referred(root: Json, reference: str) -> Json:
    """Return what `#/$defs/name` names inside a schema, None where it names nothing."""
    if not reference.startswith("#"):
        return None
    part = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        part = part.get(name) if isinstance(part, dict) else None
    return part


def parts(schema: Json, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Yield every subschema, whatever it applies to, with its place in the schema."""
    pending: list[tuple[tuple[str | int, ...], Json]] = [(at, schema)]
    while pending:
        place, part = pending.pop()
        yield place, part
        if not isinstance(part, dict):
            continue
        pending += [((*place, word), part[word]) for word in (*ONE, *INNER) if word in part]
        for word in (*SEVERAL, "prefixItems"):
            if isinstance(several := part.get(word), list):
                pending += [((*place, word, index), member) for index, member in enumerate(several)]
        for word in INNER_NAMED:
            if isinstance(named := part.get(word), dict):
                pending += [((*place, word, name), member) for name, member in named.items()]


def rewritten(schema: Json, change: Callable[[Schema], Schema]) -> Json:
    """Return a copy of a schema in which every subschema went through `change`, the inner ones first."""
    if not isinstance(schema, dict):
        return schema
    copy = dict(schema)
    for word in (*ONE, *INNER):
        if word in copy:
            copy[word] = rewritten(copy[word], change)
    for word in (*SEVERAL, "prefixItems"):
        if isinstance(several := copy.get(word), list):
            copy[word] = [rewritten(member, change) for member in several]
    for word in INNER_NAMED:
        if isinstance(named := copy.get(word), dict):
            copy[word] = {name: rewritten(member, change) for name, member in named.items()}
    return change(copy)
