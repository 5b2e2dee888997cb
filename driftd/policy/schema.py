"""JSON Schema as rules use it: compiled once, in linear time, and never reaching out of the rule."""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from driftd.model.document import Json
from driftd.model.keys import render_key
from driftd.policy.subschemas import KNOWN, found_at, parts, referred

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

_MAX_EXPRESSION_BYTES = 2 * 1024 * 1024


def validator(schema: Json, *, formats: bool = False) -> Draft202012Validator:
    """Return a compiled schema; ValueError says what is wrong with it. `formats`: `format` is asserted."""
    return _compiled(json.dumps(schema, sort_keys=True), formats)


@lru_cache(maxsize=1024)
def _compiled(text: str, formats: bool) -> Draft202012Validator:  # noqa: FBT001 - the key of a cache
    import jsonschema_rs  # late: 8 MiB that a host without rules need not spend

    schema = json.loads(text)
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,
            validate_formats=formats,
            # The standard engine has no look-around and no back-references, and therefore no value that makes it slow.
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_MAX_EXPRESSION_BYTES),
            offline=True,
            mask="the value",
        )
    except jsonschema_rs.ValidationError as error:
        raise ValueError(_broken(schema, error)) from error
    except jsonschema_rs.ReferencingError as error:
        raise ValueError(str(error)) from error


def _broken(schema: Json, error: Exception) -> str:
    """Return what is wrong with a schema: where, what stands there, what may stand there."""
    path = list(getattr(error, "instance_path", ()))
    word = str(path[-1]) if path else ""
    place = f"at {render_key(tuple(path))}: " if path else ""
    found = found_at(schema, path)
    if word == "pattern" or "regex" in str(error):
        return (
            f"{place}{json.dumps(found)} is no regular expression that runs in linear time "
            "(look-around and back-references are not possible)"
        )
    if word == "type":
        known = "string, integer, number, boolean, null, array, object"
        return f"{place}unknown type {json.dumps(found)}: one of {known}"
    return f"{place}{getattr(error, 'message', error)}".replace("the value", json.dumps(found))


def schema_problems(schema: Json, *, formats: bool = False) -> list[str]:
    """Return everything that is wrong with a rule's schema: what would be broken, and what would silently do nothing."""
    problems = []
    for place, part in parts(schema):
        if not isinstance(part, dict):
            continue
        where = f"at {render_key(place)}: " if place else ""
        problems += [f"{where}{_unknown(word)}" for word in part if word not in KNOWN]
        if "format" in part and not formats:
            problems.append(f"{where}`format` is not checked; say it with `pattern`")
        reference = part.get("$ref")
        if isinstance(reference, str) and (not reference.startswith("#") or referred(schema, reference) is None):
            problems.append(f"{where}$ref {reference!r} names nothing inside this rule")
    if problems:
        return problems
    try:
        validator(schema, formats=formats)
    except ValueError as error:
        return [str(error)]
    return []


def _unknown(word: str) -> str:
    transposed = [known for known in sorted(KNOWN) if sorted(known) == sorted(word)]
    near = transposed or difflib.get_close_matches(word, sorted(KNOWN), n=1)
    return f"unknown keyword {word!r}" + (f" (did you mean {near[0]!r}?)" if near else "")
