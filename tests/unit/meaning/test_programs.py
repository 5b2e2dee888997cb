"""Pairs of texts that mean the same to a program, and pairs that do not: tests/cases/meaning, one file a dialect, or a format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from driftd.audit import dialect_for
from driftd.compare.differ import compare
from driftd.dialects.registry import DIALECTS
from driftd.formats.reading import read
from driftd.formats.registry import FORMATS
from driftd.model.document import Document

CASES = Path(__file__).parents[2] / "cases" / "meaning"


class Pair(msgspec.Struct, forbid_unknown_fields=True):
    """Two versions of a file, and what is told of them: `kind key` of every change, nothing where they mean the same."""

    says: str
    approved: str
    observed: str
    changes: list[str]


class Program(msgspec.Struct, forbid_unknown_fields=True):
    """The pairs of one dialect, or of a format without one, with the path at which its files stand."""

    path: str
    pairs: list[Pair]


PROGRAMS = {
    source.stem: msgspec.yaml.decode(source.read_text(encoding="utf-8"), type=Program)
    for source in sorted(CASES.glob("*.yaml"))
}


def document(text: str, path: str) -> Document:
    """Return what is read of a file; every line of it is understood."""
    found = read(text.encode(), path).document
    assert found is not None
    assert not found.problems
    return found


def pairs() -> Sequence[object]:
    return [
        pytest.param(name, program.path, pair, id=f"{name}: {pair.says}")
        for name, program in PROGRAMS.items()
        for pair in program.pairs
    ]


@pytest.mark.parametrize(("name", "path", "pair"), pairs())
def test_what_is_told_of_two_files_is_what_their_program_makes_of_them(name: str, path: str, pair: Pair) -> None:
    approved, observed = document(pair.approved, path), document(pair.observed, path)
    dialect = dialect_for(observed)
    assert (dialect.name or observed.format) == name
    found = compare(approved.root, observed.root, dialect=dialect).changes
    assert [f"{change.kind.value} {change.key}" for change in found] == pair.changes


def test_every_program_has_pairs_of_both_kinds() -> None:
    known = {name for names in DIALECTS.values() for name in names} | {entry.name for entry in FORMATS}
    assert PROGRAMS.keys() <= known
    one_kind = [name for name, program in PROGRAMS.items() if len({not pair.changes for pair in program.pairs}) < 2]
    assert one_kind == []
