"""The family of formats with directives and `{}` blocks: nginx, dhcpd, keepalived, ferm, VCL and their like.

A directive's arguments are joined by one space; a block is an object in the list under its name, its argument the
member `@`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from driftd.formats.families.block_tokens import Token, code_end, token_pattern, tokens
from driftd.formats.families.block_words import CALLED, Quoting, spell
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, line_starts
from driftd.formats.parts.order import Order, by_name
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
    in_turn: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """Blocks whose members are tried one after the other, and which of them are: two or more are kept in `@order` as they come."""
    code: re.Pattern[str] | None = None
    """Names of blocks that hold another language: they are one text."""
    newline_ends: bool = False
    """A directive ends with its line, and not with `;`."""
    slash_comments: bool = False
    """`//` and `/* */` are comments."""
    comment: str = "#"
    """Characters that start a comment up to the end of the line."""
    signs: str = ""
    """Characters that are words of their own, with or without white space around them."""
    long_texts: bool = False
    """`{"..."}` is a quoted text."""
    quoting: Quoting = "words"
    called: re.Pattern[str] = CALLED
    """Words that a parenthesis belongs to when it follows them."""
    assigns: bool = False
    """A `=` between the name and the value, or before a block, says nothing."""
    lists: frozenset[str] = frozenset()
    """Blocks that hold members of a list; with an argument they are objects with the list `elements`."""
    compound: frozenset[str] = frozenset()
    """Directives that are named with the word that follows: `option routers`."""
    chained: frozenset[str] = frozenset()
    """Blocks that belong to the block before, and are a member of it: `else`."""
    names: re.Pattern[str] | None = None
    """Directives and blocks that stand under their own name; all others are a program: the list `others`, in order."""
    others: str = ""


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    node: Node
    name: str
    line: int
    order: Order
    """How the names of `orders` came in it."""
    elements: list[tuple[str, int]] | None = None
    """Members of a block that is a list; its `node` is that of the block around it."""
    label: str = ""
    """Name of that list."""
    tried: list[str] = field(default_factory=list)
    """Members that are tried one after the other."""
    before: Node | None = None
    """The last block in this one, as long as a chained one may follow."""


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
        self._groups = by_name(syntax.orders)
        self._stack = [_Open(builder.root, "", 1, Order(self._groups))]
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
        pattern = token_pattern(
            newline_ends=self._syntax.newline_ends,
            slash_comments=self._syntax.slash_comments,
            comment=self._syntax.comment,
            signs=self._syntax.signs,
            long_texts=self._syntax.long_texts,
        )
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
        words, self._words = self._words, []
        syntax, line = self._syntax, self._line(words[0])
        if syntax.names and not syntax.names.fullmatch(words[0].text):
            return syntax.others, self._spell(words), line
        count = 2 if words[0].text in syntax.compound and len(words) > 1 else 1
        name, rest = " ".join(word.text for word in words[:count]), words[count:]
        if syntax.assigns and rest:
            rest = rest[_is_equals(rest[0]) : len(rest) - (len(rest) > 1 and _is_equals(rest[-1]))]
        return name, self._spell(rest), line

    def _spell(self, words: list[Token]) -> str | None:
        return spell(words, self._syntax.quoting, self._syntax.called)

    def _directive(self) -> None:
        block = self._stack[-1]
        if not self._words:
            return
        if block.elements is not None:
            words, self._words = self._words, []
            block.elements.append((self._spell(words) or "", self._line(words[0])))
            return
        included = [word.text for word in self._words[1:]]
        name, arguments, line = self._take()
        repeatable = name in self._syntax.repeatable or bool(self._syntax.names and name == self._syntax.others)
        self._builder.add(name, arguments or "", line, at=block.node, repeatable=repeatable)
        block.before = None
        block.order.note(name)
        if (tried := self._syntax.in_turn.get(block.name)) is not None and tried.match(name):
            block.tried.append(name)
        if name in self._syntax.includes:
            for argument in included:
                self._builder.include(argument)

    def _enter(self, token: Token) -> None:
        if not self._words:
            raise ParseError("a block without a name", self._line(token))
        block = self._stack[-1]
        if block.elements is not None:
            raise ParseError(f"a block in the list {block.name!r}", self._line(token))
        name, arguments, line = self._take()
        if name in self._syntax.lists:
            self._stack.append(self._list(name, arguments, line, block))
            return
        if arguments is not None and arguments.startswith("("):
            arguments = _tidy_condition(arguments)
        self._stack[-1].order.note(name)
        chained = name in self._syntax.chained and block.before is not None
        single = name in self._syntax.single and arguments is None
        parent = block.before if chained else block.node
        node = self._builder.block(name, arguments, line, at=parent, single=single)
        if not chained:
            block.before = node
        self._stack.append(_Open(node, name, line, Order(self._groups)))

    def _list(self, name: str, arguments: str | None, line: int, around: _Open) -> _Open:
        if arguments is None:
            return _Open(around.node, name, line, Order({}), elements=[], label=name)
        node = self._builder.block(name, arguments, line, at=around.node)
        return _Open(node, name, line, Order({}), elements=[], label="elements")

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

    def _leave(self, block: _Open) -> None:
        if block.elements is not None:
            self._builder.members(block.label, block.elements, block.line, at=block.node)
        block.order.tell(self._builder, block.node, block.line)
        if len(block.tried) > 1:
            self._builder.add("@order", " ".join(block.tried), block.line, at=block.node)

    def _line(self, token: Token) -> int:
        return bisect_right(self._starts, token.offset)


def _is_equals(word: Token) -> bool:
    return word.form == "sign" and word.text == "="


def _tidy_condition(arguments: str) -> str:
    """`( $a = b )` and `($a = b)` are one condition."""
    return "(" + arguments[1:].lstrip().removesuffix(")").rstrip() + ")" if arguments.endswith(")") else arguments
