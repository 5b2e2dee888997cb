"""XML: elements by expat, which reads no other file and is given no entities.

An attribute is the member `@name`, text is `#text`; an element with nothing but text is that text; children that
repeat are a list.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftd.formats.builder import Bounds
from driftd.model.document import Document, Node, ParseError, Problem

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

NAME = "xml"
VERSION = 1
PATTERNS = (
    "*.xml",
    "*.xconf",
    "*.xsl",
    "*.xsd",
    "*.wsdl",
    "*/dbus-1/**/*.conf",
    "*/fonts/fonts.conf",
    "*/fonts/**/*.conf",
    "*/fontconfig/**/*.conf",
    "*/avahi/services/*.service",
)

_INDENT = re.compile(r"(?<![ \t])[ \t]*+\n\s*+")
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?\s*+<(?:\?xml\s|!DOCTYPE\s++(?!html\b)\w)", re.IGNORECASE)


@dataclass(slots=True)
class _Element:
    """An element that is being read."""

    line: int
    members: dict[str, Node] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


def parse(data: bytes, path: str) -> Document:
    """Read elements; white space around text does not count. ParseError where it is not well-formed, or defines entities."""
    return _Reader(data, path).read()


class _Reader:
    """Reads one file; elements that are open form a stack, below them the document."""

    def __init__(self, data: bytes, path: str) -> None:
        self._data = data
        self._ends = [match.start() for match in re.finditer(rb"\n", data)]
        self._bounds = Bounds()
        self._open = [_Element(1)]
        self._document = Document(path, NAME, Node(self._open[0].members, 1), untyped=True)
        self._parser = self._made()

    def read(self) -> Document:
        """Return the document."""
        from xml.parsers import expat

        try:
            self._parser.Parse(self._data, True)  # noqa: FBT003 - expat takes it by position
        except expat.ExpatError as error:
            message = expat.ErrorString(error.code) or "not well-formed"
            raise ParseError(message, self._line(self._parser.ErrorByteIndex)) from error
        except (LookupError, ValueError) as error:
            raise ParseError(f"unknown encoding ({error})", 1) from error
        return self._document

    def _made(self) -> XMLParserType:
        """A parser that tells this reader what it meets."""
        from xml.parsers import expat

        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        return parser

    def _line(self, offset: int) -> int:
        return bisect_left(self._ends, max(offset, 0)) + 1

    def _start(self, name: str, attributes: list[str]) -> None:
        line = self._line(self._parser.CurrentByteIndex)
        self._bounds.count(len(self._open), line)
        element = _Element(line)
        for at in range(0, len(attributes), 2):
            self._bounds.count(len(self._open) + 1, line)
            element.members[f"@{attributes[at]}"] = Node(attributes[at + 1], line)
        self._open[-1].text.append("\n")  # texts before and after a child are told apart, however it is indented
        self._open.append(element)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        text = _INDENT.sub("\n", "".join(element.text).strip())
        if not element.members:
            node = Node(text, element.line)
        else:
            node = Node(element.members, element.line)
            if text:
                self._bounds.count(len(self._open) + 1, element.line)
                element.members["#text"] = Node(text, element.line)
        _insert(self._open[-1].members, name, node)

    def _characters(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _entity(self, name: str, *_: object) -> None:
        raise ParseError(f"entities are refused: {name!r} is defined", self._line(self._parser.CurrentByteIndex))

    def _skipped(self, name: str, is_parameter: int) -> None:
        if is_parameter:
            return
        line = self._line(self._parser.CurrentByteIndex)
        self._open[-1].text.append(f"&{name};")
        self._document.problems.append(Problem(line, f"entity {name!r} is not known"))


def _insert(members: dict[str, Node], name: str, node: Node) -> None:
    """Put a child under its name; a second one makes both members of a list."""
    existing = members.get(name)
    if existing is None:
        members[name] = node
    elif existing.repeated and isinstance(existing.value, list):
        existing.value.append(node)
    else:
        members[name] = Node([existing, node], existing.line, repeated=True)


def sniff(data: bytes) -> bool:
    """Whether the file starts as XML does."""
    return _OPENING.match(data) is not None
