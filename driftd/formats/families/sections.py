"""The family of INI: settings in sections, `key = value` after `[section]`.

What programs differ in is declared: what starts a comment, how a value is spelled and continued, which names ignore
case, which come again. Settings before the first section stand at the root.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines
from driftd.formats.parts.order import Group, Order, by_name
from driftd.formats.parts.values import AS_WRITTEN, Value, ValueSyntax
from driftd.model.document import Document, Node, ParseError

# A name in quotes may hold `]`; what follows the bracket may be a comment.
_SECTION = re.compile(r"""\[(?P<name>(?:"(?:[^"\\]++|\\.)*+"|[^\]"])*+)\]\s*+(?:[#;].*+)?""", re.DOTALL)
_SUBSECTION = re.compile(r"(?P<name>[^\s\"]+)\s+\"(?P<inner>(?:[^\"\\]++|\\.)*+)\"\s*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
WHOLE_LINE = re.compile(r"\[(?P<name>.*)\]")
"""A section whose name goes to the last bracket."""


def as_written(name: str) -> str:
    """Return a name as it is."""
    return name


@dataclass(frozen=True, eq=False)
class SectionSyntax:
    """What a format of the family declares."""

    format: str
    comments: tuple[str, ...] = ("#", ";")
    """What a line of comment starts with."""
    separators: tuple[str, ...] = ("=", ":")
    """What stands between a name and its value; the first in a line counts."""
    values: ValueSyntax = AS_WRITTEN
    indented: bool = False
    """A line that is indented deeper than its setting continues the value."""
    name: Callable[[str], str] = as_written
    """The one spelling of a setting's name."""
    section: Callable[[str], str] = as_written
    """The one spelling of a section's name."""
    heading: re.Pattern[str] = _SECTION
    """A section's line; a group `argument` is its member `@`. Where it does not match, the name goes to the last bracket."""
    subsections: bool = False
    """`[a "b"]` is a section `b` within `a`."""
    repeatable: frozenset[str] = frozenset()
    """Settings that are a list even when they come once: `name`, or `section.name`."""
    separate: bool = False
    """A section that comes again is another one, and not more of the first."""
    directive: re.Pattern[str] | None = None
    """A line that is neither section nor setting: group `name` stands at the root, group `value` names a file."""
    includes: frozenset[str] = frozenset()
    """Settings whose values name other files: `name`, or `section.name`."""
    orders: tuple[Group, ...] = ()
    """Names whose order among each other counts in a section, or of sections and directives at the root; another order than
    this one is kept in the member `@order`."""


def parse_sections(data: bytes, path: str, syntax: SectionSyntax) -> Document:
    """Read a file of the family; a name without value is null; ParseError names the line of a quote not closed."""
    return _Reader(DocumentBuilder(path, syntax.format), syntax).read(data)


class _Reader:
    """Reads one file: a setting is added once its last line is known."""

    def __init__(self, builder: DocumentBuilder, syntax: SectionSyntax) -> None:
        self._builder = builder
        self._syntax = syntax
        self._section: Node | None = None
        self._place = ""
        """Name of the section."""
        self._name = ""
        self._line = 0
        self._parts: list[Value] | None = None
        """The lines of the setting that is being read; None where it has no value."""
        self._groups = by_name(syntax.orders)
        self._orders: dict[int, tuple[Node, Order, int]] = {}
        """By the id of a section: the section, how names came in it, and its line."""
        self._wanting = False
        """The next line belongs to the value, whatever it looks like."""
        self._indent = 0

    def read(self, data: bytes) -> Document:
        """Return the document."""
        for line in lines(data):
            if self._wanting and self._parts:
                self._wanting = self._parts[-1].feed(line.text)
            else:
                self._take(line)
        self._flush()
        for node, order, number in self._orders.values():
            order.tell(self._builder, node, number)
        return self._builder.done()

    def _note(self, name: str, node: Node, number: int) -> None:
        if self._groups:
            _, order, _ = self._orders.setdefault(id(node), (node, Order(self._groups), number))
            order.note_any(name)

    def _take(self, line: Line) -> None:
        text = line.text.strip()
        if not text or text.startswith(self._syntax.comments):
            return
        indent = len(line.text) - len(line.text.lstrip())
        if self._syntax.indented and self._name and self._parts is not None and indent > self._indent:
            self._feed(text)
            return
        self._flush()
        self._indent = indent
        if text.startswith("["):
            self._open(line.number, text)
        elif self._syntax.directive is not None and (match := self._syntax.directive.fullmatch(text)) is not None:
            self._builder.add(match["name"], match["value"], line.number, repeatable=True)
            self._note(match["name"], self._builder.root, line.number)
            self._builder.include(match["value"])
        else:
            self._set(line.number, text)

    def _open(self, number: int, text: str) -> None:
        match = self._syntax.heading.fullmatch(text) or WHOLE_LINE.fullmatch(text)
        if match is None:
            self._builder.problem(number, "section is not closed")
        name = match["name"].strip() if match else text[1:].strip()
        inner = _SUBSECTION.fullmatch(name) if self._syntax.subsections else None
        self._place = self._syntax.section(inner["name"] if inner else name)
        self._note(self._place, self._builder.root, number)
        if self._syntax.separate:
            self._section = self._builder.block(self._place, None, number, single=True)
        else:
            self._section = self._builder.section(self._place, number)
        if inner is not None:
            self._section = self._builder.section(_ESCAPED.sub(r"\1", inner["inner"]), number, at=self._section)
        argument = match.groupdict().get("argument") if match else None
        if argument:
            self._builder.add("@", argument, number, at=self._section)

    def _set(self, number: int, text: str) -> None:
        match = _separator(self._syntax.separators).search(text)
        name = text if match is None else text[: match.start()].rstrip()
        if not name:
            self._builder.unread(text, number, "a value without a name", at=self._section)
            return
        if match is None:
            # What follows a lone name may be a comment, too.
            bare = Value(self._syntax.values)
            bare.feed(name)
            name = bare.text() if not bare.open else name
        self._name, self._line = self._syntax.name(name), number
        self._parts = None
        if match is not None:
            self._parts = []
            self._feed(text[match.end() :].lstrip())

    def _feed(self, text: str) -> None:
        assert self._parts is not None
        value = Value(self._syntax.values)
        self._wanting = value.feed(text)
        self._parts.append(value)

    def _flush(self) -> None:
        if not self._name:
            return
        name, value = self._name, None
        if self._parts is not None:
            if self._parts[-1].open:
                raise ParseError("a quote is not closed", self._line)
            value = "\n".join(part.text() for part in self._parts).strip("\n")
        names = {name, f"{self._place}.{name}"}
        repeatable = not names.isdisjoint(self._syntax.repeatable)
        self._builder.add(name, value, self._line, at=self._section, repeatable=repeatable)
        self._note(name, self._section or self._builder.root, self._line)
        if value and not names.isdisjoint(self._syntax.includes):
            self._builder.include(value)
        self._name, self._parts, self._wanting = "", None, False


@lru_cache
def _separator(separators: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(separators, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))
