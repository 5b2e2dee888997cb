"""The reader of BIND; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftd.formats.families.block_tokens import Token, token_pattern, tokens
from driftd.formats.parts.arguments import join_arguments
from driftd.formats.parts.builder import MAX_DEPTH, DocumentBuilder
from driftd.formats.parts.lines import line_starts
from driftd.model.document import Document, Node, ParseError

# Blocks that hold statements; every other brace holds a list.
_BLOCKS = frozenset(
    {
        "channel",
        "dlz",
        "dns64",
        "dnssec-policy",
        "http",
        "key",
        "key-store",
        "server",
        "template",
        "tls",
        "view",
        "zone",
    }
)
_SINGLE = frozenset({"controls", "logging", "options", "rate-limit", "statistics-channels"})
_WITH_CLASS = frozenset({"zone", "view"})
_NAMED_LISTS = frozenset({"allow"})
_PATTERN = token_pattern(newline_ends=False, slash_comments=True)


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    for statement in _Reader(text).statements(0):
        _add(builder, statement, builder.root)
    return builder.done()


@dataclass(slots=True)
class _Statement:
    """What stands before one `;`: words, and the statements of each group in braces."""

    line: int
    parts: list[str | list[_Statement]] = field(default_factory=list)


class _Reader:
    """Reads statements, those in braces before the one they belong to."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text, _PATTERN, 0)
        self._starts = line_starts(text)

    def statements(self, depth: int, opened: int = 0) -> list[_Statement]:
        """Return the statements up to the `}` that closes their group; ParseError names what is not ended."""
        if depth > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", opened)
        found: list[_Statement] = []
        current: _Statement | None = None
        for token in self._tokens:
            line = self._line(token)
            if token.kind == "end":
                current = None
                continue
            if token.kind == "close":
                if not depth:
                    raise ParseError("unexpected `}`", line)
                break
            if current is None:
                current = _Statement(line)
                found.append(current)
            current.parts.append(self.statements(depth + 1, line) if token.kind == "open" else token.text)
        else:
            if depth:
                raise ParseError("a brace is not closed", opened)
        if current is not None:
            raise ParseError("a statement is not ended by `;`", current.line)
        return found

    def _line(self, token: Token) -> int:
        return bisect_right(self._starts, token.offset)


def _add(builder: DocumentBuilder, statement: _Statement, at: Node) -> None:
    first, *rest = statement.parts
    if not isinstance(first, str):
        raise ParseError("a group without a name", statement.line)
    name = first.lower()
    if not any(isinstance(part, list) for part in rest):
        _add_plain(builder, name, [part for part in rest if isinstance(part, str)], statement.line, at)
    elif name in _BLOCKS or name in _SINGLE:
        _add_block(builder, name, statement, at)
    elif len(rest) == 1 and isinstance(rest[0], list):
        builder.members(name, _elements(rest[0]), statement.line, at=at)
    else:
        _add_lists(builder, name, statement, at)


def _add_plain(builder: DocumentBuilder, name: str, words: list[str], line: int, at: Node) -> None:
    builder.add(name, join_arguments(words), line, at=at, repeatable=name == "include")
    if name == "include":
        for word in words:
            builder.include(word)


def _add_block(builder: DocumentBuilder, name: str, statement: _Statement, at: Node) -> None:
    words = [part for part in statement.parts[1:] if isinstance(part, str)]
    body = statement.parts[-1]
    if not isinstance(body, list) or len(words) != len(statement.parts) - 2:
        raise ParseError(f"{name} is not ended by `;`", statement.line)
    of_class = words.pop() if name in _WITH_CLASS and len(words) == 2 else None
    argument = join_arguments(words) if words else None
    node = builder.block(name, argument, statement.line, at=at, single=name in _SINGLE and argument is None)
    if of_class is not None:
        builder.add("class", of_class, statement.line, at=node)
    for inner in body:
        _add(builder, inner, node)


def _add_lists(builder: DocumentBuilder, name: str, statement: _Statement, at: Node) -> None:
    """Add a statement with arguments and lists; the word before a second list is its name, others are `options`."""
    words: list[str] = []
    lists: list[tuple[str, list[_Statement]]] = []
    argument: str | None = None
    for part in statement.parts[1:]:
        if isinstance(part, str):
            words.append(part)
            continue
        named = bool(words) and (bool(lists) or words[-1].lower() in _NAMED_LISTS)
        lists.append((words.pop().lower() if named else "elements", part))
        if len(lists) == 1:
            argument, words = (join_arguments(words) if words else None), []
    node = builder.block(name, argument, statement.line, at=at)
    for label, members in lists:
        builder.members(label, _elements(members), statement.line, at=node)
    if words:
        builder.add("options", join_arguments(words), statement.line, at=node)


def _elements(statements: list[_Statement]) -> Iterator[tuple[str, int]]:
    return ((_spell(statement), statement.line) for statement in statements)


def _spell(statement: _Statement) -> str:
    """One member of a list as one text; a `!` stands directly before what it negates."""
    pieces = [
        join_arguments((part,)) if isinstance(part, str) else f"{{ {''.join(f'{_spell(inner)}; ' for inner in part)}}}"
        for part in statement.parts
    ]
    text = " ".join(pieces)
    return "!" + text[1:].lstrip() if text.startswith("!") else text
