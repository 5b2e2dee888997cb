"""Sets of addresses as `ipset save` prints them: how each is created, and its members. See ipset(8)."""

from __future__ import annotations

import re

from driftd.formats.parts.arguments import join_arguments, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document, Node

NAME = "ipset"
VERSION = 2
PATTERNS = ("*/ipset.conf", "*/ipset/*", "*/sysconfig/ipset", "*/iptables/ipsets", "*.ipset")

_TYPICAL = re.compile(rb"(?:[ \t]*+(?:#[^\n]*+)?\n)*+(?:create|-N)[ \t]++\S++[ \t]++(?:hash|bitmap|list):\S")
_CREATE = frozenset({"create", "-N", "n", "--create"})
_ADD = frozenset({"add", "-A", "a", "--add"})


def parse(data: bytes, path: str) -> Document:
    """Read sets, each with its type, its options and the list of its members; other commands are the list `command`."""
    builder = DocumentBuilder(path, NAME)
    sets: dict[str, Node] = {}
    for line in significant(lines(data)):
        words = split_arguments(line.text)
        if words is None:
            builder.unread(line.text, line.number, "a quote is not closed")
        elif words[0] in _CREATE and len(words) > 2:
            node = sets[words[1]] = builder.block("set", words[1], line.number)
            builder.add("type", words[2], line.number, at=node)
            builder.add("options", join_arguments(words[3:]), line.number, at=node)
        elif words[0] in _ADD and len(words) > 2 and words[1] in sets:
            builder.add("elements", join_arguments(words[2:]), line.number, at=sets[words[1]], repeatable=True)
        else:
            builder.add("command", join_arguments(words), line.number, repeatable=True)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether the first line creates a set."""
    return _TYPICAL.match(data) is not None
