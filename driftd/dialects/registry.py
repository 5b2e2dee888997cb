"""Which dialect a document is written in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from driftd.compare.meaning import PLAIN, Dialect, IdentityNames, Names, PlainDialect, Sense
from driftd.model.document import Scalar

DIALECTS = ("nginx",)
"""The data files beside this module."""


@dataclass(frozen=True, slots=True)
class FileDialect:
    """A dialect as its data file says it."""

    format: str
    lists: dict[str, Sense] = field(default_factory=dict)
    """Name of a list -> what its members mean."""

    def sense(self, names: Names) -> Sense:
        """Return what the place under `names` means."""
        return self.lists.get(names[-1], PLAIN) if names else PLAIN

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        """Return the value as it is."""
        return value


@cache
def dialects() -> dict[str, FileDialect]:
    """Return every dialect, by the format that it is about."""
    read = [_read(name) for name in DIALECTS]
    return {dialect.format: dialect for dialect in read}


def dialect_of(format: str) -> Dialect:
    """Return what is known about programs that use a format; the plain dialect where nothing is."""
    return dialects().get(format) or PlainDialect()


def _read(name: str) -> FileDialect:
    table = tomllib.loads((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))
    lists = {
        member: Sense(ordered=bool(entry.get("ordered", True)), identities=_identities(entry.get("identity", [])))
        for member, entry in table.get("lists", {}).items()
    }
    return FileDialect(str(table["format"]), lists)


def _identities(candidates: list[list[str]]) -> tuple[IdentityNames, ...]:
    return tuple(tuple(tuple(name.split(".")) for name in names) for names in candidates)
