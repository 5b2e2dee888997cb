"""The reader of XML; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from driftd.formats.parts.builder import MAX_PROBLEMS, Bounds
from driftd.formats.xml.namespaces import XMLNS, Namespaces, is_customary
from driftd.model.document import Document, Node, ParseError, Problem

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

MAX_ENTITIES = 100
_ALLOWANCE = 1 << 20
"""Characters that entities and default attributes may add to what stands in the file."""
_INDENT = re.compile(r"(?<![ \t])[ \t]*+\n\s*+")
_SUBSET = re.compile(rb"<!DOCTYPE[^\[>]*+(\[[^\]]*+\])\s*+>")
_REFERENCE = re.compile(r"&(?!#|(?:lt|gt|amp|apos|quot);)")
_NAMING = ("@name", "@id")
_IN_ORDER = (("allow", "deny"), ("clear", "remove", "add"))
"""Children of different names that override one another: their order is kept where it is not this one."""


def read(data: bytes, document: Document) -> Document:
    """Return the document with what a file says; a document type that is not well-formed is left out."""
    reader = _Reader(data, document)
    try:
        return reader.read()
    except ParseError as error:
        # Programs that read no document type do not mind one that is wrong.
        subset = _SUBSET.search(data)
        if subset is None or not subset.start(1) <= reader.broken_at < subset.end(1):
            raise
        blank = re.sub(rb"[^\n]", b" ", subset[1])
        problem = Problem(error.line, "the document type is not well-formed and is left out")
        again = replace(document, root=Node({}, 1), problems=[problem])
        return _Reader(data[: subset.start(1)] + blank + data[subset.end(1) :], again).read()


@dataclass(slots=True)
class _Element:
    """An element that is being read."""

    line: int
    name: str = ""
    namespace: str | None = ""
    spelled_with_prefix: bool = False
    verbatim: bool = False
    """White space counts in it: `xml:space="preserve"`."""
    members: dict[str, Node] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """The names of its children that override one another, without direct repetitions."""


class _Reader:
    """Reads one file; elements that are open form a stack, below them the document."""

    def __init__(self, data: bytes, document: Document) -> None:
        self._data = data
        self.broken_at = -1
        """Where the file stops being well-formed."""
        self._ends = [match.start() for match in re.finditer(rb"\n", data)]
        self._bounds = Bounds()
        self._room = len(data) + _ALLOWANCE
        self._entities = 0
        self._references = data.count(b"&")
        self._namespaces = Namespaces()
        self._open = [_Element(1)]
        self._document = document
        document.root.value = self._open[0].members
        self._parser = self._made()

    def read(self) -> Document:
        """Return the document."""
        from xml.parsers import expat

        try:
            self._parser.Parse(self._data, True)  # noqa: FBT003 - expat takes it by position
        except expat.ExpatError as error:
            self.broken_at = self._parser.ErrorByteIndex
            message = expat.ErrorString(error.code) or "not well-formed"
            raise ParseError(message, self._line(self._parser.ErrorByteIndex)) from error
        except (LookupError, ValueError) as error:
            raise ParseError(f"unknown encoding ({error})", 1) from error
        self._declare()
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
        parser.ExternalEntityRefHandler = self._external
        return parser

    def _line(self, offset: int) -> int:
        return bisect_left(self._ends, max(offset, 0)) + 1

    def _here(self) -> int:
        return self._line(self._parser.CurrentByteIndex)

    def _start(self, spelled: str, flat: list[str]) -> None:
        line = self._here()
        self._bounds.count(len(self._open), line)
        attributes = list(zip(flat[::2], flat[1::2], strict=True))
        self._namespaces.enter(attributes)
        parent = self._open[-1]
        parent.text.append("\n")  # texts before and after a child are told apart, however it is indented
        name, namespace = self._namespaces.element(spelled)
        element = _Element(line, name, namespace, ":" in spelled, parent.verbatim)
        if self._is_foreign(element, parent):
            self._attribute(element, XMLNS, element.namespace or "")
        for attribute, value in attributes:
            if attribute != XMLNS and not attribute.startswith(f"{XMLNS}:"):
                self._attribute(element, *self._namespaces.attribute(attribute, value))
            if attribute == "xml:space":
                element.verbatim = value == "preserve"
        self._open.append(element)

    def _is_foreign(self, element: _Element, parent: _Element) -> bool:
        """Whether an element is of another namespace than what it stands in."""
        if element.namespace is None or element.namespace == parent.namespace:
            return False
        below_root = len(self._open) == 2
        # `<log4j:configuration>` alone has a namespace; what it holds has none, as in most files.
        return bool(element.namespace) or not (below_root and parent.spelled_with_prefix)

    def _attribute(self, element: _Element, name: str, value: str) -> None:
        self._bounds.count(len(self._open) + 1, element.line)
        self._take_room(len(value))
        element.members[f"@{name}"] = Node(value, element.line)

    def _take_room(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            raise ParseError("entities or default attributes make too much of it", self._here())

    def _end(self, _: str) -> None:
        self._namespaces.leave()
        element = self._open.pop()
        text = _text(element)
        if not element.members:
            node = Node(text, element.line)
        else:
            node = Node(element.members, element.line)
            if text:
                self._bounds.count(len(self._open) + 1, element.line)
                element.members["#text"] = Node(text, element.line)
        self._keep_order(element)
        parent = self._open[-1]
        _note_order(parent, element.name)
        listed = len(self._open) > 1 and _is_named(element.members)
        if listed and element.name not in parent.members:
            self._bounds.count(len(self._open), element.line)
            parent.members[element.name] = Node([node], element.line, repeated=True)
        else:
            _insert(parent.members, element.name, node)

    def _keep_order(self, element: _Element) -> None:
        for group in _IN_ORDER:
            names = [name for name in element.order if name in group]
            if names != sorted(names, key=group.index):
                self._bounds.count(len(self._open) + 1, element.line)
                element.members["@order"] = Node(" ".join(names), element.line)

    def _declare(self) -> None:
        """Tell the namespaces of attributes at the root."""
        for root in self._open[0].members.values():
            if not isinstance(root.value, dict):
                continue
            for uri, prefix in self._namespaces.prefixes.items():
                if not is_customary(uri):
                    root.value[f"@{XMLNS}:{prefix}"] = Node(uri, root.line)

    def _characters(self, text: str) -> None:
        self._take_room(len(text))
        self._open[-1].text.append(text)

    def _entity(self, name: str, is_parameter: int, value: str | None, *_: object) -> None:
        """Take note of an entity: a short text is expanded where it is named, what refers to others is refused."""
        self._entities += 1
        if self._entities > MAX_ENTITIES:
            raise ParseError(f"more than {MAX_ENTITIES} entities", self._here())
        if value is None or is_parameter:
            return  # another file, or only for the document type
        if len(value) * self._references > _ALLOWANCE:
            raise ParseError(f"entity {name!r} may make too much of it", self._here())
        if _REFERENCE.search(value):
            raise ParseError(f"entities are refused where they name others: {name!r}", self._here())

    def _skipped(self, name: str, is_parameter: int) -> None:
        if not is_parameter:
            self._unread(name, f"entity {name!r} is not known")

    def _external(self, name: str, *_: object) -> int:
        self._unread(name, f"entity {name!r} is another file, which is not read")
        return 1

    def _unread(self, name: str, message: str) -> None:
        self._characters(f"&{name};")
        if len(self._document.problems) < MAX_PROBLEMS:
            self._document.problems.append(Problem(self._here(), message))


def _text(element: _Element) -> str:
    text = "".join(element.text)
    return text if element.verbatim else _INDENT.sub("\n", text.strip())


def _note_order(parent: _Element, name: str) -> None:
    if any(name in group for group in _IN_ORDER) and parent.order[-1:] != [name]:
        parent.order.append(name)


def _is_named(members: dict[str, Node]) -> bool:
    """Whether an element has what tells it from its like, so that there may be more of them."""
    if any(name in members for name in _NAMING):
        return True
    return all(name in members and isinstance(members[name].value, str) for name in ("name", "value"))


def _insert(members: dict[str, Node], name: str, node: Node) -> None:
    """Put a child under its name; a second one makes both members of a list."""
    existing = members.get(name)
    if existing is None:
        members[name] = node
    elif existing.repeated and isinstance(existing.value, list):
        existing.value.append(node)
    else:
        members[name] = Node([existing, node], existing.line, repeated=True)
