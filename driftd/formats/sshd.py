"""sshd_config: one directive per line; names ignore case; repeats are kept in file order. See sshd_config(5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from driftd.formats.parts.arguments import join_arguments, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node

NAME = "sshd"
VERSION = 4
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
CRITERIA = (
    "User",
    "Group",
    "Host",
    "LocalAddress",
    "LocalPort",
    "Version",
    "RDomain",
    "Address",
    "all",
    "invalid-user",
)
_WITHOUT_VALUE = frozenset({"all", "canonical", "final", "invalid-user"})
_ORDERS = by_name([("include", "*"), ("host", "match")])
"""The first value wins, and the first block that matches, whatever its kind."""
_DIRECTIVE = re.compile(r'"?([^\s="]+)"?[ \t]*=?[ \t]*(.*)', re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read directives; a line without a value becomes a problem and the rest is still read."""
    return parse_ssh(data, DocumentBuilder(path, NAME), REPEATABLE, frozenset({"match"}), CRITERIA)


def parse_ssh(
    data: bytes,
    builder: DocumentBuilder,
    repeatable: AbstractSet[str],
    blocks: AbstractSet[str],
    criteria: tuple[str, ...],
) -> Document:
    """Read the syntax that sshd and ssh share; a directive of `blocks` holds all that follow, up to the next.

    `criteria`: those of Match, whose names ignore case, as the manual page spells them.
    """
    spelled = {name.lower(): name for name in criteria}
    current: Node | None = None
    order = Order(_ORDERS)
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
            arguments = _criteria(arguments, spelled) if name == "match" else arguments
            current = builder.block(name, join_arguments(arguments), line.number)
            order.note(name)
            continue
        builder.add(name, join_arguments(arguments), line.number, at=current, repeatable=name in repeatable)
        if current is None:
            order.note("include" if name == "include" else "*")
        if name == "include":
            for argument in arguments:
                builder.include(argument)
    order.tell(builder, builder.root, 1)
    return builder.done()


def _criteria(words: list[str], spelled: Mapping[str, str]) -> list[str]:
    """The condition of Match with the names of its criteria in one spelling; their values stay as they are."""
    out: list[str] = []
    wanting = False
    for word in words:
        name = word.removeprefix("!").lower()
        known = not wanting and name in spelled
        out.append(("!" if word.startswith("!") else "") + spelled[name] if known else word)
        wanting = known and name not in _WITHOUT_VALUE
    return out
