"""munin.conf, munin-node.conf, plugin-conf.d: settings `name value` in sections. See munin.conf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import DirectiveReader, Directives
from driftd.formats.parts.lines import Line
from driftd.model.document import Document, Node

NAME = "munin"
VERSION = 1
PATTERNS = ("munin.conf", "munin-node.conf", "*/munin/*.conf", "*/munin/*conf.d/*", "*/munin/plugin-conf.d/*")

_SYNTAX = Directives(
    format=NAME,
    repeatable=frozenset({"allow", "cidr_allow", "cidr_deny", "deny", "ignore_file", "includedir"}),
    includes=frozenset({"includedir"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read settings; a section that comes again is the same one."""
    reader = DirectiveReader(data, path, _SYNTAX)
    section: Node | None = None
    for line in reader.lines():
        text = line.text
        if text.startswith("[") and text.endswith("]"):
            section = reader.builder.section(text[1:-1].strip(), line.number)
            continue
        setting = reader.setting(Line(line.number, text))
        if setting is not None:
            reader.add(setting, section)
    return reader.builder.done()
