"""The family of formats with one setting a line: a name, and what it is set to.

A value's runs of white space are one space, except within quotes. A name without a value has an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from driftd.formats.parts.arguments import join_arguments, single_spaces, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, joined
from driftd.formats.parts.order import Group, Order, by_name
from driftd.model.document import Document, Node


@dataclass(frozen=True)
class Directives:
    """What a format of the family declares."""

    format: str
    separator: str | None = None
    """What stands between a name and its value; without it, white space."""
    optional_separator: bool = False
    """White space may stand there as well."""
    flags: bool = True
    """A name may stand alone."""
    comments: tuple[str, ...] = ("#",)
    """What a line of comment starts with."""
    trailing: bool = False
    """A comment may start at any word."""
    quotes: bool = False
    """Arguments may be quoted; quotes that say nothing are left out."""
    verbatim: frozenset[str] = frozenset()
    """Names whose values keep their quotes."""
    one_argument: bool = False
    """A value is one text, so that no quotes at all are needed to tell arguments apart."""
    backslash: bool = False
    """A backslash at the end of a line joins the next one to it."""
    indented: bool = False
    """A line that starts with white space continues the one before."""
    ignore_case: bool = False
    """Names are compared in lower case."""
    repeatable: frozenset[str] = frozenset()
    """Names that are a list even when they come once."""
    includes: frozenset[str] = frozenset()
    """Names whose values are other files."""
    sections: frozenset[str] = frozenset()
    """Names to which the settings after them belong, until the next such name."""
    orders: tuple[Group, ...] = ()
    """Names whose order among each other counts; another order than this one is kept in the member `@order`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: a name and its value."""

    name: str
    value: str
    line: int


class DirectiveReader:
    """Reads the settings of one file; a format with sections decides where each belongs."""

    def __init__(self, data: bytes, path: str, syntax: Directives) -> None:
        self.builder = DocumentBuilder(path, syntax.format)
        self._data = data
        self._syntax = syntax

    def lines(self) -> Iterator[Line]:
        """Yield lines that say something, those of one setting joined, without the comments behind them."""
        syntax = self._syntax
        return joined(self._data, syntax.comments, by_backslash=syntax.backslash, by_indent=syntax.indented)

    def settings(self) -> Iterator[Setting]:
        """Yield the settings of the file; a line that is none becomes a problem."""
        for line in self.lines():
            setting = self.setting(line)
            if setting is not None:
                yield setting

    def setting(self, line: Line) -> Setting | None:
        """Return what a line sets; None, and a problem, where it sets nothing."""
        name, value = self._parts(line.text)
        if not name:
            self.builder.unread(line.text, line.number, "a value without a name")
            return None
        if not self._syntax.flags and not value and (self._syntax.separator or "") not in line.text:
            self.builder.unread(line.text, line.number, f"not of the form name {self._syntax.separator} value")
            return None
        name = name.lower() if self._syntax.ignore_case else name
        spelled = self._spelled(name, value)
        if spelled is None:
            self.builder.problem(line.number, "quotes are not balanced")
            spelled = single_spaces(value)
        return Setting(name, spelled, line.number)

    def add(self, setting: Setting, at: Node | None = None) -> None:
        """Put a setting under its name; what it includes is listed."""
        syntax = self._syntax
        self.builder.add(setting.name, setting.value, setting.line, at=at, repeatable=setting.name in syntax.repeatable)
        if setting.name in syntax.includes and setting.value:
            self.builder.include(setting.value.strip('"'))

    def _parts(self, text: str) -> tuple[str, str]:
        """The name of a setting and what follows it."""
        syntax = self._syntax
        if syntax.separator is not None:
            name, found, value = text.partition(syntax.separator)
            if not found and syntax.trailing:
                name = single_spaces(name, comment="#")
            if not syntax.optional_separator or (found and len(name.split()) == 1):
                return name.strip(), value.strip()
        name, *rest = text.split(None, 1)
        return name, rest[0] if rest else ""

    def _spelled(self, name: str, value: str) -> str | None:
        """A value in the spelling that is compared; None where a quote is not closed."""
        if self._syntax.quotes and name not in self._syntax.verbatim:
            words = split_arguments(value, comment="#" if self._syntax.trailing else None)
            if words is not None:
                return " ".join(words) if self._syntax.one_argument else join_arguments(words)
            return None
        return single_spaces(value, comment="#" if self._syntax.trailing else None)


def parse_directives(data: bytes, path: str, syntax: Directives) -> Document:
    """Read a file that holds nothing but settings; a section is an object in a list with its value in `@`."""
    reader = DirectiveReader(data, path, syntax)
    section: Node | None = None
    order = Order(by_name(syntax.orders))
    for setting in reader.settings():
        order.note_any(setting.name)
        if setting.name in syntax.sections:
            section = reader.builder.block(setting.name, setting.value or None, setting.line)
        else:
            reader.add(setting, section)
    order.tell(reader.builder, reader.builder.root, 1)
    return reader.builder.done()
