"""What driftd, and what a naive tool, says of two versions of a file."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.audit import dialect_for
from driftd.compare.differ import compare
from driftd.formats.reading import Reading, read
from driftd.model.change import Change


@dataclass(frozen=True)
class Judgement:
    """How two versions were read, and what differs."""

    changes: tuple[Change, ...]
    reading: str | None
    readable: bool = True
    """Both sides were read by the format's parser."""
    by_digest: bool = False

    @property
    def drift(self) -> bool:
        return bool(self.changes) or self.by_digest


def judge(path: str, before: bytes, after: bytes, format: str | None = None) -> Judgement:
    """Compare as an audit does: the approved side is read as the observed one is; if one does not parse, both are text."""
    other = read(after, path, format)
    one = read(before, path, other.format)
    readable = one.problem is None and other.problem is None
    if (one.problem is None) != (other.problem is None):
        one, other = read(before, path, "text"), read(after, path, "text")
    return _compared(one, other, readable)


def _compared(one: Reading, other: Reading, readable: bool) -> Judgement:  # noqa: FBT001
    if one.document is None or other.document is None:
        return Judgement((), one.reading, readable, by_digest=True)
    comparison = compare(one.document.root, other.document.root, dialect=dialect_for(other.document))
    return Judgement(comparison.changes, other.reading, readable)


COMMENTS = (b"#", b";", b"//")


def naive(before: bytes, after: bytes) -> bool:
    """Drift as a tool sees it that leaves out lines of comment and white space, and compares the rest."""
    return _stripped(before) != _stripped(after)


def _stripped(data: bytes) -> list[bytes]:
    lines = (b" ".join(line.split()) for line in data.splitlines())
    return [line for line in lines if line and not line.startswith(COMMENTS)]
