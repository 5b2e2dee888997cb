"""TOML 1.1: values by the standard library, lines by an index of our own; dates and non-finite numbers are text."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

from driftd.formats.parts.lines import decode_strictly
from driftd.model.document import Document, Node, ParseError, Problem, Steps

if TYPE_CHECKING:
    from driftd.formats.toml.line_index import Place

NAME = "toml"
VERSION = 2
PATTERNS = (
    "*.toml",
    "Pipfile",
    "*/containers/*.conf",
    "*/containers/**/*.conf",
    "*/influxdb/influxdb.conf",
    "*/telegraf/*.conf",
    "*/telegraf/**/*.conf",
    "*/crio/**/*.conf",
    "Cargo.lock",
    "poetry.lock",
)

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")


def parse(data: bytes, path: str) -> Document:
    """Read tables and values; ParseError names the line of what is not TOML."""
    import tomllib

    from driftd.formats.toml.line_index import index_lines  # late: few hosts have such files
    from driftd.formats.toml.older import as_toml_1_0

    text = decode_strictly(data).replace("\r\n", "\n")
    places = index_lines(text)
    problems: list[Problem] = []
    older = as_toml_1_0(text)
    try:
        tree = tomllib.loads(older)
    except ValueError as error:
        raise _translated(str(error), older) from error
    if older != text:
        lines = zip(text.split("\n"), older.split("\n"), strict=False)
        line = next(number for number, (ours, theirs) in enumerate(lines, 1) if ours != theirs)
        problems.append(Problem(line, "written in TOML 1.1, which not all programs read"))
    return Document(path, NAME, _node(tree, (), places, 1), problems=problems)


def _translated(message: str, text: str) -> ParseError:
    """The library's message, with its line taken out of the text."""
    match = _AT_LINE.search(message)
    line = int(match[1]) if match and match[1] else text.count("\n") + 1 if match else None
    return ParseError(_AT_LINE.sub("", message), line)


def _node(value: object, steps: Steps, places: dict[Steps, Place], line: int) -> Node:
    place = places.get(steps)
    line = place.line if place else line
    match value:
        case dict():
            return Node({name: _node(child, (*steps, name), places, line) for name, child in value.items()}, line)
        case list():
            return Node([_node(child, (*steps, at), places, line) for at, child in enumerate(value)], line)
        case str():
            return Node(value, line)
        case bool():
            return Node(value, line)
        case int():
            spelled = str(value)
        case float() if math.isfinite(value):
            spelled = repr(value)
        case dt.date() | dt.time():
            value = spelled = value.isoformat().replace("+00:00", "Z")
        case _:
            value = spelled = str(value)  # nan, inf
    assert isinstance(value, str | int | float)
    raw = place.raw if place else None
    return Node(value, line, raw=raw if raw != spelled else None)
