"""The reader of Icinga 2; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from driftd.formats.parts.arguments import join_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.expressions import Token
from driftd.formats.parts.lines import line_starts
from driftd.formats.parts.literals import CLOSING, OPENING, LiteralReader
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

_TOKEN = re.compile(
    r"""
      [^\S\n]++ | (?:\#|//)[^\n]*+ | (?P<comment>/\*(?:[^*]++|\*(?!/))*+\*/)
    | (?P<newline>\n)
    | "(?P<string>(?:[^"\\]++|\\.)*+)" | \{\{\{(?P<raw>(?:[^}]++|\}(?!\}\}))*+)\}\}\} | (?P<unclosed>\{\{\{)
    | (?P<library>(?<=include[ ])<[\w./-]++>)
    | (?P<number>[0-9]++(?:\.[0-9]++)?+(?:ms|[smhd])?+\b)
    | (?P<word>@?[^\W\d]\w*+)
    | (?P<mark>\{\{|=>|==|!=|<=|>=|<<|>>|&&|\|\||[-+*/%^&|]=|\?\?|[-+*/%^&|!<>=?:.,;~()\[\]{}$])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_BLOCKS = frozenset({"apply", "object", "template"})
# What is imported overrides what was said before it (`*`).
_ORDERS = by_name([("import", "*")])
_COMMANDS = frozenset({"import", "include", "include_recursive", "include_zones", "library"})
_ASSIGNS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|="})
_GOES_ON = frozenset({"&&", "||", "+", "-", "*", "/", "==", "!=", "=", "=>", "?", ":", ".", "<", ">", "<=", ">=", "in"})


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(_tokens(text), builder).read()


class _Reader:
    """Reads the tokens of one file."""

    def __init__(self, found: list[Token], builder: DocumentBuilder) -> None:
        # The ends of lines mean something in every brace: they part statements as they part members.
        self._source = LiteralReader(found, builder, lambda _found, _at: False, _with_semicolons, ("=",))
        self._builder = builder

    def read(self) -> Document:
        """Return the document."""
        self._body(0, len(self._source.tokens), self._builder.root)
        return self._builder.done()

    def _body(self, at: int, stop: int, node: Node) -> None:
        """Read the statements between two places."""
        source, order = self._source, Order(_ORDERS)
        while at < stop:
            if source.separates(at):
                at += 1
                continue
            end = self._statement_end(at, stop)
            first = source.tokens[at]
            if first.kind == "word" and first.text in _BLOCKS and source.is_mark(end - 1, "}"):
                self._block(at, end, node)
            elif first.kind == "word" and first.text in _COMMANDS:
                order.note(first.text)
                self._command(at, end, node)
            elif first.text in ("assign", "ignore") and end - at > 2 and source.tokens[at + 1].text == "where":
                text = source.text(at + 2, end)
                self._builder.add(f"{first.text} where", text, first.line, at=node, repeatable=True)
            else:
                order.note("*")
                self._assignment(at, end, node)
            at = end
        order.tell(self._builder, node, node.line or 1)

    def _statement_end(self, at: int, stop: int) -> int:
        """Where a statement ends: at the end of a line, but not amid an expression, nor before `else`."""
        source = self._source
        while at < stop:
            if source.is_mark(at, ";"):
                return at
            if source.tokens[at].kind == "newline":
                before, behind = source.tokens[at - 1], at
                while behind < stop and source.tokens[behind].kind == "newline":
                    behind += 1
                after = source.tokens[behind] if behind < stop else None
                if before.text not in _GOES_ON and (after is None or after.text not in ("&&", "||", "else")):
                    return at
            at = source.behind(at)
        return at

    def _block(self, at: int, stop: int, node: Node) -> None:
        """Read an object, template or apply rule."""
        source = self._source
        first = source.tokens[at]
        brace = at
        while not source.is_mark(brace, "{") or source.behind(brace) != stop:
            brace = source.behind(brace)
            if brace >= stop:
                raise ParseError(f"{first.text} is not followed by `{{`", first.line)
        block = self._builder.block(first.text, self._heading(at + 1, brace), first.line, at=node)
        self._body(brace + 1, stop - 1, block)

    def _heading(self, at: int, stop: int) -> str:
        """The type, the name and the conditions of an object."""
        words: list[str] = []
        while at < stop:
            end = at
            while end < stop and self._source.tokens[end].kind != "mark":
                words.append(self._source.tokens[end].text)
                end += 1
            parts = [join_arguments(words)] if words else []
            if end < stop:
                return " ".join([*parts, self._source.text(end, stop)])
            at = end
        return join_arguments(words)

    def _command(self, at: int, stop: int, node: Node) -> None:
        """Read `import "template"` or an include."""
        source = self._source
        first = source.tokens[at]
        arguments = source.tokens[at + 1 : stop]
        value = arguments[0].text if len(arguments) == 1 else source.text(at + 1, stop)
        self._builder.add(first.text, value, first.line, at=node, repeatable=True)
        if first.text.startswith("include") and arguments and arguments[0].kind == "string":
            self._builder.include(arguments[0].text)

    def _assignment(self, at: int, stop: int, node: Node) -> None:
        """Read `a.b["c"] = value`; what is no assignment is one text."""
        source = self._source
        first = source.tokens[at]
        equals = at
        while equals < stop and not source.is_mark(equals, *_ASSIGNS):
            equals = source.behind(equals)
        declares = first.kind == "word" and first.text in ("const", "var")
        steps = self._steps(at + declares, equals) if equals < stop else None
        if steps is None:
            self._builder.add("code", source.text(at, stop), first.line, at=node, repeatable=True)
            return
        *sections, name = [first.text, *steps] if declares else steps
        for section in sections:
            node = self._builder.section(section, first.line, at=node)
        operator = source.tokens[equals].text
        name = name if operator == "=" else f"{name} {operator}"
        self._builder.graft(name, source.value(equals + 1, stop, first.line, 1), at=node)

    def _steps(self, at: int, stop: int) -> list[str] | None:
        """The names in `a.b["c"]`; None where it is anything else."""
        source = self._source
        steps: list[str] = []
        while at < stop:
            if source.tokens[at].kind in ("word", "string") and (not steps or source.is_mark(at - 1, ".")):
                steps.append(source.tokens[at].text)
                at += 1
            elif source.is_mark(at, ".") and steps and at + 1 < stop:
                at += 1
            elif source.is_mark(at, "[") and steps and source.behind(at) == at + 3:
                token = source.tokens[at + 1]
                steps.append(token.text if token.kind == "string" else f"${{{token.spelling or token.text}}}")
                at += 3
            else:
                return None
        return steps or None


def _tokens(text: str) -> list[Token]:
    """The tokens of a file."""
    starts = line_starts(text)
    found: list[Token] = []
    lambdas: list[bool] = []
    """Of each open brace: whether it is a `{{`."""
    at = 0
    while at < len(text):
        line = bisect_right(starts, at)
        match = _TOKEN.match(text, at)
        if match is None:
            raise ParseError("a quote is not closed" if text[at] == '"' else f"unexpected {text[at]!r}", line)
        at = match.end()
        match match.lastgroup:
            case "string" | "raw" as kind:
                value = match["raw"] if kind == "raw" else _ESCAPE.sub(_unescaped, match["string"])
                found.append(Token("string", value, line, json.dumps(value, ensure_ascii=False)))
            case "unclosed":
                raise ParseError("a raw text is not closed", line)
            case "library":
                found.append(Token("word", match[0], line))
            case "newline" | "number" | "word" as kind:
                found.append(Token(kind, match[0].removeprefix("@"), line))
            case "mark":
                mark = match[0]
                if mark in ("{", "{{"):
                    lambdas.append(mark == "{{")
                elif mark == "}" and lambdas and lambdas.pop() and text.startswith("}", at):
                    mark, at = "}}", at + 1
                found.append(Token("mark", mark, line))
    return found


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])


def _with_semicolons(found: list[Token]) -> list[Token]:
    """The tokens of an expression, with a semicolon where the end of a line parts statements or members."""
    result: list[Token] = []
    pending = False
    for token in found:
        if token.kind == "newline" or (token.kind == "mark" and token.text == ";"):
            pending = True
            continue
        closes = token.kind == "mark" and token.text in CLOSING
        opened = not result or (result[-1].kind == "mark" and (result[-1].text in OPENING or result[-1].text == ","))
        if pending and not closes and not opened and token.text not in ("else", "&&", "||", ","):
            result.append(Token("mark", ";", token.line))
        pending = False
        if closes and result and result[-1].kind == "mark" and result[-1].text == ",":
            result.pop()
        result.append(token)
    return result
