"""The reader of nftables; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.formats.nftables.tokens import Statement, Statements, elements, spell, value
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

_BLOCKS = frozenset(
    {"chain", "set", "map", "flowtable", "counter", "quota", "limit", "secmark", "synproxy", "tunnel", "ct"}
)
_CHAIN_SETTINGS = frozenset({"type", "policy", "comment", "flags"})
# Commands that come before the tables may flush them; others than these are told by the member `@order`.
_ORDER = by_name([("command", "include", "table")])


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(text, builder).read()


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    node: Node
    kind: str
    line: int


class _Reader:
    """Reads one file statement by statement."""

    def __init__(self, text: str, builder: DocumentBuilder) -> None:
        self._statements = Statements(text)
        self._builder = builder
        self._stack = [_Open(builder.root, "", 1)]
        self._order = Order(_ORDER)

    def read(self) -> Document:
        """Return the document; ParseError names the line of a block that is not closed."""
        while (statement := self._statements.next()) is not None:
            while statement.opens and not self._is_block(statement):
                statement = self._statements.group(statement)
            if statement.words:
                self._take(statement)
            elif statement.opens:
                raise ParseError("a block without a name", statement.line)
            if statement.closes:
                self._close(statement)
        if len(self._stack) > 1:
            raise ParseError(f"{self._stack[-1].kind} is not closed", self._stack[-1].line)
        self._order.tell(self._builder, self._builder.root, 1)
        return self._builder.done()

    def _is_block(self, statement: Statement) -> bool:
        names = _without_add(statement.words)
        match self._stack[-1].kind:
            case "":
                return names[:1] == ["table"]
            case "table":
                return bool(names) and (names[0] in _BLOCKS)
        return False

    def _take(self, statement: Statement) -> None:
        if statement.opens:
            self._enter(statement)
        elif statement.words[0] in ("define", "redefine"):
            self._define(statement)
        elif statement.words[0] == "include":
            included = value(statement.words[1:])
            self._builder.add("include", included, statement.line, at=self._stack[-1].node, repeatable=True)
            self._builder.include(included)
            self._note("include")
        else:
            self._plain(statement)

    def _enter(self, statement: Statement) -> None:
        names = _without_add(statement.words)
        kind, argument = (" ".join(names[:2]), names[2:]) if names[0] == "ct" else (names[0], names[1:])
        node = self._builder.block(kind, spell(argument), statement.line, at=self._stack[-1].node)
        self._stack.append(_Open(node, kind, statement.line))
        self._note(kind)

    def _define(self, statement: Statement) -> None:
        keyword, *words = statement.words
        if len(words) < 2 or words[1] != "=":
            self._builder.unread(
                spell(statement.words),
                statement.line,
                f"not of the form {keyword} NAME = VALUE",
                at=self._stack[-1].node,
            )
            return
        at = self._builder.section(keyword, statement.line, at=self._stack[-1].node)
        self._value(words[0], statement, 3, at)

    def _plain(self, statement: Statement) -> None:
        block = self._stack[-1]
        name, add = statement.words[0], self._builder.add
        if not block.kind:
            add("command", spell(statement.words), statement.line, repeatable=True)
            self._note("command")
        elif block.kind == "chain" and name not in _CHAIN_SETTINGS:
            add("rule", spell(statement.words), statement.line, at=block.node, repeatable=True)
        else:
            self._value(name, statement, 2 if statement.words[1:2] == ["="] else 1, block.node)

    def _value(self, name: str, statement: Statement, start: int, at: Node) -> None:
        """Add what stands from the word `start` on: a list where it is a set."""
        words = statement.words[start:]
        members = elements(words, statement.lines[start:])
        if members is None:
            self._builder.add(name, value(words), statement.line, at=at)
        else:
            self._builder.members(name, members, statement.line, at=at)

    def _close(self, statement: Statement) -> None:
        if len(self._stack) == 1:
            raise ParseError("unexpected `}`", statement.line)
        self._stack.pop()

    def _note(self, kind: str) -> None:
        if len(self._stack) <= 2:
            self._order.note(kind)


def _without_add(words: list[str]) -> list[str]:
    return words[1:] if words[:1] in (["add"], ["create"]) else words
