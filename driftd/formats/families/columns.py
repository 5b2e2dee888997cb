"""The family of tables: a row on each line, its columns told apart by white space or by one character.

A document is the list of its rows, in their order; a row has the names of its columns as the man page has them, and
no member for a column that is left out. A row of the wrong length is kept as far as it goes, and is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, joined
from driftd.model.document import Document, Node, ParseError


@dataclass(frozen=True, slots=True)
class Table:
    """What a format of the family declares."""

    format: str
    columns: tuple[str, ...]
    least: int
    """How many columns a row has at least."""
    separator: str | None = None
    """One character; without it, white space."""
    rest: Literal["none", "words", "text"] = "none"
    """What the last column takes: one field, all words that remain (joined by one space), or all text as written."""
    comments: tuple[str, ...] = ("#",)
    """What a line of comment starts with."""
    trailing: Literal["none", "word", "anywhere"] = "none"
    """Where a comment may start behind a row: nowhere, at a word, at any character."""
    quotes: bool = False
    """A column may be quoted, and then holds white space."""
    continuation: bool = False
    """A backslash at the end of a line joins the next one to it."""
    indented: bool = False
    """A line that starts with white space continues the one before."""


class TableReader:
    """Reads the rows of one file; a format with lines of another kind asks for the lines and adds those itself."""

    def __init__(self, data: bytes, path: str, table: Table) -> None:
        self.builder = DocumentBuilder(path, table.format, table=True)
        self._data = data
        self._table = table
        self._wrong: int | None = None
        """Line of the first row of the wrong length."""
        self._right = 0

    def lines(self) -> Iterator[Line]:
        """Yield lines that say something, without the comments behind them."""
        table = self._table
        for line in joined(self._data, table.comments, by_backslash=table.continuation, by_indent=table.indented):
            yield Line(line.number, _without_comment(line.text, table)) if table.trailing != "none" else line

    def row(self, line: Line, columns: tuple[str, ...] = (), fields: list[str] | None = None) -> list[str]:
        """Add a row and return its fields.

        `columns`: others than the table's, none of which may be missing; `fields`: split already, surplus ones joined.
        """
        names = columns or self._table.columns
        least = len(names) if columns else self._table.least
        fields, surplus = (fields, False) if fields is not None else _split(line.text, len(names), self._table)
        node = self.builder.row(line.number)
        for name, field in zip(names, fields, strict=False):
            self.builder.add(name, field, line.number, at=node)
        if len(fields) < least or surplus:
            self._wrong = self._wrong or line.number
            expected = f"{least}" if least == len(names) else f"{least} to {len(names)}"
            self.builder.problem(
                line.number, f"{'too many' if surplus else 'too few'} columns: {expected} are expected"
            )
        else:
            self._right += 1
        return fields

    def other(self, line: Line) -> Node:
        """Return a new row for a line that is of another kind."""
        self._right += 1
        return self.builder.row(line.number)

    def done(self) -> Document:
        """Return what was read; ParseError where there are rows and not one is of this table."""
        if self._wrong is not None and not self._right:
            raise ParseError(f"no line has the columns of {self._table.format}", self._wrong)
        return self.builder.done()


def parse_table(data: bytes, path: str, table: Table) -> Document:
    """Read a file that holds nothing but rows."""
    reader = TableReader(data, path, table)
    for line in reader.lines():
        reader.row(line)
    return reader.done()


_COMMENT_WORD = re.compile(r"\s#")
_WORD = re.compile(r"""\s*+("(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|\S++)(?:\s++|\Z)""", re.DOTALL)
_BARE = re.compile(r"\s*+(\S++)\s*+")
_ESCAPE = re.compile(r"\\([\"'\\])")


def _without_comment(text: str, table: Table) -> str:
    if table.trailing == "anywhere":
        return text.partition("#")[0].rstrip()
    return _COMMENT_WORD.split(text, maxsplit=1)[0].rstrip()


def _split(text: str, count: int, table: Table) -> tuple[list[str], bool]:
    """The fields of a row, and whether there were more than the columns; the last field then holds those too."""
    if table.separator is not None:
        fields = text.split(table.separator, count - 1)
        surplus = len(fields) == count and table.separator in fields[-1]
    elif table.quotes:
        fields, surplus = _split_quoted(text, count)
    else:
        fields = text.split(None, count - 1)
        surplus = len(fields) == count and len(fields[-1].split(None, 1)) > 1
    if table.rest == "none":
        return fields, surplus
    if table.rest == "words" and len(fields) == count:
        fields[-1] = " ".join(fields[-1].split())
    return fields, False


def _split_quoted(text: str, count: int) -> tuple[list[str], bool]:
    fields: list[str] = []
    at = 0
    while at < len(text):
        if len(fields) == count - 1:
            last = _WORD.match(text, at)
            whole = last is not None and last.end() == len(text)
            fields.append(_unquote(last[1]) if last is not None and whole else text[at:])
            return fields, not whole
        match = _WORD.match(text, at) or _BARE.match(text, at)
        if match is None:
            break
        fields.append(_unquote(match[1]))
        at = match.end()
    return fields, False


def _unquote(word: str) -> str:
    if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
        return _ESCAPE.sub(r"\1", word[1:-1])
    return word
