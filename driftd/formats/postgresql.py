"""postgresql.conf: `name = value`; names ignore case. See PostgreSQL's documentation, "Setting Parameters"."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, ParseError

NAME = "postgresql"
VERSION = 3
PATTERNS = (
    "postgresql.conf",
    "postgresql*.conf",
    "*/postgresql/**/pg_ctl.conf",
    "*/postgresql/**/conf.d/*.conf",
    "*/postgresql/*/*/environment",
    "*/postgresql-common/createcluster.conf",
    "*/postgresql-common/pg_upgradecluster.conf",
    "*/pgsql/**/recovery.conf",
    "recovery.conf",
)

INCLUDES = frozenset({"include", "include_dir", "include_if_exists"})
_SETTING = re.compile(
    r"""
    (?P<name>[A-Za-z_][A-Za-z0-9_$.]*+) (?:\s*+=\s*+|\s++)
    (?: '(?P<quoted>(?:[^'\\]++|''|\\.)*+)' | (?P<plain>[^\s'\#]++) )
    \s*+ (?P<rest>[^\#]*+) (?:\#.*+)?
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"''|\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ORDERS = by_name([("*", "include")])
"""The last value wins, so the place of an include among other settings (`*`) counts."""


def parse(data: bytes, path: str) -> Document:
    """Read settings; a line that is none becomes a problem, ParseError where all are."""
    builder = DocumentBuilder(path, NAME)
    order = Order(_ORDERS)
    wrong: int | None = None
    right = 0
    for line in significant(lines(data)):
        match = _SETTING.fullmatch(line.text)
        if match is None:
            wrong = wrong or line.number
            builder.unread(line.text, line.number, "not of the form name = value")
            continue
        right += 1
        name, rest = match["name"].lower(), match["rest"].rstrip()
        value = match["plain"] if match["quoted"] is None else _ESCAPE.sub(_character, match["quoted"])
        if rest:
            builder.problem(line.number, f"more than one value for {name!r}")
            value = f"{value} {rest}"
        builder.add(name, value, line.number, repeatable=name in INCLUDES)
        order.note("include" if name in INCLUDES else "*")
        if name in INCLUDES:
            builder.include(value)
    order.tell(builder, builder.root, 1)
    if wrong is not None and not right:
        raise ParseError("no line is of the form name = value", wrong)
    return builder.done()


def _character(match: re.Match[str]) -> str:
    escaped = match[1]
    if escaped is None:
        return "'"
    if escaped[0] in "01234567":
        return chr(int(escaped, 8) & 0xFF)
    return _ESCAPED.get(escaped, escaped)
