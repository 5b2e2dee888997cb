"""The detectors as data: which names, values and shapes are secrets. See `detectors.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """A secret known by its own shape: where `expression` matches, its group `secret` is hidden."""

    name: str
    needs: tuple[str, ...]
    """Lower-case texts of which one must be in the value: far cheaper than the expression."""
    expression: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Names:
    """The names of `detectors.yaml`, as tuples of lower-case words."""

    words: frozenset[tuple[str, ...]]
    glued: tuple[str, ...]
    exact: frozenset[str]
    trailing: frozenset[str]
    never: frozenset[tuple[str, ...]]
    weak: frozenset[str]
    collections: frozenset[tuple[str, ...]]
    labels: frozenset[str]
    inner: frozenset[str]


@dataclass(frozen=True, slots=True)
class Detectors:
    """Everything `detectors.yaml` says."""

    names: Names
    ordinary: frozenset[str]
    """Lower-case values that are no secrets under any name."""
    services: frozenset[str]
    references: re.Pattern[str]
    paths: re.Pattern[str]
    patterns: tuple[Pattern, ...]


def package_data(name: str) -> Any:
    """Return a data file of this package, parsed."""
    import yaml  # late: only hosts that mask something pay for it

    return yaml.load(files(__package__).joinpath(name).read_bytes(), Loader=yaml.CSafeLoader)


def _word_tuples(entries: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(entry.split()) for entry in entries)


def _any_of(expressions: Sequence[str]) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(expressions) + r")\Z")


def _names(entries: Mapping[str, Sequence[str]]) -> Names:
    return Names(
        words=_word_tuples(entries["words"]),
        glued=tuple(entries["glued"]),
        exact=frozenset(entries["exact"]),
        trailing=frozenset(entries["trailing"]),
        never=_word_tuples(entries["never"]),
        weak=frozenset(entries["weak"]),
        collections=_word_tuples(entries["collections"]),
        labels=frozenset(entries["labels"]),
        inner=frozenset(entries["inner"]),
    )


def _pattern(entry: Mapping[str, Any]) -> Pattern:
    flags = re.MULTILINE | (re.IGNORECASE if entry.get("ignore_case") else 0)
    return Pattern(entry["name"], tuple(entry["needs"]), re.compile(entry["regex"], flags))


@cache
def detectors() -> Detectors:
    """Return the detectors; the data file is read once."""
    data = package_data("detectors.yaml")
    values = data["values"]
    return Detectors(
        names=_names(data["names"]),
        ordinary=frozenset(values["never"]),
        services=frozenset(values["services"]),
        references=_any_of(values["references"]),
        paths=_any_of(values["paths"]),
        patterns=tuple(_pattern(entry) for entry in data["patterns"]),
    )
