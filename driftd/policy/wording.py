"""What a rule requires, and what a value is instead, in words an operator understands."""

from __future__ import annotations

import json
from typing import Final

from driftd.model.document import Json
from driftd.model.secret import without_tokens
from driftd.policy.subschemas import SEVERAL

MAX_SHOWN: Final = 160
_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty (null)",
    "array": "a list",
    "object": "a mapping",
}
_SIMPLE: Final = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be more than {}",
    "exclusiveMaximum": "be less than {}",
    "multipleOf": "be a multiple of {}",
    "pattern": "match the expression {}",
    "format": "be written as {}",
    "minLength": "have at least {} characters",
    "maxLength": "have at most {} characters",
    "minItems": "have at least {} members",
    "maxItems": "have at most {} members",
    "minProperties": "have at least {} members",
    "maxProperties": "have at most {} members",
}


def shown(value: Json) -> str:
    """Return a value for a sentence: quoted, cut where it is long, and never with a secret or a control character."""
    text = without_tokens(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    if len(text) > MAX_SHOWN:
        text = text[:MAX_SHOWN] + "..."
    escaped = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return f"'{escaped}'" if isinstance(value, str) else escaped


def must(schema: Json, *, untyped: bool = False) -> str:
    """Return what a schema requires, as what follows "must": its own `title`, else `be at least 5 and be even`."""
    if not isinstance(schema, dict):
        return "not be set" if schema is False else "be set"
    if title := schema.get("title"):
        return str(title)
    clauses = [clause for word, value in schema.items() if (clause := clause_of(word, value, untyped=untyped))]
    if len(clauses) > 1 and "type" in schema and {"minimum", "maximum", "enum", "const", "pattern"} & schema.keys():
        clauses.remove(clause_of("type", schema["type"]))
    return " and ".join(clauses) or "be set"


def clause_of(word: str, value: Json, *, untyped: bool = False) -> str:
    """Return what one word of a schema requires; empty for words that require nothing by themselves."""
    if word in _SIMPLE:
        return _SIMPLE[word].format(_plain(value, untyped=untyped))
    match word, value:
        case "type", str() | list():
            return "be " + " or ".join(_TYPES.get(str(name), str(name)) for name in _as_list(value))
        case "const", _:
            return "be " + _plain(value, untyped=untyped)
        case "enum", list() as options:
            named = ", ".join(_plain(option, untyped=untyped) for option in options)
            return f"be {named}" if len(options) == 1 else f"be one of {named}"
        case "not", _:
            return "not " + must(value, untyped=untyped)
        case "required", list() as names:
            return "have " + ", ".join(str(name) for name in names)
        case "uniqueItems", True:
            return "have no member twice"
        case "contains", _:
            return f"have a member that must {must(value, untyped=untyped)}"
        case (("additionalProperties" | "unevaluatedProperties"), False):
            return "have no other member"
        case "propertyNames", _:
            return f"have member names that must {must(value, untyped=untyped)}"
        case _, list() as several if word in SEVERAL:
            joint = " and " if word == "allOf" else ", or "
            return joint.join(must(member, untyped=untyped) for member in several)
    return ""


def _plain(value: Json, *, untyped: bool) -> str:
    """Return a value of a rule: words as they are, anything that could be misread in quotes."""
    if isinstance(value, bool) and untyped:
        return "yes (true, on)" if value else "no (false, off)"
    if isinstance(value, str):
        return value if value and value.isprintable() and value.strip() == value and "," not in value else shown(value)
    return shown(value)


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
