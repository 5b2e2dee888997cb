"""The JSONPath engine as driftd runs it: bounded depth, and regular expressions in linear time. Import it late."""

from __future__ import annotations

from functools import cache, lru_cache

import jsonschema_rs
from iregexp_check import check
from jsonpath_rfc9535 import JSONPathEnvironment
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction

MAX_DEPTH = 400
"""Deeper than any parser lets a document be, so that no document escapes a query by its depth."""


class _Expression(FilterFunction):
    """`match` and `search`, whose library versions backtrack and so could be made to run for ever by a value."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 - the library's own spelling
    return_type = ExpressionType.LOGICAL

    def __init__(self, template: str) -> None:
        self._template = template

    def __call__(self, text: object, pattern: object) -> bool:
        """Whether a text matches; anything else than two texts, and a pattern that is none, does not (RFC 9535)."""
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        expression = _expression(self._template, pattern)
        return expression is not None and expression.is_valid(text.encode("utf-8", "replace").decode())


class _Environment(JSONPathEnvironment):
    max_recursion_depth = MAX_DEPTH

    def setup_function_extensions(self) -> None:
        """Add the standard functions, two of them our own."""
        super().setup_function_extensions()
        self.function_extensions["match"] = _Expression("^(?:{})$")
        self.function_extensions["search"] = _Expression("{}")


@cache
def environment() -> JSONPathEnvironment:
    """Return the one engine; it is stateless between queries."""
    return _Environment()


@lru_cache(maxsize=256)
def _expression(template: str, pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    """Return an I-Regexp (RFC 9485) as an engine of linear time, None where it is none."""
    if not check(pattern):
        return None
    schema = {"pattern": template.format(_any_but_newlines(pattern))}
    try:
        return jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions())
    except (jsonschema_rs.ValidationError, ValueError):
        return None


def _any_but_newlines(pattern: str) -> str:
    """Spell `.` as RFC 9485 means it: no carriage return either."""
    out: list[str] = []
    escaped = within_class = False
    for char in pattern:
        if char == "." and not escaped and not within_class:
            out.append(r"[^\n\r]")
        else:
            out.append(char)
        if char in "[]" and not escaped:
            within_class = char == "["
        escaped = not escaped and char == "\\"
    return "".join(out)
