"""collectd.conf: directives and `<Section argument>` blocks. See collectd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.nested_sections import NestedSyntax, parse_nested_sections
from driftd.model.document import Document

NAME = "collectd"
VERSION = 1
PATTERNS = ("collectd.conf", "*/collectd/*.conf", "*/collectd/**/*.conf", "*/collectd.d/*.conf")

_SYNTAX = NestedSyntax(
    format=NAME,
    trailing=True,
    # Directives that are meant to come more than once.
    repeatable=frozenset(
        {
            *(
                "chain",
                "collect",
                "disk",
                "field",
                "file",
                "fstype",
                "host",
                "ignore",
                "import",
                "include",
                "interface",
            ),
            *("irq", "listen", "loadplugin", "module", "modulepath", "mountpoint", "process", "processmatch", "query"),
            *("sensor", "server", "table", "type", "typesdb", "url", "values"),
        }
    ),
    includes=frozenset({"include"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read directives and sections; a directive without arguments has an empty value."""
    return parse_nested_sections(data, path, _SYNTAX)
