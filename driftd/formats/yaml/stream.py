"""The documents of a YAML file, with the directives and markers between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.formats.yaml.block import BlockReader
from driftd.formats.yaml.composer import Composer
from driftd.formats.yaml.cursor import Cursor
from driftd.formats.yaml.flow import FlowReader
from driftd.model.document import Node

_DIRECTIVE = re.compile(
    r"""%(?:(?P<yaml>YAML)[ \t]++[0-9]++\.[0-9]++
       |TAG[ \t]++(?P<handle>![\w-]*+!|!)[ \t]++(?P<prefix>[^ \t\n]++)
       |(?!(?:YAML|TAG)[ \t])[^\n\#]++)
    (?:(?<=[ \t])\#[^\n]*+|[ \t]++\#[^\n]*+|[ \t]*+)\n""",
    re.VERBOSE,
)
_END = re.compile(r"\.\.\.(?:[ \t]++#[^\n]*+|[ \t]*+)\n")


class Stream:
    """Reads one text, whose lines are ended by LF."""

    def __init__(self, text: str) -> None:
        self._cursor = Cursor(text)
        self._composer = Composer()
        self._flow = FlowReader(self._cursor, self._composer)
        self.problems = self._composer.problems

    def documents(self) -> Iterator[Node]:
        """Yield every document; ParseError where the text stops being YAML."""
        block = BlockReader(self._cursor, self._composer, self._flow)
        while self._to_document():
            self._composer.start_document()
            yield block.node(-1, 0)
            if self._cursor.skip():
                raise self._cursor.error("expected the end of the document")

    def _to_document(self) -> bool:
        """Go to the start of the next document's value; False where there is none."""
        cursor = self._cursor
        self._past_ends()
        if cursor.at >= len(cursor.text):
            return False
        declares = self._directives()
        if cursor.text.startswith("---", cursor.at) and cursor.marker(cursor.at):
            cursor.at += 3
        elif declares:
            raise cursor.error("expected `---` behind directives")
        return True

    def _past_ends(self) -> None:
        cursor = self._cursor
        cursor.skip()
        while cursor.ended and cursor.text.startswith("...", cursor.at):
            if cursor.match(_END) is None:
                raise cursor.error("text behind the marker of a document's end")
            cursor.skip()
        if cursor.text.startswith("\ufeff", cursor.at):
            cursor.at += 1
            cursor.skip()

    def _directives(self) -> bool:
        """Read the directives here; whether there are any."""
        cursor = self._cursor
        self._flow.reset_handles()
        begin, versions = cursor.at, 0
        while cursor.text.startswith("%", cursor.at) and cursor.column == 0:
            directive = cursor.match(_DIRECTIVE)
            if directive is None:
                raise cursor.error("not a directive that YAML knows")
            versions += directive["yaml"] is not None
            if versions > 1:
                raise cursor.error("a second %YAML directive", directive.start())
            if directive["handle"] is not None:
                self._flow.handles[directive["handle"]] = directive["prefix"]
            cursor.skip()
        return cursor.at > begin
