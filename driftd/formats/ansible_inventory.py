"""Inventory of Ansible in INI: groups of hosts with their variables. See "How to build your inventory" (2.14)."""

from __future__ import annotations

import re

from driftd.formats.parts.arguments import split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines, significant
from driftd.model.document import Document, Node

NAME = "ansible_inventory"
VERSION = 2
PATTERNS = ("*/ansible/hosts", "inventory.ini", "hosts.ini", "*/inventory/*.ini", "*/inventories/**/*.ini")
HINTS = ("inventory", "hosts", "*/inventory/*", "*/inventories/**/*", "*.inventory")

_GROUP = re.compile(r"\[(?P<name>[^\]:]++)(?::(?P<kind>vars|children))?\]\s*+(?:[#;].*+)?")
_COMMENTS = ("#", ";")
_TYPICAL = re.compile(
    rb"^[ \t]*+\[[^\]\n]+:(?:vars|children)\]|\bansible_(?:host|user|port|connection|become|ssh_\w+)=", re.MULTILINE
)


def parse(data: bytes, path: str) -> Document:
    """Read groups, each an object of its hosts, each an object of its variables: `$.web['a.example'].ansible_port`.

    `[web:vars]` and `[web:children]` are sections of their own; hosts before the first group stand at the root.
    """
    builder = DocumentBuilder(path, NAME)
    group: Node | None = None
    kind: str | None = None
    for line in significant(lines(data), _COMMENTS):
        opened = _GROUP.fullmatch(line.text)
        if opened is not None:
            kind = opened["kind"]
            name = opened["name"].strip() + (f":{kind}" if kind else "")
            group = builder.section(name, line.number)
        elif line.text.startswith("["):
            builder.unread(line.text, line.number, "not the name of a group", at=group)
        elif kind == "vars":
            _variable(builder, line, group)
        else:
            _host(builder, line, group)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether a group has variables or members, or a host a variable of Ansible's own."""
    return _TYPICAL.search(data) is not None


def _variable(builder: DocumentBuilder, line: Line, group: Node | None) -> None:
    name, equals, value = line.text.partition("=")
    if not name.strip():
        builder.unread(line.text, line.number, "a value without a name", at=group)
        return
    builder.add(name.rstrip(), _literal(value.strip()) if equals else None, line.number, at=group)


def _literal(value: str) -> str:
    """A value without the quotes around it, as Python reads one."""
    enclosed = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" and value[0] not in value[1:-1]
    return value[1:-1] if enclosed and "\\" not in value else value


def _host(builder: DocumentBuilder, line: Line, group: Node | None) -> None:
    words = split_arguments(line.text, comment="#")
    if words is None:
        builder.problem(line.number, "a quote is not closed")
        words = line.text.split()
    host = builder.section(words[0], line.number, at=group)
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not name:
            builder.unread(word, line.number, "a value without a name", at=host)
            continue
        builder.add(name, value if equals else None, line.number, at=host)
