"""The family of formats with directives and `<Section argument>` blocks: Apache httpd, ProFTPD.

Names ignore case. Arguments are joined by one space; a section is an object in the list under its name, its argument the
member `@`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftd.formats.parts.arguments import join_arguments, single_spaces
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, continued, lines
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

_OPEN = re.compile(r"<(\w[\w.:\-]*+)(.*+)", re.DOTALL)
_CLOSE = re.compile(r"</(\w[\w.:\-]*+)\s*+>?")
_DIRECTIVE = re.compile(r"(\S++)\s*+(.*+)", re.DOTALL)
_WORD = re.compile(r'"((?:[^"\\]++|\\.)*+)(?:"|\\?\Z)|' r"'((?:[^'\\]++|\\.)*+)(?:'|\\?\Z)|(\S++)", re.DOTALL)


@dataclass(frozen=True)
class NestedSyntax:
    """What a format of the family declares; names are in lower case."""

    format: str
    repeatable: frozenset[str] = frozenset()
    """Directives that are a list even when they come once."""
    includes: frozenset[str] = frozenset()
    """Directives whose arguments name other files."""
    orders: tuple[tuple[str, ...], ...] = ()
    """Names whose order among each other counts; another order than this one is kept in the member `@order`."""
    code: frozenset[str] = frozenset()
    """Sections of another language: they are one text."""
    unquoted: frozenset[str] = frozenset()
    """Sections in whose argument a quote is a character like any other."""
    trailing: bool = False
    """A comment may start at any word."""
    conditions: tuple[str, str, str] | None = None
    """A directive that belongs to the next one of another name, that name, and how it is called in the object of both."""


def parse_nested_sections(data: bytes, path: str, syntax: NestedSyntax) -> Document:
    """Read a file of the family; ParseError names the line of a section that is not closed or never opened."""
    return _Reader(DocumentBuilder(path, syntax.format), syntax).read(data)


@dataclass(slots=True)
class _Section:
    """A section that is being read, and the conditions that wait for their rule."""

    node: Node
    name: str
    line: int
    order: Order
    """How the names of `orders` came in it."""
    conditions: list[tuple[str, int]] = field(default_factory=list)


class _Reader:
    """Reads one file; the innermost section that is open comes last."""

    def __init__(self, builder: DocumentBuilder, syntax: NestedSyntax) -> None:
        self._builder = builder
        self._syntax = syntax
        self._condition, self._conditioned, self._called = syntax.conditions or ("", "", "")
        self._groups = by_name(syntax.orders)
        self._open = [_Section(builder.root, "", 1, Order(self._groups))]

    def read(self, data: bytes) -> Document:
        """Return the document."""
        source = continued(lines(data), "")
        for line in source:
            text = single_spaces(line.text.strip(), comment="#") if self._syntax.trailing else line.text.strip()
            if not text or text.startswith("#"):
                continue
            if text.startswith("</"):
                self._leave(text, line.number)
            elif text.startswith("<"):
                self._enter(text, line.number, source)
            else:
                self._directive(text, line.number)
        if len(self._open) > 1:
            raise ParseError(f"section <{self._open[-1].name}> is not closed", self._open[-1].line)
        self._rest(self._open[0])
        return self._builder.done()

    def _enter(self, text: str, number: int, source: Iterator[Line]) -> None:
        match = _OPEN.fullmatch(text)
        if match is None:
            raise ParseError("a section without a name", number)
        if not text.endswith(">"):
            self._builder.problem(number, "`>` is missing")
        name, written = match[1].lower(), match[2].removesuffix(">").strip()
        argument = written if name in self._syntax.unquoted else join_arguments(_words(written))
        self._open[-1].order.note_any(name)
        node = self._builder.block(name, argument or None, number, at=self._open[-1].node)
        if name in self._syntax.code:
            self._code(name, node, number, source)
        else:
            self._open.append(_Section(node, name, number, Order(self._groups)))

    def _code(self, name: str, node: Node, number: int, source: Iterator[Line]) -> None:
        """Keep a section of another language as one text."""
        code: list[str] = []
        for line in source:
            if line.text.strip().lower().startswith(f"</{name}"):
                self._builder.add("code", "\n".join(code), number, at=node)
                return
            code.append(line.text.rstrip())
        raise ParseError(f"section <{name}> is not closed", number)

    def _leave(self, text: str, number: int) -> None:
        match = _CLOSE.fullmatch(text)
        name = match[1].lower() if match else ""
        section = self._open[-1]
        if name != section.name or len(self._open) == 1:
            raise ParseError(f"unexpected {text if match else '`</`'}", number)
        self._rest(section)
        self._open.pop()

    def _directive(self, text: str, number: int) -> None:
        match = _DIRECTIVE.fullmatch(text)
        assert match is not None
        name, section = match[1].lower(), self._open[-1]
        arguments = _words(match[2])
        value = join_arguments(arguments)
        self._open[-1].order.note_any(name)
        if name == self._condition:
            section.conditions.append((value, number))
        elif name == self._conditioned:
            node = self._builder.block(name, None, number, at=section.node)
            self._builder.add(self._called, value, number, at=node)
            self._conditions(section, node)
        else:
            self._builder.add(name, value, number, at=section.node, repeatable=name in self._syntax.repeatable)
        if name in self._syntax.includes:
            for argument in arguments:
                self._builder.include(argument)

    def _conditions(self, section: _Section, at: Node) -> None:
        for value, line in section.conditions:
            self._builder.add(self._condition, value, line, at=at, repeatable=True)
        section.conditions = []

    def _rest(self, section: _Section) -> None:
        """Keep conditions that no rule follows where they stand, and an order that tells something."""
        self._conditions(section, section.node)
        section.order.tell(self._builder, section.node, section.line)


def _words(text: str) -> list[str]:
    """Words as httpd takes them: a quote counts at the start of a word, and reaches to the end where none closes it."""
    return [_resolved(match) for match in _WORD.finditer(text)]


def _resolved(match: re.Match[str]) -> str:
    if match[1] is not None:
        return match[1].replace('\\"', '"')
    if match[2] is not None:
        return match[2].replace("\\'", "'")
    return match[3]
