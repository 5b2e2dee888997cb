"""Values as a program takes them: every spelling of the same thing becomes one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from driftd.model.document import Scalar

Reading = Callable[[Scalar], Scalar]
"""Returns the value that stands for all spellings; what it does not understand it leaves as it is."""

_MAX_LENGTH = 64
"""Numbers and switches are short; longer texts are left alone."""
_QUANTITY = re.compile(r"(?P<number>[0-9]{1,30}(?:\.[0-9]{1,20})?)\s*(?P<unit>[^\W\d]*%?)\s*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}\Z")
_OCTAL = re.compile(r"(?:0o)?[0-7]{1,6}\Z")


def as_it_is(value: Scalar) -> Scalar:
    """Return the value itself."""
    return value


@dataclass(frozen=True, slots=True)
class Booleans:
    """Switches: the words for on and off, without regard to letter case."""

    true: frozenset[str]
    false: frozenset[str]

    def __call__(self, value: Scalar) -> Scalar:
        """Return true or false for the words of either."""
        if isinstance(value, bool) or value is None or len(str(value)) > _MAX_LENGTH:
            return value
        word = str(value).lower()
        return True if word in self.true else False if word in self.false else value


@dataclass(frozen=True, slots=True)
class Quantities:
    """Durations and sizes: numbers with units, one after the other, as a number of the smallest unit."""

    units: Mapping[str, int | float]
    ignore_case: bool = False

    def __call__(self, value: Scalar) -> Scalar:
        """Return the sum: 90000 for `1m 30s` where `ms` is 1."""
        if isinstance(value, bool) or value is None or len(str(value)) > _MAX_LENGTH:
            return value
        text, at, total = str(value).strip(), 0, Fraction(0)
        sign = -1 if text.startswith("-") else 1
        at = len(text) - len(text.lstrip("+-")) if text[:1] in ("+", "-") else 0
        if at > 1 or at == len(text):
            return value
        while at < len(text):
            match = _QUANTITY.match(text, at)
            worth = self._worth(match["unit"]) if match else None
            if match is None or worth is None:
                return value
            total += Fraction(match["number"]) * worth
            at = match.end()
        total *= sign
        return int(total) if total.denominator == 1 else str(total)

    def _worth(self, unit: str) -> Fraction | None:
        worth = self.units.get(unit.lower() if self.ignore_case else unit)
        return None if worth is None else Fraction(worth)


@dataclass(frozen=True, slots=True)
class Words:
    """Words in one text: white space and repeated separators mean nothing."""

    separators: str
    ordered: bool
    each: Reading = as_it_is

    def __call__(self, value: Scalar) -> Scalar:
        """Return the words, sorted and each once where their order means nothing, joined by the first separator."""
        if not isinstance(value, str):
            return value
        words = [str(self.each(word)) for word in re.split(f"[{re.escape(self.separators)}]+", value) if word]
        return self.separators[0].join(words if self.ordered else sorted(set(words)))


@dataclass(frozen=True, slots=True)
class Text:
    """Text of which some spellings are one: letter case, and words that mean the same."""

    ignore_case: bool = False
    same: Mapping[str, str] = field(default_factory=dict)
    """Spelling -> the one that stands for it."""

    def __call__(self, value: Scalar) -> Scalar:
        """Return the one spelling."""
        if not isinstance(value, str):
            return value
        text = value.lower() if self.ignore_case else value
        return self.same.get(text, text)


def integer(value: Scalar) -> Scalar:
    """Return a decimal number without sign and leading zeros that say nothing: 7 for `+07`."""
    return int(value) if isinstance(value, str) and _INTEGER.match(value) else value


def octal(value: Scalar) -> Scalar:
    """Return a mode as a number: `0644`, `644` and `0o644` are one."""
    return int(value.removeprefix("0o"), 8) if isinstance(value, str) and _OCTAL.match(value) else value
