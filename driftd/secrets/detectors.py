"""The detectors as data: which names, values and shapes are secrets. See `detectors.yaml`, `shapes.yaml`, `programs.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Pattern:
    """A secret known by its own shape: where `expression` matches, its last group is hidden."""

    name: str
    needs: tuple[str, ...]
    """Lower-case texts of which one must be in the value: far cheaper than the expression."""
    regex: str
    ignore_case: bool = False
    lines: bool = False
    """Tried in lines of files alone."""

    def is_needed(self, lowered: str) -> bool:
        """Whether a text in lower case has what the expression needs."""
        for need in self.needs:  # noqa: SIM110 - the generator of `any` costs more than all these searches
            if need in lowered:
                return True
        return False

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The expression, compiled when a text needs it first: most hosts have few of these programs."""
        return re.compile(self.regex, re.MULTILINE | (re.IGNORECASE if self.ignore_case else 0))


@dataclass(frozen=True, slots=True)
class Names:
    """The names of `detectors.yaml`, as tuples of lower-case words."""

    words: frozenset[tuple[str, ...]]
    glued: tuple[str, ...]
    exact: frozenset[str]
    never_glued: tuple[str, ...]
    trailing: frozenset[str]
    never: frozenset[tuple[str, ...]]
    weak: frozenset[str]
    collections: frozenset[tuple[str, ...]]
    labels: frozenset[str]
    public: frozenset[str]
    inner: frozenset[str]


@dataclass(frozen=True, slots=True)
class Detectors:
    """Everything `detectors.yaml` says."""

    names: Names
    formats: Mapping[str, frozenset[str]]
    """Names, in lower case, that are secret in one format alone."""
    ordinary: frozenset[str]
    """Lower-case values that are no secrets under any name."""
    services: frozenset[str]
    prose: frozenset[str]
    """Lower-case words of which a sentence has one."""
    schemes: frozenset[str]
    """Lower-case first words of an Authorization header."""
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
        never_glued=tuple(entries["never glued"]),
        trailing=frozenset(entries["trailing"]),
        never=_word_tuples(entries["never"]),
        weak=frozenset(entries["weak"]),
        collections=_word_tuples(entries["collections"]),
        labels=frozenset(entries["labels"]),
        public=frozenset(entries["public"]),
        inner=frozenset(entries["inner"]),
    )


def _pattern(entry: Mapping[str, Any]) -> Pattern:
    needs = tuple(entry["needs"])
    return Pattern(entry["name"], needs, entry["regex"], bool(entry.get("ignore_case")), bool(entry.get("lines")))


@cache
def detectors() -> Detectors:
    """Return the detectors; the data file is read once."""
    data = package_data("detectors.yaml")
    values = data["values"]
    return Detectors(
        names=_names(data["names"]),
        formats={format: frozenset(names) for format, names in data["formats"].items()},
        ordinary=frozenset(values["never"]),
        services=frozenset(values["services"]),
        prose=frozenset(values["prose"]),
        schemes=frozenset(values["schemes"]),
        references=_any_of(values["references"]),
        paths=_any_of(values["paths"]),
        patterns=tuple(
            _pattern(entry)
            for file in ("shapes.yaml", "programs.yaml")
            for entries in package_data(file).values()
            for entry in entries
        ),
    )
