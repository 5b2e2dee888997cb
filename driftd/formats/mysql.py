"""my.cnf of MySQL and MariaDB: options in groups; `-` and `_` in names are one. See "Using Option Files"."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

NAME = "mysql"
VERSION = 3
PATTERNS = (
    "my.cnf",
    ".my.cnf",
    "mysqld.cnf",
    "*/my.cnf.d/*.cnf",
    "*/mysql/*.cnf",
    "*/mysql/**/*.cnf",
    "*/mariadb/*.cnf",
    "*/mariadb/**/*.cnf",
    "*/mysql.conf.d/*.cnf",
    "*/mariadb.conf.d/*.cnf",
    "my.ini",
)
HINTS = ("*.cnf",)

# Options that add to what was said before.
REPEATABLE = frozenset(
    {
        *("binlog_do_db", "binlog_ignore_db", "plugin_load_add", "replicate_do_db", "replicate_do_table"),
        *("replicate_ignore_db", "replicate_ignore_table", "replicate_rewrite_db", "replicate_wild_do_table"),
        "replicate_wild_ignore_table",
    }
)
_ORDERS = by_name([("*", "!include")])
"""The last option wins, so the place of an include among groups (`*`) counts."""
_GROUP = re.compile(r"\[([^\]]*+)\]\s*+(?:[#;].*+)?")
_INCLUDE = re.compile(r"!(include|includedir)\s++(.+)")
_VALUE = re.compile(
    r"""(?P<value>(?:[^"'\\\#]++|\\.|\\\Z|"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|["'])*+)""", re.DOTALL
)
_ESCAPE = re.compile(r"\\([btnr\\s\"'])")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " "}
_SERVER_GROUP = re.compile(
    rb"^[ \t]*+\[(?:client|client-server|galera|mariadb\w*|mysql|mysqld|mysqld_safe|mysqldump|server)(?:-[\w.]+)?\]",
    re.MULTILINE,
)


def parse(data: bytes, path: str) -> Document:
    """Read groups; an option without value is null; ParseError where there are options and not one group."""
    builder = DocumentBuilder(path, NAME)
    group: Node | None = None
    order = Order(_ORDERS)
    outside: int | None = None
    for line in significant(lines(data), ("#", ";")):
        if line.text.startswith("!"):
            order.note("!include")
            _include(builder, line.text, line.number)
        elif (opened := _GROUP.fullmatch(line.text)) is not None:
            order.note("*")
            group = builder.section(opened[1].strip(), line.number)
        else:
            if group is None:
                outside = outside or line.number
                builder.problem(line.number, "an option outside of a group")
            _option(builder, line.text, line.number, group)
    if outside is not None and group is None:
        raise ParseError("an option outside of a group", outside)
    order.tell(builder, builder.root, 1)
    return builder.done()


def _include(builder: DocumentBuilder, text: str, number: int) -> None:
    match = _INCLUDE.fullmatch(text)
    if match is None:
        builder.unread(text, number, "neither !include nor !includedir")
        return
    builder.add(f"!{match[1]}", match[2], number, repeatable=True)
    builder.include(match[2])


def _option(builder: DocumentBuilder, text: str, number: int, group: Node | None) -> None:
    match = _VALUE.match(text)
    assert match is not None
    written, equals, value = match["value"].partition("=")
    name = written.strip().replace("-", "_")
    if not name:
        builder.unread(text, number, "a value without a name", at=group)
        return
    builder.add(name, _resolved(value.strip()) if equals else None, number, at=group, repeatable=name in REPEATABLE)


def _resolved(value: str) -> str:
    """A value without the quotes around it, its escapes resolved."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), value)


def sniff(data: bytes) -> bool:
    """Whether the file has a group of the server or its clients."""
    return _SERVER_GROUP.search(data) is not None
