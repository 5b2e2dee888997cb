"""The reader of FreeRADIUS; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import json
import re

from driftd.formats.parts.builder import DocumentBuilder, put
from driftd.formats.parts.cursor import Cursor, too_deep
from driftd.model.document import Document, Node, ParseError

# Sections whose lines are done one after the other: those of a virtual server, and what may stand in them.
_POLICIES = frozenset(
    {"accounting", "authenticate", "authorize", "post-auth", "post-proxy", "pre-proxy", "preacct", "session"}
    | {"coa-server", "recv-coa", "send-coa", "recv", "send", "process", "instantiate", "policy", "update", "group"}
    | {"if", "elsif", "else", "switch", "case", "foreach", "redundant", "load-balance", "redundant-load-balance"}
    | {"parallel", "map", "limit"}
)
# In other sections, those of modules, all but these hold settings.
_ANYWHERE = frozenset({"update", "map"})
_AROUND = frozenset({"", "server", "policy", "instantiate", "listen"})
# Sections of names for policies: each of them is one.
_OF_POLICIES = frozenset({"policy"})
_INCLUDES = frozenset({"$INCLUDE", "$-INCLUDE"})
_SAME_LINE = re.compile(r"(?:[^\S\n]++|\\\n)*+")
_PIECE = re.compile(
    r"""
      "(?P<double>(?:[^"\\]++|\\.)*+)" | '(?P<single>(?:[^'\\]++|\\.)*+)' | `(?P<shell>(?:[^`\\]++|\\.)*+)`
    | (?P<mark>:=|\+=|-=|==|!=|<=|>=|=~|!~|=\*|!\*|&&|\|\||[=<>(){},;!])
    | (?P<expansion>[%$]\{)
    | (?P<word>(?:[^\s"'`=<>(){},;!\#:+&|%$-]++|(?<=\S)\#|[:+-](?!=)|&(?!&)|\|(?!\|)|[%$](?!\{))++)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\n]++|\\.)*+/[a-z]*+")
_EXPANSION = re.compile(r"[^{}\\]++|\\.|\\|(?P<open>\{)|(?P<close>\})", re.DOTALL)
_ASSIGNS = frozenset({"=", ":=", "+=", "-=", "==", "=*", "!*", "=~", "!~", "<", ">", "<=", ">=", "!="})
_CONTINUED = re.compile(r"\\\n[ \t]*+")
_ESCAPE = re.compile(r"\\([\"'\\])")


def read(text: str, builder: DocumentBuilder, *, named_policies: bool) -> Document:
    """Return what a file says; `named_policies`: each section at its root is a policy."""
    return _Reader(Cursor(text), builder).read(named_policies=named_policies)


class _Word(str):
    """One word of a line; `spelling` is how it stands in a line of a policy."""

    __slots__ = ("quoted", "spelling")
    quoted: bool
    spelling: str


class _Reader:
    """Reads one file."""

    def __init__(self, cursor: Cursor, builder: DocumentBuilder) -> None:
        self._cursor = cursor
        self._builder = builder

    def read(self, *, named_policies: bool) -> Document:
        """Return the document."""
        members: dict[str, Node] = {}
        self._settings("", members, 0, policies=named_policies)
        if self._cursor.skip():
            raise self._cursor.unexpected()
        self._builder.graft_all(members)
        return self._builder.done()

    def _settings(self, around: str, members: dict[str, Node], depth: int, *, policies: bool = False) -> None:
        """Read settings and sections up to a closing brace or the end; `policies`: every section here is one."""
        cursor = self._cursor
        while cursor.skip() and not cursor.sees("}"):
            line = cursor.line
            words, opens = self._line()
            if opens:
                name, argument = words[0] if words else "", _joined(words[1:])
                node = self._section(name, argument, line, depth, policy=policies or self._is_policy(name, around))
                put(members, name, node, repeatable=True)
            elif words and words[0] in _INCLUDES:
                put(members, words[0], Node(_joined(words[1:]), line), repeatable=True)
                self._builder.include(" ".join(words[1:]))
            elif len(words) > 1 and words[1] in _ASSIGNS and not words[1].quoted:
                operator = "" if words[1] == "=" else f" {words[1]}"
                value = words[2] if len(words) == 3 else _joined(words[2:])
                put(members, f"{words[0]}{operator}", Node(str(value), line))
            elif words:
                put(members, words[0], Node(_joined(words[1:]), line), repeatable=True)

    @staticmethod
    def _is_policy(name: str, around: str) -> bool:
        return name in _POLICIES and (around in _AROUND or name in _ANYWHERE)

    def _section(self, name: str, argument: str, line: int, depth: int, *, policy: bool) -> Node:
        """A section whose opening brace is passed."""
        too_deep(depth, line)
        members: dict[str, Node] = {"@": Node(argument, line)} if argument else {}
        if policy and name not in _OF_POLICIES:
            members["statements"] = Node(self._statements(line, depth + 1), line)
            return Node(members, line)
        self._settings(name, members, depth + 1, policies=policy)
        self._close(line, name)
        return Node(members, line)

    def _statements(self, start: int, depth: int) -> list[Node]:
        """Lines of a policy up to the closing brace, which is passed."""
        cursor = self._cursor
        found: list[Node] = []
        while cursor.skip() and not cursor.sees("}"):
            line = cursor.line
            too_deep(depth, line)
            words, opens = self._line()
            if not opens:
                if words:
                    found.append(Node(_joined(words).removesuffix(","), line))
                    if words[0] in _INCLUDES:
                        self._builder.include(" ".join(words[1:]))
                continue
            name = words[0] if words else ""
            members = {name: Node(_joined(words[1:]), line)}
            members["statements"] = Node(self._statements(line, depth + 2), line)
            found.append(Node(members, line))
        self._close(start, "policy")
        return found

    def _close(self, line: int, name: str) -> None:
        if not self._cursor.takes("}"):
            raise ParseError(f"section {name!r} is not closed", line)

    def _line(self) -> tuple[list[_Word], bool]:
        """The words up to the end of the line or a brace, and whether it opens a section."""
        cursor = self._cursor
        words: list[_Word] = []
        depth = 0
        while True:
            cursor.take(_SAME_LINE)
            if cursor.at >= len(cursor.text) or cursor.sees("}"):
                return words, False
            if cursor.sees("\n") or cursor.sees("#"):
                if depth == 0:
                    return words, False
                cursor.skip()  # a condition goes on in the next line
                continue
            if cursor.sees("{") and depth == 0:
                cursor.at += 1
                return words, True
            if words and words[-1] in ("=~", "!~") and (regex := cursor.take(_REGEX)) is not None:
                words.append(_word(regex[0], regex[0]))
                continue
            word = self._word()
            depth += (word == "(" and not word.quoted) - (word == ")" and not word.quoted)
            words.append(word)

    def _word(self) -> _Word:
        cursor = self._cursor
        match = cursor.take(_PIECE)
        if match is None:
            raise cursor.unexpected()
        kind = match.lastgroup
        if kind in ("double", "single"):
            value = _ESCAPE.sub(r"\1", _CONTINUED.sub("", match[kind]))
            # What stands in double quotes is expanded where it names something.
            spelling = json.dumps(value, ensure_ascii=False) if kind == "double" or "%" not in value else f"'{value}'"
            return _word(value, spelling, quoted=True)
        if kind == "shell":
            return _word(match[0], match[0], quoted=True)
        if kind == "mark":
            return _word(match[0], match[0])
        text = match[0] + (self._expansion() if kind == "expansion" else "")
        rest = _PIECE.match(cursor.text, cursor.at)
        if rest is not None and rest.lastgroup in ("word", "expansion"):
            text += self._word()
        return _word(text, text)

    def _expansion(self) -> str:
        """The rest of `%{...}`, which may hold others."""
        cursor = self._cursor
        start, line = cursor.at, cursor.line
        depth = 1
        while depth:
            match = cursor.take(_EXPANSION)
            if match is None:
                raise ParseError("an expansion is not closed", line)
            depth += (match["open"] is not None) - (match["close"] is not None)
        return cursor.text[start : cursor.at]


def _word(text: str, spelling: str, *, quoted: bool = False) -> _Word:
    word = _Word(text)
    word.quoted, word.spelling = quoted, spelling
    return word


def _joined(words: list[_Word]) -> str:
    """Words as one text with one space between them, none inside of brackets and before commas."""
    if len(words) == 1:
        return str(words[0])
    parts: list[str] = []
    before = ""
    for word in words:
        tight = before in ("(", "!") or (not word.quoted and word in (")", ",", ";"))
        if parts and not tight:
            parts.append(" ")
        parts.append(word.spelling)
        before = "" if word.quoted else str(word)
    return "".join(parts)
