"""What a parser takes for a list counts in every occurrence: a dialect that hears only one would hide the others."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from driftd.dialects.registry import dialect_of
from driftd.formats.registry import FORMATS, Format
from driftd.model.document import Document, Node


def repeatable(entry: Format) -> Iterator[str]:
    """Names that the parser of a format says may stand more than once."""
    module = importlib.import_module(entry.parse.__module__)
    for name, value in vars(module).items():
        if name.lstrip("_") in {"REPEATABLE", "LIST_SETTINGS"} and isinstance(value, frozenset):
            yield from value
        elif isinstance(declared := getattr(value, "repeatable", None), frozenset):  # of a family's declaration
            yield from declared


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_every_occurrence_of_a_repeatable_setting_counts(entry: Format) -> None:
    dialect = dialect_of(Document("/x", entry.name, Node({}), untyped=True))
    assert [name for name in sorted(repeatable(entry)) if dialect.sense(("section", name)).repeats != "all"] == []


def test_there_are_such_settings() -> None:
    assert sum(1 for entry in FORMATS for _ in repeatable(entry)) > 300
