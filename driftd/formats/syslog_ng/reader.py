"""The reader of syslog-ng; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from driftd.formats.parts.arguments import join_arguments
from driftd.formats.parts.builder import DocumentBuilder, put
from driftd.formats.parts.cursor import Cursor, too_deep
from driftd.formats.parts.expressions import Token, spell
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

# Objects whose statements are done one after the other; in others they stand side by side.
_SEQUENCES = frozenset({"log", "junction", "channel", "rewrite", "parser", "if", "elif", "else"})
_KEYWORDS = frozenset({"and", "not", "or"})
# Messages go through log paths in their order, those of an included file in its place.
_ORDERS = by_name([("@include", "log")])
_NAME = re.compile(r"[A-Za-z_][\w.-]*+")
_WORD = re.compile(r"""(?:[^\s"'(){};,#`]++|`[^`\n]*+`)++""")
_STRING = re.compile(r'"(?P<double>(?:[^"\\]++|\\.)*+)"|' r"'(?P<single>[^']*+)'", re.DOTALL)
_PRAGMA = re.compile(r"@(?P<name>[\w-]++)(?::[ \t]*+|[ \t]++|(?=\n|\Z))(?P<value>[^\n]*+)")
_CODE = re.compile(r"(?P<code>.*?)^\}[ \t]*+;?", re.DOTALL | re.MULTILINE)
_PLAIN = re.compile(r"[\w./@:-]++")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "v": "\v"}


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(Cursor(text), builder).read()


class _Reader:
    """Reads one file."""

    def __init__(self, cursor: Cursor, builder: DocumentBuilder) -> None:
        self._cursor = cursor
        self._builder = builder

    def read(self) -> Document:
        """Return the document."""
        cursor, order = self._cursor, Order(_ORDERS)
        while cursor.skip():
            line = cursor.line
            if (match := cursor.take(_PRAGMA)) is not None:
                order.note("@" + match["name"])
                self._pragma(match["name"], match["value"], line)
            elif not cursor.passes(";"):
                order.note(self._statement(line))
        order.tell(self._builder, self._builder.root, 1)
        return self._builder.done()

    def _pragma(self, name: str, value: str, line: int) -> None:
        """A line such as `@version: 4.0` or `@include "scl.conf"`."""
        words = _words(value)
        if name == "define" and words:
            at = self._builder.section("@define", line)
            self._builder.add(words[0], join_arguments(words[1:]), line, at=at)
            return
        self._builder.add(f"@{name}", " ".join(words), line, repeatable=name in ("include", "module", "requires"))
        if name == "include" and words:
            self._builder.include(words[0])

    def _statement(self, line: int) -> str:
        """Take a statement of the file itself, such as `source s_src { ... };`, and return of what kind it is."""
        cursor = self._cursor
        kind = self._name()
        names: list[str] = []
        members: dict[str, Node] = {}
        while not cursor.takes("{"):
            if cursor.passes("("):
                members["arguments"] = self._arguments(line, 1)
            elif len(names) == 2 and cursor.passes(";"):
                self._builder.graft(kind, Node({"@": Node(names[0], line), kind: Node(names[1], line)}, line))
                return kind
            elif (word := self._word()) is not None:
                names.append(word)
            else:
                raise cursor.unexpected()
        if kind == "options":
            # Several blocks say what one would, so that their settings stand in one mapping.
            section = self._builder.section(kind, line)
            self._body(kind, 1, lambda name, node: self._builder.graft(name, node, at=section))
            return kind
        if names:
            members = {"@": Node(" ".join(names), line), **members}
        if kind == "python":
            members["code"] = Node(self._code(), line)
        else:
            members.update(self._block(names[0] if kind == "block" and names else kind, line, 1))
        self._builder.graft(kind, Node(members, line), repeatable=True)
        return kind

    def _block(self, kind: str, line: int, depth: int) -> dict[str, Node]:
        """What a block says, its opening brace being passed."""
        too_deep(depth, line)
        members: dict[str, Node] = {}
        if kind in ("filter", "source_filter"):
            members["expression"] = Node(self._expression("}"), line)
        elif kind in _SEQUENCES:
            found: list[Node] = []
            self._body(kind, depth, lambda name, node: found.append(Node({name: node}, node.line)))
            members["statements"] = Node(found, line)
        else:
            self._body(kind, depth, lambda name, node: put(members, name, node, repeatable=kind != "template"))
        return members

    def _body(self, kind: str, depth: int, put: Callable[[str, Node], object]) -> None:
        """Read statements up to the closing brace, which is passed."""
        cursor = self._cursor
        start = cursor.line
        while cursor.skip():
            line = cursor.line
            if cursor.passes("}"):
                return
            if cursor.passes(";"):
                continue
            name = self._name()
            node = self._value(name, line, depth + 1)
            if name in ("filter", "if", "elif") and isinstance(node.value, dict):
                node = self._branch(name, node, line, depth + 1)
            put(name, node)
        raise ParseError(f"{kind} is not closed", start)

    def _value(self, name: str, line: int, depth: int) -> Node:
        """What follows the name of a statement: arguments, a block, both, or nothing."""
        cursor = self._cursor
        if cursor.takes("("):
            if name in ("if", "elif"):
                return Node({"condition": Node(self._expression(")"), line)}, line)
            return self._arguments(line, depth)
        if cursor.takes("{"):
            return Node(self._block(name, line, depth), line)
        word = self._word()
        if word is None and not cursor.sees(";") and not cursor.sees("}"):
            raise cursor.unexpected()
        if word is not None and cursor.takes("{"):
            return Node({"@": Node(word, line), **self._block(name, line, depth)}, line)
        return Node(word or "", line)

    def _branch(self, name: str, node: Node, line: int, depth: int) -> Node:
        """A condition with the statements that it is for."""
        assert isinstance(node.value, dict)
        if name != "filter" and self._cursor.takes("{"):
            node.value.update(self._block(name, line, depth))
        return node

    def _arguments(self, line: int, depth: int) -> Node:
        """Arguments up to the closing parenthesis: text, or an object where there are named ones."""
        too_deep(depth, line)
        cursor = self._cursor
        words: list[str] = []
        members: dict[str, Node] = {}
        while cursor.skip():
            at = cursor.line
            if cursor.passes(")"):
                break
            if cursor.passes(","):
                continue
            quoted = cursor.text[cursor.at] in "\"'"
            word = self._word()
            if word is None and cursor.passes("{"):
                put(members, "{}", Node(self._block("", at, depth + 1), at))
            elif word is None:
                raise cursor.unexpected()
            elif not quoted and cursor.takes("("):
                put(members, word.replace("-", "_"), self._arguments(at, depth + 1))
            else:
                words.append(word)
        else:
            raise ParseError("`(` is not closed", line)
        text = join_arguments(words) if len(words) != 1 else words[0]
        if not members:
            return Node(text, line)
        return Node({"@": Node(text, line), **members} if words else members, line)

    def _expression(self, end: str) -> str:
        """The expression up to a closing bracket, which is passed, in one spelling."""
        cursor = self._cursor
        line = cursor.line
        found: list[Token] = []
        depth = 0
        while cursor.skip():
            char = cursor.text[cursor.at]
            if depth == 0 and char == end:
                cursor.at += 1
                while found and found[-1].text == ";":
                    found.pop()
                return spell(found)
            if char in "(){},;":
                depth += (char in "({") - (char in ")}")
                found.append(Token("mark", char, line))
                cursor.at += 1
                continue
            quoted = char in "\"'"
            word = self._word()
            if word is None:
                raise cursor.unexpected()
            plain = (_PLAIN.fullmatch(word) is not None and word not in _KEYWORDS) or not quoted
            if not quoted and cursor.skip() and cursor.sees("("):
                word = word.replace("-", "_") if word not in _KEYWORDS else word
            found.append(Token("word", word, line, "" if plain else json.dumps(word, ensure_ascii=False)))
        raise ParseError("an expression is not closed", line)

    def _name(self) -> str:
        self._cursor.skip()
        match = self._cursor.take(_NAME)
        if match is None:
            raise self._cursor.unexpected()
        return match[0].replace("-", "_")

    def _word(self) -> str | None:
        """Pass over a word or a quoted text and return what it says; None where there is none."""
        self._cursor.skip()
        match = self._cursor.take(_STRING)
        if match is not None:
            return _resolved(match)
        word = self._cursor.take(_WORD)
        return None if word is None else word[0]

    def _code(self) -> str:
        line = self._cursor.line
        match = self._cursor.take(_CODE)
        if match is None:
            raise ParseError("a block of code is not closed", line)
        return match["code"].strip("\n")


def _words(text: str) -> list[str]:
    """The words of a line, quotes resolved, without the comment behind them."""
    cursor = Cursor(text)
    words: list[str] = []
    while cursor.skip():
        match = cursor.take(_STRING)
        if match is not None:
            words.append(_resolved(match))
            continue
        word = cursor.take(_WORD)
        words.append(word[0] if word is not None else cursor.text[cursor.at])
        cursor.at += word is None
    return words


def _resolved(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"]
    return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), match["double"])
