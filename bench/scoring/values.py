"""Values of JSON, and what driftd's parser makes of bytes, for the suites."""

from __future__ import annotations

from typing import Any

from driftd.formats.registry import by_name
from driftd.model.document import Document, ParseError


def parsed(format: str, data: bytes, path: str = "/x") -> Document | None:
    """Return the document, None where the parser refuses; any other exception is a crash and ends the run."""
    try:
        return by_name(format).parse(data, path)
    except ParseError:
        return None


def same(one: Any, other: Any) -> bool:
    """Equal as JSON data: true is not 1; 1 and 1.0 are one number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and bool(one == other)


def understood(document: Document) -> Any:
    """Settings without the lines that were not understood: a suite says only that they are wrong."""
    wrong = {problem.line for problem in document.problems}
    members = document.root.value
    assert isinstance(members, dict)
    return {name: node.to_json() for name, node in members.items() if node.value is not None or node.line not in wrong}


def last(settings: Any) -> Any:
    """Settings in which the last of repeated names counts, as in the libraries of formats that know no lists."""
    return {name: value[-1] if isinstance(value, list) else value for name, value in settings.items()}
