"""sshd_config: one directive per line; names ignore case; repeats are kept in file order. See sshd_config(5)."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from driftd.formats.arguments import join_arguments, split_arguments
from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import lines, significant
from driftd.model.document import Document, Node

NAME = "sshd"
VERSION = 2
PATTERNS = (
    "*/ssh/sshd_config",
    "sshd_config",
    "sshd_config.*",
    "*/ssh/sshd_config.d/*",
)

REPEATABLE = frozenset(
    {
        "acceptenv",
        "allowgroups",
        "allowusers",
        "denygroups",
        "denyusers",
        "hostcertificate",
        "hostkey",
        "include",
        "listenaddress",
        "permitlisten",
        "permitopen",
        "port",
        "setenv",
        "subsystem",
    }
)
_DIRECTIVE = re.compile(r'"?([^\s="]+)"?[ \t]*=?[ \t]*(.*)', re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read directives; a line without a value becomes a problem and the rest is still read."""
    return parse_ssh(data, DocumentBuilder(path, NAME), REPEATABLE, frozenset({"match"}))


def parse_ssh(
    data: bytes, builder: DocumentBuilder, repeatable: AbstractSet[str], blocks: AbstractSet[str]
) -> Document:
    """Read the syntax that sshd and ssh share; a directive of `blocks` holds all that follow, up to the next."""
    current: Node | None = None
    runs: list[str] = []
    for line in significant(lines(data)):
        match = _DIRECTIVE.fullmatch(line.text)
        arguments = split_arguments(match[2], comment="#") if match else None
        if match is None or arguments is None:
            builder.unread(line.text, line.number, "quotes are not balanced", at=current)
            continue
        name = match[1].lower()
        if not arguments:
            builder.unread(line.text, line.number, f"directive {match[1]!r} has no value", at=current)
            continue
        if name in blocks:
            current = builder.block(name, join_arguments(arguments), line.number)
            runs.extend([] if runs[-1:] == [name] else [name])
            continue
        builder.add(name, join_arguments(arguments), line.number, at=current, repeatable=name in repeatable)
        if name == "include":
            for argument in arguments:
                builder.include(argument)
    if runs != sorted(set(runs)):
        builder.add("@order", " ".join(runs), 1)  # the first block that matches wins, whatever its kind
    return builder.done()
