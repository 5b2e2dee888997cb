"""The family of unbound.conf and nsd.conf: clauses (`server:`) of attributes (`name: value`).

A clause that comes once is an object, and is the same one wherever it is opened again; others are lists of objects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from driftd.formats.parts.arguments import split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node

_ORDERS = by_name([("include", "include-toplevel", "*")])
"""The last value wins, so the place of an include among clauses and attributes (`*`) counts."""
_ATTRIBUTE = re.compile(r"(?P<name>[A-Za-z][\w-]*+)[ \t]*+:(?P<rest>.*+)", re.DOTALL)


@dataclass(frozen=True)
class Clauses:
    """What a format of the family declares."""

    format: str
    single: frozenset[str]
    """Clauses that are one object."""
    multiple: frozenset[str]
    """Clauses that may come more than once."""
    repeatable: frozenset[str]
    """Attributes that are a list even when they come once."""


def parse_clauses(data: bytes, path: str, syntax: Clauses) -> Document:
    """Read clauses; a line without a name and a colon becomes a problem."""
    builder = DocumentBuilder(path, syntax.format)
    clause: Node | None = None
    order = Order(_ORDERS)
    for line in significant(lines(data)):
        match = _ATTRIBUTE.fullmatch(line.text)
        while match is not None and match["name"] in syntax.single | syntax.multiple:
            clause = _open(builder, match["name"], line.number, syntax)
            order.note("*")
            rest = match["rest"].strip()
            if not rest or rest.startswith("#"):
                break
            match = _ATTRIBUTE.fullmatch(rest)
        else:
            _attribute(builder, match, line, clause, syntax)
            order.note_any(match["name"] if match else "")
    order.tell(builder, builder.root, 1)
    return builder.done()


def _open(builder: DocumentBuilder, name: str, number: int, syntax: Clauses) -> Node:
    return builder.section(name, number) if name in syntax.single else builder.block(name, None, number)


def _attribute(
    builder: DocumentBuilder, match: re.Match[str] | None, line: Line, clause: Node | None, syntax: Clauses
) -> None:
    if match is None:
        builder.unread(line.text, line.number, "not of the form name: value", at=clause)
        return
    name = match["name"]
    words = split_arguments(match["rest"], comment="#")
    if words is None:
        builder.problem(line.number, "quotes are not balanced")
        words = match["rest"].split()
    value = " ".join(words)
    if name in ("include", "include-toplevel"):
        builder.add(name, value, line.number, repeatable=True)
        builder.include(value)
    else:
        builder.add(name, value, line.number, at=clause, repeatable=name in syntax.repeatable)


def looks_like_clauses(data: bytes, syntax: Clauses) -> bool:
    """Whether the first line opens a clause, and all are of the form `name: value`."""
    found = False
    for line in significant(lines(data)):
        match = _ATTRIBUTE.fullmatch(line.text)
        if match is None or not (found or match["name"] in syntax.single | syntax.multiple | {"include"}):
            return False
        found = found or match["name"] != "include"
    return found
