"""The family of sections in braces with one setting a line: lvm.conf, corosync.conf and their like.

A section is an object under its name; one that comes again is a list of objects.
"""

from __future__ import annotations

from dataclasses import dataclass

from driftd.formats.parts.arguments import single_spaces
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document, Node, ParseError


@dataclass(frozen=True)
class Braces:
    """What a format of the family declares."""

    format: str
    separator: str
    """What stands between a name and its value."""
    multiple: frozenset[str] = frozenset()
    """Sections that are a list even when they come once."""


def parse_braces(data: bytes, path: str, syntax: Braces) -> Document:
    """Read sections; ParseError where braces do not match. An array may take several lines."""
    builder = DocumentBuilder(path, syntax.format)
    opened: list[Node] = []
    array: tuple[str, int, list[str]] | None = None
    for line in significant(lines(data)):
        text = single_spaces(line.text, comment="#")
        at = opened[-1] if opened else None
        if array is not None:
            array[2].append(text)
        elif text.endswith("{"):
            name, _, argument = text[:-1].strip().partition(" ")
            single = name not in syntax.multiple
            opened.append(builder.block(name, argument or None, line.number, at=at, single=single))
            continue
        elif text == "}":
            if not opened:
                raise ParseError("unexpected `}`", line.number)
            opened.pop()
            continue
        else:
            name, separator, value = text.partition(syntax.separator)
            if not separator:
                raise ParseError(f"not of the form name {syntax.separator} value", line.number)
            array = (name.strip(), line.number, [value.strip()])
        if not array[2][0].startswith("[") or text.endswith("]"):
            builder.add(array[0], _array(" ".join(array[2])), array[1], at=at)
            array = None
    if array is not None:
        raise ParseError("an array is not closed", array[1])
    if opened:
        raise ParseError("a section is not closed", opened[-1].line)
    return builder.done()


def _array(value: str) -> str:
    """A value; an array is spelled without the white space inside its brackets."""
    return f"[{value[1:-1].strip()}]" if value.startswith("[") and value.endswith("]") else value
