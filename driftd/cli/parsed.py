"""What `driftd parse` reads: files, and what a query selects in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from driftd.cli.reading import MAX_BYTES, STDIN, ReadFile, read_content, read_file
from driftd.cli.refusals import UsageError
from driftd.cli.trees import Leaf, content_in_tree, walk
from driftd.compare.locate import keyed
from driftd.compare.meaning import Dialect, PlainDialect
from driftd.model.document import Json, Node, Problem
from driftd.model.item import ItemType, shown_path
from driftd.policy.query import Query, QueryFailedError
from driftd.secrets.fingerprint import SecretKeeper

UNREAD: Final = "unread"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How files are read, and what of them is asked for."""

    keeper: SecretKeeper
    format: str | None = None
    as_path: str | None = None
    query: Query | None = None


@dataclass(slots=True)
class Parsed:
    """A file as it was read, and the places that `--key` selects in it."""

    read: ReadFile
    selected: list[tuple[str, Node]] | None = None
    """(key, value); None: everything."""

    @property
    def dialect(self) -> Dialect:
        """What the file's program means by its settings; by lines of text it means nothing."""
        from driftd.audit import dialect_for

        document = self.read.document
        return dialect_for(document) if document is not None and not self.read.failed else PlainDialect()

    def keys(self) -> Iterator[tuple[str, Node]]:
        """Yield every value with its key."""
        document = self.read.document
        return keyed(document.root, self.dialect, {}) if document else iter(())

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape of one file."""
        document = self.read.document
        shape: dict[str, Json] = {
            "path": self.read.path,
            "format": self.read.format,
            "dialect": self.dialect.name,
            "settings": document.root.to_json() if document else None,
            "locations": {key: node.line for key, node in self.keys()},
            "includes": list(document.includes) if document else [],
            "problems": [{"line": problem.line, "message": problem.message} for problem in self.read.problems],
        }
        if self.selected is not None:
            shape["selected"] = [
                {"key": key, "line": node.line, "value": node.to_json()} for key, node in self.selected
            ]
        return shape


def parsed(file: str, wanted: Wanted) -> Iterator[Parsed]:
    """Yield a file, or every regular file below a directory; no link is followed there."""
    if file == STDIN or not os.path.isdir(file):
        yield _selected(read_file(file, wanted.as_path, wanted.format, wanted.keeper), wanted.query)
        return
    for entry in walk(os.path.abspath(file), None):
        leaf = entry.before
        if leaf is not None and (leaf.error or leaf.type is ItemType.FILE):
            yield _selected(_below(leaf, entry.path, wanted), wanted.query)


def query_of(text: str | None) -> Query | None:
    """Return what `--key` asks for; UsageError says what is wrong with it."""
    try:
        return None if text is None else Query(text)
    except ValueError as error:
        raise UsageError(f"--key {text}: {error}") from error


def _below(leaf: Leaf, path: str, wanted: Wanted) -> ReadFile:
    why = leaf.error
    if why is None:
        try:
            content = content_in_tree(leaf.path, MAX_BYTES)
            if len(content) <= MAX_BYTES:
                stands_at = os.path.join(wanted.as_path, path) if wanted.as_path else None
                return read_content(content, leaf.path, wanted.format, wanted.keeper, stands_at=stands_at)
            why = f"larger than {MAX_BYTES} bytes"
        except OSError as error:
            why = error.strerror or str(error)
    problem = Problem(None, f"cannot be read: {why}")
    return ReadFile(shown_path(os.fsencode(leaf.path)), b"", None, None, [problem], failed=True, withheld=UNREAD)


def _selected(read: ReadFile, query: Query | None) -> Parsed:
    found = Parsed(read)
    if query is None:
        return found
    found.selected = []
    if read.document is not None:
        root = read.document.root
        try:
            places = query.locate(root)
        except QueryFailedError as error:
            raise UsageError(f"--key {error}") from error
        # Both walk the tree in the same order; a node that stands at two places (an alias) has two keys.
        keys = [("$", root), *found.keys()]
        found.selected = [told for (steps, _), told in zip(root.walk(), keys, strict=True) if steps in places]
    return found
