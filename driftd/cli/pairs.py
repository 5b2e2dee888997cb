"""Pairs: two files that are compared by meaning, and what they differ in."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from driftd.cli.reading import BINARY, ReadFile, read_content
from driftd.compare.differ import Comparison, compare
from driftd.compare.meaning import Dialect, PlainDialect
from driftd.formats import text
from driftd.model.change import Aspect, Change, Kind
from driftd.model.document import Document, Json, Node, Problem
from driftd.secrets.fingerprint import SecretKeeper

BY_DIGEST: Final = "compared by digest alone"


@dataclass(slots=True)
class Difference:
    """What two files differ in, or why that cannot be said."""

    path: str
    """What the pair is called."""
    before: str
    after: str
    """The names of both sides, as shown."""
    format: str | None = None
    equal: bool = False
    """The bytes are the same."""
    changes: tuple[Change, ...] = ()
    problems: list[tuple[str | None, Problem]] = field(default_factory=list)
    """(file it is about, problem)"""
    kind: Kind | None = None
    """Stands on one side alone, or is of another type there; None: a file on both."""
    failed: bool = False
    """Something could not be read, or was compared as lines only because it does not parse."""
    unread: bool = False
    """Nothing is known of the content: no verdict."""
    notes: list[str] = field(default_factory=list)
    """What a person should know of how it was compared."""

    @property
    def cosmetic(self) -> bool:
        """Whether the bytes differ and no setting does."""
        return not (self.equal or self.changes or self.unread)

    @property
    def counts(self) -> Counter[Kind]:
        """How many changes there are of each kind."""
        return Counter(change.kind for change in self.changes)

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape of one pair."""
        return {
            "format": self.format,
            "equal": self.equal,
            "cosmetic": self.cosmetic,
            "changes": [change.to_json() for change in self.changes],
            "problems": [_problem(file, problem) for file, problem in self.problems],
        }

    def named_json(self) -> dict[str, Json]:
        """Return the contract's shape of one pair of many: with its path, and what became of it as a whole."""
        kind: dict[str, Json] = {"kind": self.kind.value} if self.kind else {}
        return {"path": self.path, **kind, **self.to_json()}


def _problem(file: str | None, problem: Problem) -> dict[str, Json]:
    where: dict[str, Json] = {"file": file} if file else {}
    return where | {"line": problem.line, "message": problem.message}


@dataclass(frozen=True, slots=True)
class Contents:
    """The bytes of a side, its name, and where it is said to stand."""

    content: bytes
    path: str
    stands_at: str | None = None


def difference(
    path: str, before: Contents | None, after: Contents | None, keeper: SecretKeeper, *, format: str | None = None
) -> Difference:
    """Return what two contents differ in; where a side is None, all that the other one says."""
    if before is None or after is None:
        return _alone(path, before, after, keeper, format)
    read_before, read_after = _read_both(before, after, format, keeper)
    found = Difference(
        path,
        read_before.path,
        read_after.path,
        None if read_before.withheld else read_after.format,
        equal=before.content == after.content,
        failed=read_before.failed or read_after.failed,
        problems=[(side.path, problem) for side in (read_before, read_after) for problem in side.problems],
    )
    if found.equal:
        return found
    comparison = _compared(read_before, read_after, keeper)
    found.changes = comparison.changes
    found.problems += [(None, problem) for problem in comparison.problems]
    found.notes += _notes(read_before, read_after, failed=found.failed)
    return found


def _alone(
    path: str, before: Contents | None, after: Contents | None, keeper: SecretKeeper, format: str | None
) -> Difference:
    """A side that is not there has no settings."""
    side = before or after
    if side is None:
        return Difference(path, path, path, equal=True)
    read = read_content(side.content, side.path, format, keeper, stands_at=side.stands_at)
    kind = Kind.REMOVED if after is None else Kind.ADDED
    found = Difference(path, path, path, read.format, kind=kind, failed=read.failed)
    found.problems = [(read.path, problem) for problem in read.problems]
    found.notes = [read.withheld] if read.withheld else []
    if read.document is None:
        found.changes = (Change(Aspect.EXISTENCE, kind, "$"),)
        return found
    root = read.document.root
    nothing = Node([] if isinstance(root.value, list) else {})
    trees = (root, nothing) if after is None else (nothing, root)
    found.changes = compare(*trees, dialect=_dialect(read.document)).changes
    return found


def _notes(before: ReadFile, after: ReadFile, *, failed: bool) -> list[str]:
    withheld = before.withheld or after.withheld
    if withheld:
        sizes = f", {len(before.content)} and {len(after.content)} bytes" if withheld == BINARY else ""
        return [f"{withheld}{sizes}: {BY_DIGEST}"]
    if failed:
        return ["compared as lines of text, since a side does not parse"]
    if before.format != after.format:
        return [f"A is read as {before.format}, B as {after.format}"]
    return []


def _read_both(
    before: Contents, after: Contents, format: str | None, keeper: SecretKeeper
) -> tuple[ReadFile, ReadFile]:
    """Return both sides, in one format where they are two names of one file: `app.conf` and `app.conf.bak`."""

    def read(side: Contents, format: str | None) -> ReadFile:
        return read_content(side.content, side.path, format, keeper, stands_at=side.stands_at)

    first, second = read(before, format), read(after, format)
    if format is None and first.format != second.format and not (first.withheld or second.withheld):
        if first.format == text.NAME and not second.failed:
            again = read(before, second.format)
            return (again, second) if not again.failed else (first, read(after, text.NAME))
        if not first.failed:
            again = read(after, first.format)
            if again.failed and not second.failed and _extension(before) != _extension(after):
                return (first, second) if second.format != text.NAME else (read(before, text.NAME), second)
            second = again
    if first.failed != second.failed and not (first.withheld or second.withheld):  # one side is lines, so both are
        lines = [side if side.failed else _lines_of(side, keeper) for side in (first, second)]
        return lines[0], lines[1]
    return first, second


def _lines_of(side: ReadFile, keeper: SecretKeeper) -> ReadFile:
    lines = read_content(side.content, side.path, text.NAME, keeper)
    lines.format = side.format
    return lines


def _extension(side: Contents) -> str:
    return os.path.splitext(side.stands_at or side.path)[1]


def _compared(before: ReadFile, after: ReadFile, keeper: SecretKeeper) -> Comparison:
    if before.document is None or after.document is None:
        digests = keeper.digest(before.content), keeper.digest(after.content)
        return Comparison((Change(Aspect.CONTENT, Kind.CHANGED, "$", *digests, message=BY_DIGEST),))
    dialect = _dialect(after.document)
    if isinstance(dialect, PlainDialect):  # a copy may be called what no program reads
        dialect = _dialect(before.document)
    return compare(before.document.root, after.document.root, dialect=dialect)


def _dialect(document: Document) -> Dialect:
    from driftd.audit import dialect_for

    return dialect_for(document)
