"""Values of YAML that are written on one line, or in brackets: scalars, aliases, `[lists]`, `{mappings}`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from driftd.formats.yaml import text as yaml_text
from driftd.formats.yaml.composer import NONE, Composer, Key, OpenMapping, Properties, key_of
from driftd.formats.yaml.cursor import BLANKS, FLOW_INDICATORS, Cursor
from driftd.model.document import Node

_ANCHOR = re.compile(r"[&*]([^ \t\n,\[\]{}]++)")
_TAG = re.compile(r"!<([^ \t\n<>]++)>|(![\w-]*+!|!)([^ \t\n,\[\]{}!]*+)")
_DOUBLE = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^']++|'')*+)'")
_PLAIN = re.compile(r"(?:[^ \t\n:]++|:(?![ \t\n])|[ \t]++(?=[^ \t\n#:]|:[^ \t\n]))*+")
_PLAIN_IN_FLOW = re.compile(
    r"(?:[^ \t\n:,\[\]{}]++|:(?![ \t\n,\[\]{}])|[ \t]++(?=[^ \t\n#:,\[\]{}]|:[^ \t\n,\[\]{}]))*+"
)
_NEXT_LINE = re.compile(r"[ \t]*+\n(?:[ \t]*+\n)*+( *+)[ \t]*+")
_LINE_STARTS = re.compile(r"\n(?:[ \t]*+\n)*+( *+)[ \t]*+")
_NOT_FIRST = frozenset("-?:,[]{}#&*!|>'\"%@`")
_QUOTES = frozenset("\"'")
_BRACKETS = frozenset("[{")
_STANDARD_TAGS = {"!": "!", "!!": "tag:yaml.org,2002:"}


@dataclass(frozen=True, slots=True)
class Atom:
    """A value that could be a key."""

    node: Node | None
    """None: a scalar, whose properties are not yet settled."""
    text: str | None
    line: int
    quoted: bool = False
    several_lines: bool = False

    @property
    def json_like(self) -> bool:
        """In brackets or quotes: a `:` behind it needs no space in a flow collection."""
        return self.quoted or self.node is not None


class FlowReader:
    """Reads values in the flow style."""

    def __init__(self, cursor: Cursor, composer: Composer) -> None:
        self._cursor = cursor
        self._composer = composer
        self.handles: dict[str, str] = {}
        """What the handles of tags stand for in this document."""
        self.reset_handles()

    def reset_handles(self) -> None:
        """Forget what the last document declared."""
        self.handles = dict(_STANDARD_TAGS)

    def properties(self, *, flow: bool) -> Properties:
        """Read the properties here, which stand on one line; NONE where there are none."""
        cursor = self._cursor
        tag = anchor = None
        start = cursor.at
        while (char := cursor.text[cursor.at]) in "&!":
            if char == "&" and anchor is None and (match := cursor.match(_ANCHOR)):
                anchor = match[1]
            elif char == "!" and tag is None and (match := cursor.match(_TAG)):
                tag = self._tag(match)
            else:
                raise cursor.error("not a tag or anchor, or one too many")
            after = cursor.text[cursor.at]
            if after not in BLANKS and not (flow and after in FLOW_INDICATORS):
                raise cursor.error("white space is missing behind a tag or anchor")
            cursor.skip_blanks()
        if cursor.at == start:
            return NONE
        properties = Properties(tag, anchor)
        self._composer.open(properties)
        return properties

    def _tag(self, match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        prefix = self.handles.get(match[2])
        if prefix is None:
            raise self._cursor.error(f"the tag handle {match[2]!r} is not declared")
        return prefix + match[3]

    def atom(self, outer: int, depth: int, *, flow: bool, properties: Properties = NONE) -> Atom:
        """Read an alias, a scalar or a collection in brackets; its lines are indented by more than `outer`."""
        cursor = self._cursor
        line, start = cursor.line, cursor.at
        char = cursor.text[start]
        if char == "*":
            return self._alias(depth, properties)
        if char in _QUOTES:
            text = self._quoted(outer, _DOUBLE if char == '"' else _SINGLE)
            return Atom(None, text, line, quoted=True, several_lines="\n" in cursor.text[start : cursor.at])
        if char in _BRACKETS:
            node = self._collection(outer, depth)
            return Atom(node, None, line, several_lines=cursor.line != line)
        body = self._plain(outer, flow=flow)
        return Atom(None, yaml_text.plain(body), line, several_lines="\n" in body)

    def _alias(self, depth: int, properties: Properties) -> Atom:
        cursor = self._cursor
        if properties != NONE:
            raise cursor.error("an alias has no tag or anchor of its own")
        line = cursor.line
        match = cursor.match(_ANCHOR)
        if match is None:
            raise cursor.error("an alias without a name")
        anchor = match[1]
        if anchor.endswith(":") and not self._composer.knows(anchor) and self._composer.knows(anchor[:-1]):
            anchor = anchor[:-1]  # `*a:` is an alias of `a:`, but for all who read YAML 1.1 it is the key `*a`
            cursor.at -= 1
        return Atom(self._composer.alias(anchor, depth, line), None, line)

    def _quoted(self, outer: int, pattern: re.Pattern[str]) -> str:
        cursor = self._cursor
        start = cursor.at
        match = cursor.match(pattern)
        if match is None:
            raise cursor.error("a quoted text does not end")
        body = match[1]
        if "\n" in body:
            self._check_lines(body, start + 1, outer)
        if pattern is _SINGLE:
            return yaml_text.single_quoted(body)
        try:
            return yaml_text.double_quoted(body)
        except (ValueError, OverflowError) as error:
            raise cursor.error(str(error), start) from error

    def _check_lines(self, body: str, start: int, outer: int) -> None:
        """A quoted text's lines are indented; ParseError where one is not, or is a marker of a document."""
        cursor = self._cursor
        for found in _LINE_STARTS.finditer(body):
            at = start + found.start(1)
            if cursor.marker(at):
                raise cursor.error("a document ends within a quoted text", at)
            if len(found[1]) <= outer and found.end() < len(body):
                raise cursor.error("a line of a quoted text is not indented", at)

    def _plain(self, outer: int, *, flow: bool) -> str:
        """The text of a plain scalar as it stands in the file."""
        cursor = self._cursor
        text, start = cursor.text, cursor.at
        if text[start] in _NOT_FIRST:
            after = text[start + 1 : start + 2]
            if text[start] not in "-?:" or after in BLANKS or (flow and after in FLOW_INDICATORS):
                raise cursor.error(_misplaced(text[start]))
            cursor.at += 1
        pattern = _PLAIN_IN_FLOW if flow else _PLAIN
        cursor.match(pattern)
        while True:
            end = cursor.at
            line = cursor.match(_NEXT_LINE)
            if line is None or len(line[1]) <= outer or cursor.at >= len(text) or text[cursor.at] == "#":
                break
            begin = cursor.at
            if cursor.marker(begin):
                break
            cursor.match(pattern)
            if cursor.at == begin:
                break
        cursor.at = end
        return text[start:end]

    def _collection(self, outer: int, depth: int) -> Node:
        cursor = self._cursor
        line = cursor.line
        self._composer.count(depth, line)
        cursor.at += 1
        if cursor.text[cursor.at - 1] == "[":
            return self._list(outer, depth, line)
        return self._mapping(outer, depth, line)

    def _list(self, outer: int, depth: int, line: int) -> Node:
        members: list[Node] = []
        while not self._ends("]", outer):
            members.append(self._entry(outer, depth + 1))
            self._comma("]", outer)
        return Node(members, line)

    def _mapping(self, outer: int, depth: int, line: int) -> Node:
        mapping = OpenMapping(Node({}, line))
        while not self._ends("}", outer):
            self._pair(mapping, outer, depth + 1)
            self._comma("}", outer)
        return self._composer.finish(mapping)

    def _ends(self, bracket: str, outer: int) -> bool:
        """Whether the collection ends here."""
        if self._token(outer) != bracket:
            return False
        self._cursor.at += 1
        return True

    def _comma(self, bracket: str, outer: int) -> None:
        char = self._token(outer)
        if char == ",":
            self._cursor.at += 1
        elif char != bracket:
            raise self._cursor.error(f"expected `,` or `{bracket}`")

    def _token(self, outer: int) -> str:
        """Go to the next token of a collection in brackets."""
        cursor = self._cursor
        char = cursor.skip()
        if not char:
            raise cursor.error("a list or mapping in brackets does not end")
        if cursor.first and cursor.indent <= outer and char not in "]}":
            raise cursor.error("a line within brackets is not indented")
        return char

    def _entry(self, outer: int, depth: int) -> Node:
        """A member of a list: a value, or one pair, which is a mapping."""
        cursor = self._cursor
        line = cursor.line
        if cursor.indicator("?", flow=True) or cursor.indicator(":", flow=True):
            mapping = self._single_pair(line, depth)
            self._pair(mapping, outer, depth + 1)
            return self._composer.finish(mapping)
        properties = self.properties(flow=True)
        atom = self._atom_or_empty(outer, depth, properties)
        on_one_line = cursor.line == line
        cursor.skip_blanks()
        if not on_one_line or not self._colon(atom):
            return self._settled(atom, properties, depth)
        mapping = self._single_pair(line, depth)
        key = self._key(atom, properties, depth + 1)
        self._composer.member(mapping, key, self._value(outer, depth + 1))
        return self._composer.finish(mapping)

    def _single_pair(self, line: int, depth: int) -> OpenMapping:
        self._composer.count(depth, line)
        return OpenMapping(Node({}, line))

    def _pair(self, mapping: OpenMapping, outer: int, depth: int) -> None:
        cursor = self._cursor
        line = cursor.line
        if cursor.indicator("?", flow=True):
            cursor.at += 1
            self._token(outer)
        properties = self.properties(flow=True)
        if properties != NONE:
            self._token(outer)
        atom = self._atom_or_empty(outer, depth, properties)
        self._token(outer)
        key = self._key(atom, properties, depth)
        value = self._value(outer, depth) if self._colon(atom) else self._empty(depth, line)
        self._composer.member(mapping, key, value)

    def _value(self, outer: int, depth: int) -> Node:
        """What stands behind the colon, where this is."""
        cursor = self._cursor
        cursor.at += 1
        line = cursor.line
        if self._token(outer) in ",]}":
            return self._empty(depth, line)
        properties = self.properties(flow=True)
        return self._settled(self._atom_or_empty(outer, depth, properties), properties, depth)

    def _colon(self, atom: Atom) -> bool:
        """Whether a colon here makes a key of what stands before it."""
        cursor = self._cursor
        return cursor.indicator(":", flow=True) or (atom.json_like and cursor.text.startswith(":", cursor.at))

    def _atom_or_empty(self, outer: int, depth: int, properties: Properties) -> Atom:
        cursor = self._cursor
        if properties != NONE:
            self._token(outer)
        char = cursor.text[cursor.at]
        if char in ",]}" or cursor.indicator(":", flow=True):
            if char == "," and properties == NONE:
                raise cursor.error("a value is missing before `,`")
            return Atom(None, "", cursor.line)
        return self.atom(outer, depth, flow=True, properties=properties)

    def _key(self, atom: Atom, properties: Properties, depth: int) -> Key:
        node = self._settled(atom, properties, depth)
        return key_of(node, atom.line, atom.text, plain=not atom.quoted and properties.tag is None)

    def _empty(self, depth: int, line: int) -> Node:
        return self._composer.scalar("", NONE, depth, line)

    def _settled(self, atom: Atom, properties: Properties, depth: int) -> Node:
        return settled(self._composer, atom, properties, depth)


def settled(composer: Composer, atom: Atom, properties: Properties, depth: int) -> Node:
    """Return the node of an atom whose properties are known."""
    if atom.node is not None:
        return composer.close(properties, atom.node)
    assert atom.text is not None
    return composer.scalar(atom.text, properties, depth, atom.line, quoted=atom.quoted)


def _misplaced(char: str) -> str:
    return f"`{char}` cannot start a value here"
