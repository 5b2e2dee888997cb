"""The reader of HCL; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

from driftd.formats.hcl.tokens import opens_for, tokens, with_commas
from driftd.formats.parts.arguments import join_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.expressions import Token
from driftd.formats.parts.literals import LiteralReader
from driftd.model.document import Document, Node, ParseError


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(tokens(text), builder).read()


class _Reader:
    """Reads the tokens of one file."""

    def __init__(self, found: list[Token], builder: DocumentBuilder) -> None:
        self._source = LiteralReader(found, builder, opens_for, with_commas)
        self._builder = builder

    def read(self) -> Document:
        """Return the document."""
        self._body(0, len(self._source.tokens), self._builder.root)
        return self._builder.done()

    def _body(self, at: int, stop: int, node: Node) -> None:
        """Read the attributes and blocks between two places."""
        source = self._source
        names: set[str] = set()
        while at < stop:
            token = source.tokens[at]
            if source.separates(at):
                at += 1
            elif token.kind == "mark":
                raise ParseError(f"unexpected {token.text!r}", token.line)
            elif source.is_mark(at + 1, "=", ":"):
                if token.text in names:
                    self._builder.problem(token.line, f"{token.text!r} is set twice in one block; both are kept")
                names.add(token.text)
                end = source.value_end(at + 2, stop)
                self._builder.graft(token.text, source.value(at + 2, end, token.line, 1), at=node)
                at = end
            else:
                at = self._block(at, stop, node)

    def _block(self, at: int, stop: int, node: Node) -> int:
        """Read a block and return the place behind it."""
        tokens = self._source.tokens
        first = tokens[at]
        labels: list[str] = []
        at += 1
        while at < stop and tokens[at].kind in ("word", "string", "number"):
            labels.append(tokens[at].text)
            at += 1
        if at >= stop or not self._source.is_mark(at, "{"):
            raise ParseError(f"{first.text!r} is followed by neither `=` nor `{{`", first.line)
        block = self._builder.block(first.text, join_arguments(labels) if labels else None, first.line, at=node)
        end = self._source.behind(at)
        self._body(at + 1, end - 1, block)
        return end
