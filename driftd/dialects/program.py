"""A program's dialect: what its data file says, asked place by place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from driftd.compare.meaning import IdentityNames, Names, Sense
from driftd.dialects import values
from driftd.dialects.declaration import Declaration, Setting, merged
from driftd.dialects.values import Reading
from driftd.model.document import Scalar

ROOT = "$"
_REMEMBERED = 4_096
"""Places of which the answer is kept: keys of large documents are as many as their author likes."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a place means."""

    sense: Sense
    reading: Reading


class ProgramDialect:
    """What a program means by its settings, by one declaration."""

    def __init__(self, name: str, declared: Declaration, *, defaults: bool) -> None:
        """Take a declaration; `defaults`: the document is one in which what is left out has its default."""
        self.name: str | None = name
        self._declared = declared
        self._defaults = defaults
        self._exact: dict[str, list[Setting]] = {}
        self._patterns: list[Setting] = []
        self._answers: dict[Names, _Answer] = {}
        self._plain = _Answer(Sense(repeats=declared.repeats), values.as_it_is)
        self._same_names = {each: group[0] for group in declared.same_names for each in group}
        self._strip = str.maketrans("", "", declared.ignore_in_names)
        for setting in declared.settings:
            if any(map(_is_pattern, setting.names)):
                self._patterns.append(setting)
            for each in setting.names:
                if not _is_pattern(each):
                    self._exact.setdefault(each, []).append(setting)

    def member(self, name: str) -> str:
        """Return the name that stands for all spellings: letter case, characters that mean nothing, prefixes, names of old."""
        if self._declared.ignore_in_names:
            name = name.translate(self._strip)
        if self._declared.ignore_prefix and not name.startswith("@"):
            name = name.rpartition(self._declared.ignore_prefix)[2]
        name = name.lower() if self._declared.ignore_name_case else name
        return self._same_names.get(name, name)

    def sense(self, names: Names) -> Sense:
        """Return what the place under `names` means."""
        return self._answer(names).sense

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        """Return the value that stands for all spellings of the same thing."""
        return self._answer(names).reading(value)

    def _answer(self, names: Names) -> _Answer:
        known = self._answers.get(names)
        if known is None:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            known = self._answers[names] = self._compute(names)
        return known

    def _compute(self, names: Names) -> _Answer:
        name = names[-1] if names else ROOT
        matching = [setting for setting in self._exact.get(name, ()) if _stands(setting, names)]
        matching += [s for s in self._patterns if any(fnmatchcase(name, p) for p in s.names) and _stands(s, names)]
        if not matching:
            return self._plain
        told = merged(sorted(matching, key=lambda setting: _weight(setting, name)))
        reading = self._reading(told)
        sense = Sense(
            ordered=told.ordered is not False,
            identities=_identities(told.identity or ()),
            in_part=told.in_part is True,
            repeats=told.repeats or self._declared.repeats,
            key_ends=told.key_ends,
        )
        if told.default is not None and self._defaults:
            sense = replace(sense, default=reading(told.default))
        return _Answer(sense, reading)

    def _reading(self, setting: Setting) -> Reading:
        declared = self._declared
        same = {word: group[0] for group in setting.same or () for word in group}
        text = values.Text(setting.ignore_case is True, same) if same or setting.ignore_case else values.as_it_is
        readings: dict[str, Callable[[], Reading]] = {
            "text": lambda: text,
            "boolean": lambda: _Either(
                values.Booleans(frozenset(declared.booleans.true), frozenset(declared.booleans.false)), text
            ),
            "integer": lambda: values.integer,
            "octal": lambda: values.octal,
            "quantity": lambda: _Either(
                values.Quantities(self._units(setting), setting.ignore_case is True, setting.separators or ""), text
            ),
            "words": lambda: values.Words(
                setting.separators or " \t",
                setting.ordered is not False,
                text,
                blanks=setting.blanks is True,
                key_ends=setting.key_ends,
            ),
        }
        return readings[setting.type or "text"]()

    def _units(self, setting: Setting) -> dict[str, int | float]:
        table = self._declared.units[setting.units or ""]
        return {unit.lower(): worth for unit, worth in table.items()} if setting.ignore_case else table


@dataclass(frozen=True, slots=True)
class _Either:
    """A value of a type, or one of the words that may stand for it: `off`, `unlimited`."""

    typed: Reading
    text: Reading

    def __call__(self, value: Scalar) -> Scalar:
        read = self.typed(self.text(value))
        return read if not isinstance(read, str) else self.text(read)


def _identities(candidates: tuple[tuple[str, ...], ...]) -> tuple[IdentityNames, ...]:
    return tuple(tuple(tuple(name.split(".")) for name in names) for names in candidates)


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _stands(setting: Setting, names: Names) -> bool:
    above = names[:-1]
    if setting.top:
        return not above
    if len(setting.below) > len(above):
        return False
    return all(map(fnmatchcase, above[len(above) - len(setting.below) :], setting.below))


def _weight(setting: Setting, name: str) -> tuple[bool, int]:
    """How specific an entry is: a name before a pattern, then the names it wants above."""
    return name in setting.names, len(setting.below) + setting.top
