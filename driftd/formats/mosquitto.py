"""mosquitto.conf: settings, those of a listener or a bridge in its own object. See mosquitto.conf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "mosquitto"
VERSION = 1
PATTERNS = ("mosquitto.conf", "*/mosquitto/*.conf", "*/mosquitto/conf.d/*.conf")

_SYNTAX = Directives(
    format=NAME,
    repeatable=frozenset(
        {"address", "addresses", "include_dir", "log_dest", "log_type", "plugin", "auth_plugin", "topic"}
    ),
    includes=frozenset({"include_dir"}),
    sections=frozenset({"connection", "listener"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read settings; a `listener` or `connection` is an object in a list with its arguments in `@`."""
    return parse_directives(data, path, _SYNTAX)
