"""HCL: attributes and blocks of Terraform, Packer, Nomad, Consul, Vault. See the HCL native syntax specification.

A block is an object in the list under its type, its labels the member `@`. An expression that is no literal is text
in `${}`, as HCL's own JSON syntax has it, so that `x` and `"${x}"` are one.
"""

from __future__ import annotations

import math

from driftd.formats.arguments import join_arguments
from driftd.formats.builder import MAX_DEPTH, DocumentBuilder
from driftd.formats.expressions import Token, spell
from driftd.formats.hcl_tokens import opens_for, tokens, with_commas
from driftd.formats.lines import decode
from driftd.model.document import Document, Node, ParseError, Scalar

NAME = "hcl"
VERSION = 1
PATTERNS = (
    "*.tf",
    "*.tofu",
    "*.tfvars",
    "*.tfbackend",
    "*.hcl",
    "*.nomad",
    ".terraformrc",
    "terraform.rc",
)

_LITERALS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def parse(data: bytes, path: str) -> Document:
    """Read attributes and blocks; ParseError names the line of what is not HCL."""
    return _Reader(tokens(decode(data)), DocumentBuilder(path, NAME, untyped=False)).read()


class _Reader:
    """Reads the tokens of one file."""

    def __init__(self, found: list[Token], builder: DocumentBuilder) -> None:
        self._tokens, self._ends = _matched(found)
        self._builder = builder

    def read(self) -> Document:
        """Return the document."""
        self._body(0, len(self._tokens), self._builder.root)
        return self._builder.done()

    def _body(self, at: int, stop: int, node: Node) -> None:
        """Read the attributes and blocks between two places."""
        names: set[str] = set()
        while at < stop:
            token = self._tokens[at]
            if token.kind == "newline" or self._is(at, ","):
                at += 1
            elif token.kind == "mark":
                raise ParseError(f"unexpected {token.text!r}", token.line)
            elif self._is(at + 1, "=") or self._is(at + 1, ":"):
                if token.text in names:
                    self._builder.problem(token.line, f"{token.text!r} is set twice in one block; both are kept")
                names.add(token.text)
                end = self._value_end(at + 2, stop)
                self._builder.graft(token.text, self._value(at + 2, end, token.line, 1), at=node)
                at = end
            else:
                at = self._block(at, stop, node)

    def _block(self, at: int, stop: int, node: Node) -> int:
        """Read a block and return the place behind it."""
        first = self._tokens[at]
        labels: list[str] = []
        at += 1
        while at < stop and self._tokens[at].kind in ("word", "string", "number"):
            labels.append(self._tokens[at].text)
            at += 1
        if at >= stop or not self._is(at, "{"):
            raise ParseError(f"{first.text!r} is followed by neither `=` nor `{{`", first.line)
        block = self._builder.block(first.text, join_arguments(labels) if labels else None, first.line, at=node)
        self._body(at + 1, self._ends[at], block)
        return self._ends[at] + 1

    def _value_end(self, at: int, stop: int) -> int:
        """Where the value that starts at a place ends: at the end of its line, at a comma, at the end of its body."""
        while at < stop and self._tokens[at].kind != "newline" and not self._is(at, ","):
            at = self._ends.get(at, at) + 1
        return at

    def _value(self, at: int, stop: int, line: int, depth: int) -> Node:
        """The value that the tokens between two places are."""
        if at == stop:
            raise ParseError("a value is missing", line)
        if depth > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", line)
        token = self._tokens[at]
        if self._ends.get(at) == stop - 1 and token.text != "(" and not opens_for(self._tokens, at):
            return self._list(at, stop - 1, depth) if token.text == "[" else self._object(at, stop - 1, depth)
        if stop - at == 1 and token.kind == "string":
            return Node(token.text, token.line)
        if stop - at == 1 and token.kind == "word" and token.text in _LITERALS:
            return Node(_LITERALS[token.text], token.line)
        text = spell(with_commas(self._tokens[at:stop]))
        if self._tokens[stop - 1].kind == "number" and (stop - at == 1 or (stop - at == 2 and self._is(at, "-"))):
            number = _number(text)
            if number is not None:
                return Node(number, token.line, raw=text if text != str(number) else None)
        return Node(f"${{{text}}}", token.line)

    def _list(self, at: int, stop: int, depth: int) -> Node:
        members: list[Node] = []
        node = Node(members, self._tokens[at].line)
        at += 1
        while at < stop:
            if self._tokens[at].kind == "newline":
                at += 1
                continue
            end = self._value_end(at, stop)
            members.append(self._value(at, end, self._tokens[at].line, depth + 1))
            at = end
            while at < stop and self._tokens[at].kind == "newline":
                at += 1
            at += self._is(at, ",")
        return node

    def _object(self, at: int, stop: int, depth: int) -> Node:
        members: dict[str, Node] = {}
        node = Node(members, self._tokens[at].line)
        at += 1
        while at < stop:
            first = self._tokens[at]
            if first.kind == "newline" or self._is(at, ","):
                at += 1
                continue
            equals = at
            while equals < stop and not self._is(equals, "=") and not self._is(equals, ":"):
                equals = self._ends.get(equals, equals) + 1
            name = self._member_name(at, equals)
            if name in members:
                self._builder.problem(first.line, f"{name!r} is twice in one object; the last one counts")
            end = self._value_end(equals + 1, stop)
            if equals >= stop:
                raise ParseError(f"{name!r} has no value", first.line)
            members[name] = self._value(equals + 1, end, first.line, depth + 1)
            at = end
        return node

    def _member_name(self, at: int, stop: int) -> str:
        if stop - at == 1 and self._tokens[at].kind != "mark":
            return self._tokens[at].text
        return f"${{{spell(with_commas(self._tokens[at:stop]))}}}"

    def _is(self, at: int, mark: str) -> bool:
        return at < len(self._tokens) and self._tokens[at].kind == "mark" and self._tokens[at].text == mark


def _matched(found: list[Token]) -> tuple[list[Token], dict[int, int]]:
    """The tokens without the ends of lines that mean nothing, and of each opening bracket the place of its closing one."""
    result: list[Token] = []
    ends: dict[int, int] = {}
    open_at: list[tuple[int, bool]] = []
    """Of each open bracket: its place, and whether the ends of lines in it mean something."""
    for at, token in enumerate(found):
        if token.kind == "newline" and open_at and not open_at[-1][1]:
            continue
        if token.kind == "mark" and token.text in _CLOSING:
            open_at.append((len(result), token.text == "{" and not opens_for(found, at)))
        elif token.kind == "mark" and token.text in ")]}":
            if not open_at or _CLOSING[result[open_at[-1][0]].text] != token.text:
                raise ParseError(f"unexpected {token.text!r}", token.line)
            ends[open_at.pop()[0]] = len(result)
        result.append(token)
    if open_at:
        token = result[open_at[-1][0]]
        raise ParseError(f"`{token.text}` is not closed", token.line)
    return result, ends


def _number(text: str) -> int | float | None:
    """The number that a literal is; None where Python has none of this size."""
    try:
        if "x" in text.lower():
            return int(text, 16)
        if text.lstrip("-").isdigit():
            return int(text)
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
