"""The family of formats with directives and `{}` blocks: nginx, and later BIND, dhcpd, logrotate and their like.

A directive's arguments are joined by one space; a block is an object in the list under its name, its argument the
member `@`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftd.formats.arguments import join_arguments
from driftd.formats.block_tokens import Token, code_end, token_pattern, tokens
from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import decode, line_starts
from driftd.model.document import Document, Node, ParseError


@dataclass(frozen=True)
class BlockSyntax:
    """What a format of the family declares."""

    format: str
    repeatable: frozenset[str] = frozenset()
    """Directives that are a list even when they come once."""
    single: frozenset[str] = frozenset()
    """Blocks that come once: the name holds the object itself."""
    includes: frozenset[str] = frozenset()
    """Directives whose arguments name other files."""
    orders: tuple[tuple[str, ...], ...] = ()
    """Directives whose order among each other counts; another order than this one is kept in the member `@order`."""
    code: re.Pattern[str] | None = None
    """Names of blocks that hold another language: they are one text."""
    newline_ends: bool = False
    """A directive ends with its line, and not with `;`."""
    slash_comments: bool = False
    """`//` and `/* */` are comments."""


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    node: Node
    name: str
    line: int
    runs: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    """Per group of `orders`, the names as they came; a name that repeats at once is there once."""


def parse_blocks(data: bytes, path: str, syntax: BlockSyntax) -> Document:
    """Read a file of the family; ParseError names the line of a block or directive that is not closed."""
    return _Reader(decode(data), DocumentBuilder(path, syntax.format), syntax).read()


class _Reader:
    """Reads one file: words are collected until a directive or block is complete."""

    def __init__(self, text: str, builder: DocumentBuilder, syntax: BlockSyntax) -> None:
        self._text = text
        self._starts = line_starts(text)
        self._builder = builder
        self._syntax = syntax
        self._groups = {name: group for group in syntax.orders for name in group}
        self._stack = [_Open(builder.root, "", 1)]
        self._words: list[Token] = []

    def read(self) -> Document:
        """Return the document."""
        for token in self._tokens():
            match token.kind:
                case "word":
                    self._words.append(token)
                case "end":
                    self._directive()
                case "open":
                    self._enter(token)
                case "close":
                    self._close(token)
        self._unended(at="the end of the file")
        if len(self._stack) > 1:
            raise ParseError(f"block {self._stack[-1].name!r} is not closed", self._stack[-1].line)
        self._leave(self._stack[0])
        return self._builder.done()

    def _tokens(self) -> Iterator[Token]:
        """Tokens; the ends of lines that end no directive, and code in another language, are taken out."""
        pattern = token_pattern(newline_ends=self._syntax.newline_ends, slash_comments=self._syntax.slash_comments)
        at = 0
        waiting: Token | None = None
        while True:
            stream = tokens(self._text, pattern, at)
            at = -1
            for token in stream:
                if token.text == "\n":
                    waiting = token  # a block may open on the next line
                    continue
                if waiting is not None and token.kind != "open":
                    yield waiting
                waiting = None
                if token.kind == "open" and self._holds_code():
                    at = self._code(token)
                    break
                yield token
            if at < 0:
                break
        if waiting is not None:
            yield waiting

    def _holds_code(self) -> bool:
        return bool(self._syntax.code and self._words and self._syntax.code.fullmatch(self._words[0].text))

    def _code(self, token: Token) -> int:
        """Add a block of another language as one text; return where reading goes on."""
        name, arguments, line = self._take()
        end = code_end(self._text, token.offset + 1)
        if end is None:
            raise ParseError(f"block {name!r} is not closed", line)
        code = self._text[token.offset + 1 : end].strip()
        at = self._stack[-1].node
        if arguments is None:
            self._builder.add(name, code, line, at=at)
        else:
            self._builder.add("code", code, line, at=self._builder.block(name, arguments, line, at=at))
        return end + 1

    def _take(self) -> tuple[str, str | None, int]:
        """The name, the arguments and the line of what was collected."""
        first, *rest = self._words
        self._words = []
        return first.text, join_arguments(word.text for word in rest) if rest else None, self._line(first)

    def _directive(self) -> None:
        if not self._words:
            return
        included = [word.text for word in self._words[1:]]
        name, arguments, line = self._take()
        at = self._stack[-1].node
        self._builder.add(name, arguments or "", line, at=at, repeatable=name in self._syntax.repeatable)
        self._note_order(name)
        if name in self._syntax.includes:
            for argument in included:
                self._builder.include(argument)

    def _enter(self, token: Token) -> None:
        if not self._words:
            raise ParseError("a block without a name", self._line(token))
        name, arguments, line = self._take()
        if arguments is not None and arguments.startswith("("):
            arguments = _tidy_condition(arguments)
        self._note_order(name)
        single = name in self._syntax.single and arguments is None
        node = self._builder.block(name, arguments, line, at=self._stack[-1].node, single=single)
        self._stack.append(_Open(node, name, line))

    def _close(self, token: Token) -> None:
        self._unended(at=f"the `}}` in line {self._line(token)}")
        if len(self._stack) == 1:
            raise ParseError("unexpected `}`", self._line(token))
        self._leave(self._stack.pop())

    def _unended(self, at: str) -> None:
        """Finish a directive that nothing but `at` ends: in order only where lines end directives."""
        if self._words and not self._syntax.newline_ends:
            first = self._words[0]
            raise ParseError(f"directive {first.text!r} is not ended before {at}", self._line(first))
        self._directive()

    def _note_order(self, name: str) -> None:
        group = self._groups.get(name)
        if group is not None:
            run = self._stack[-1].runs.setdefault(group, [])
            if not run or run[-1] != name:
                run.append(name)

    def _leave(self, block: _Open) -> None:
        for group, run in block.runs.items():
            if run != [name for name in group if name in run]:
                self._builder.add("@order", " ".join(run), block.line, at=block.node)

    def _line(self, token: Token) -> int:
        return bisect_right(self._starts, token.offset)


def _tidy_condition(arguments: str) -> str:
    """`( $a = b )` and `($a = b)` are one condition."""
    return "(" + arguments[1:].lstrip().removesuffix(")").rstrip() + ")" if arguments.endswith(")") else arguments
