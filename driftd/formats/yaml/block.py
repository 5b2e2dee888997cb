"""Values of YAML in the block style, whose indentation tells what belongs to what."""

from __future__ import annotations

import functools
import re

from driftd.formats.yaml import text as yaml_text
from driftd.formats.yaml.composer import NONE, Composer, Key, OpenMapping, Properties, key_of
from driftd.formats.yaml.cursor import Cursor
from driftd.formats.yaml.flow import Atom, FlowReader, settled
from driftd.model.document import Node

_HEADER = re.compile(r"[|>](?:([1-9])([-+]?)|([-+]?)([1-9]?))(?:[ \t]++#[^\n]*+|[ \t]*+)\n")
_LEADING = re.compile(r"((?: *+\n)*+)( *+)")


class BlockReader:
    """Reads values in the block style. `outer` is the indentation of what they belong to, -1 for a document."""

    def __init__(self, cursor: Cursor, composer: Composer, flow: FlowReader) -> None:
        self._cursor = cursor
        self._composer = composer
        self._flow = flow

    def node(self, outer: int, depth: int, *, compact: bool = False, dash: bool = False) -> Node:
        """Read the value that comes next; an empty one where what comes next is not indented enough.

        `compact`: a list or mapping may start on this line. `dash`: a list may be indented as what it belongs to.
        """
        cursor = self._cursor
        line = cursor.line
        properties = NONE
        while True:
            char = cursor.skip()
            if not char or (cursor.first and not self._belongs(outer, dash=dash)):
                return self._composer.scalar("", properties, depth, line)
            starts = compact or cursor.first
            if char == "-" and cursor.indicator("-"):
                return self._list(self._start(depth, starts=starts), depth, properties)
            if char == "?" and cursor.indicator("?"):
                return self._mapping(self._start(depth, starts=starts), depth, properties, None)
            column, token_line, tabbed = cursor.column, cursor.line, cursor.tabbed
            inner = self._flow.properties(flow=False)
            if inner != NONE and self._line_ends():
                properties, compact = self._both(properties, inner), False
                line = token_line
                continue
            if cursor.text[cursor.at] in "|>":
                return self._block_scalar(outer, depth, self._both(properties, inner))
            return self._atom_or_mapping(outer, depth, properties, inner, column if starts and not tabbed else None)

    def _belongs(self, outer: int, *, dash: bool) -> bool:
        cursor = self._cursor
        return cursor.indent > outer or (dash and cursor.indent == outer and cursor.indicator("-"))

    def _start(self, depth: int, *, starts: bool) -> int:
        """The column of a list or mapping that starts here; ParseError where none can."""
        cursor = self._cursor
        if not starts:
            raise cursor.error("a list or mapping cannot start on this line")
        if cursor.tabbed:
            raise cursor.error("a tab where spaces must indent")
        self._composer.count(depth, cursor.line)
        return cursor.column

    def _line_ends(self) -> bool:
        """Whether nothing but a comment follows on this line."""
        cursor = self._cursor
        char = cursor.skip_blanks()
        return char == "\n" or (char == "#" and cursor.text[cursor.at - 1] in " \t")

    def _both(self, outer: Properties, inner: Properties) -> Properties:
        if (outer.tag and inner.tag) or (outer.anchor and inner.anchor):
            raise self._cursor.error("a value has two tags or anchors")
        if outer == NONE:
            return inner
        return Properties(outer.tag or inner.tag, outer.anchor or inner.anchor)

    def _atom_or_mapping(
        self, outer: int, depth: int, properties: Properties, inner: Properties, column: int | None
    ) -> Node:
        """A scalar, an alias or a value in brackets; the mapping that it is the first key of, where it is one."""
        cursor = self._cursor
        line = cursor.line
        if cursor.indicator(":"):
            atom = Atom(None, "", line)
        else:
            if inner != NONE and (cursor.indicator("-") or cursor.indicator("?")):
                raise cursor.error("a list or mapping cannot start on this line")
            atom = self._flow.atom(outer, depth, flow=False, properties=inner)
        cursor.skip_blanks()
        if not cursor.indicator(":"):
            return settled(self._composer, atom, self._both(properties, inner), depth)
        if column is None or atom.several_lines:
            raise cursor.error("a key cannot stand here")
        self._composer.count(depth, line)
        return self._mapping(column, depth, properties, self._key(atom, inner, depth + 1))

    def _key(self, atom: Atom, properties: Properties, depth: int) -> Key:
        node = settled(self._composer, atom, properties, depth)
        return key_of(node, atom.line, atom.text, plain=not atom.quoted and properties.tag is None)

    def _list(self, column: int, depth: int, properties: Properties) -> Node:
        cursor = self._cursor
        members: list[Node] = []
        node = Node(members, cursor.line)
        while True:
            cursor.at += 1
            members.append(self.node(column, depth + 1, compact=True))
            if not self._goes_on(column) or not cursor.indicator("-"):
                return self._composer.close(properties, node)

    def _mapping(self, column: int, depth: int, properties: Properties, key: Key | None) -> Node:
        """Read a mapping whose first key was read, or whose first pair starts here with `?`."""
        mapping = OpenMapping(Node({}, key.line if key else self._cursor.line))
        while True:
            if key is None and self._cursor.indicator("?"):
                self._explicit_pair(mapping, column, depth + 1)
            else:
                key = key or self._implicit_key(column, depth + 1)
                self._cursor.at += 1
                self._composer.member(mapping, key, self.node(column, depth + 1, dash=True))
            key = None
            if not self._goes_on(column):
                return self._composer.close(properties, self._composer.finish(mapping))

    def _explicit_pair(self, mapping: OpenMapping, column: int, depth: int) -> None:
        cursor = self._cursor
        line = cursor.line
        cursor.at += 1
        node = self.node(column, depth, compact=True, dash=True)
        text = node.value if isinstance(node.value, str) else node.raw
        key = key_of(node, line, text, plain=False)
        if self._goes_on(column) and cursor.indicator(":"):
            cursor.at += 1
            value = self.node(column, depth, compact=True, dash=True)
        else:
            value = self._composer.scalar("", NONE, depth, line)
        self._composer.member(mapping, key, value)

    def _implicit_key(self, column: int, depth: int) -> Key:
        """Read a key up to its colon."""
        cursor = self._cursor
        properties = self._flow.properties(flow=False)
        if cursor.indicator(":"):
            atom = Atom(None, "", cursor.line)
        else:
            atom = self._flow.atom(column, depth, flow=False, properties=properties)
        cursor.skip_blanks()
        if atom.several_lines or not cursor.indicator(":"):
            raise cursor.error("expected `:` behind a key")
        return self._key(atom, properties, depth)

    def _goes_on(self, column: int) -> bool:
        """Whether the next line is one of the list or mapping in this column; ParseError where it is of none."""
        cursor = self._cursor
        if not cursor.skip():
            return False
        if not cursor.first:
            raise cursor.error("expected the end of the line")
        if cursor.indent > column:
            raise cursor.error("indented deeper than what it belongs to")
        if cursor.tabbed and cursor.indent == column:
            raise cursor.error("a tab where spaces must indent")
        return cursor.indent == column

    def _block_scalar(self, outer: int, depth: int, properties: Properties) -> Node:
        cursor = self._cursor
        line, folds = cursor.line, cursor.text[cursor.at] == ">"
        header = cursor.match(_HEADER)
        if header is None:
            raise cursor.error("not the header of a block of text")
        chomping = header[2] or header[3] or ""
        digit = header[1] or header[4]
        indent = max(outer, 0) + int(digit) if digit else self._found_indent(outer)
        body = cursor.match(_lines_indented_by(indent))
        assert body is not None
        lines = [text[indent:] for text in body[0].split("\n")[:-1]]
        text = (yaml_text.folded if folds else yaml_text.literal)(lines, chomping)
        return self._composer.scalar(text, properties, depth, line, quoted=True)

    def _found_indent(self, outer: int) -> int:
        """The indentation of a block of text: that of its first line that is not blank."""
        cursor = self._cursor
        leading = _LEADING.match(cursor.text, cursor.at)
        assert leading is not None
        widest = max((len(blank) for blank in leading[1].split("\n")), default=0)
        indent = len(leading[2])
        if indent <= outer or leading.end() >= len(cursor.text):
            if cursor.text.startswith("\t", leading.end()):
                raise cursor.error("a tab where spaces must indent", leading.end())
            return max(outer + 1, widest)
        if widest > indent:
            raise cursor.error("a blank line is indented deeper than the text below it", leading.end())
        return indent


@functools.cache
def _lines_indented_by(indent: int) -> re.Pattern[str]:
    """The lines of a block of text: indented, or blank."""
    if indent == 0:
        return re.compile(r"(?:(?!(?:---|\.\.\.)[ \t\n])[^\n]*+\n)*+")
    return re.compile(rf"(?: {{{indent}}}[^\n]*+\n| {{0,{indent}}}\n)*+")
