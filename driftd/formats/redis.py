"""redis.conf: a directive and its arguments on each line; names ignore case. See redis.conf and sentinel.conf."""

from __future__ import annotations

from driftd.formats.parts.arguments import join_arguments, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document

NAME = "redis"
VERSION = 3
PATTERNS = (
    "/etc/redis.conf",
    "/etc/redis-sentinel.conf",
    "*/redis/*.conf",
    "*/valkey/*.conf",
)
HINTS = ("redis*.conf", "sentinel*.conf", "valkey*.conf")

REPEATABLE = frozenset(
    {
        "client-output-buffer-limit",
        "include",
        "loadmodule",
        "rename-command",
        "save",
        "sentinel",
        "user",
    }
)

_TYPICAL = frozenset(
    {
        "appendonly",
        "bind",
        "daemonize",
        "databases",
        "dbfilename",
        "dir",
        "loglevel",
        "maxmemory",
        "port",
        "protected-mode",
        "replicaof",
        "requirepass",
        "save",
        "sentinel",
        "timeout",
    }
)
_ORDERS = by_name([("include", "*")])
"""The last value wins, so the place of an include among other settings (`*`) counts."""


def parse(data: bytes, path: str) -> Document:
    """Read directives; arguments are joined by one space."""
    builder = DocumentBuilder(path, NAME)
    order = Order(_ORDERS)
    for line in significant(lines(data)):
        arguments = split_arguments(line.text)
        if arguments is None:
            builder.unread(line.text, line.number, "quotes are not balanced")
            continue
        name = arguments[0].lower()
        value = join_arguments(arguments[1:])
        builder.add(name, value, line.number, repeatable=name in REPEATABLE)
        order.note("include" if name == "include" else "*")
        if name == "include":
            builder.include(value)
    order.tell(builder, builder.root, 1)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether some line starts with a directive that is typical of Redis, and none looks like another syntax."""
    typical = False
    for line in significant(lines(data)):
        name, *arguments = line.text.split(None, 2)
        if line.text[-1] in "{};" or not arguments or arguments[0].startswith("="):
            return False
        typical = typical or name.lower() in _TYPICAL
    return typical
