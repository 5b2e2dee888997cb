"""Values as a program takes them: every spelling of the same thing becomes one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from driftd.compare.meaning import share_a_key, takes_back
from driftd.model.document import Scalar

Reading = Callable[[Scalar], Scalar]
"""Returns the value that stands for all spellings; what it does not understand it leaves as it is."""

_MAX_LENGTH = 64
"""Numbers and switches are short; longer texts are left alone."""
_QUANTITY = re.compile(r"(?P<number>(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,20})?)(?P<unit>[^\W\d]*%?)")
"""Without zeros in front, which make a number octal for some programs."""
_UNIT = re.compile(r"[^\W\d]+%?")
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
    between: str = ""
    """Characters that may stand between number, unit and the next number."""

    def __call__(self, value: Scalar) -> Scalar:
        """Return the sum: 90000 for `1m 30s` where `ms` is 1."""
        if isinstance(value, bool) or value is None or len(str(value)) > _MAX_LENGTH:
            return value
        text, parts, total = str(value).strip(), 0, Fraction(0)
        sign = -1 if text.startswith("-") else 1
        at = len(text) - len(text.lstrip("+-")) if text[:1] in ("+", "-") else 0
        if at > 1 or at == len(text):
            return value
        while at < len(text):
            match = _QUANTITY.match(text, at)
            if match is None:
                return value
            number, unit, at = match["number"], match["unit"], self._past_blanks(text, match.end())
            if not unit and at < len(text) and (behind := _UNIT.match(text, at)):
                unit, at = behind[0], self._past_blanks(text, behind.end())
            worth = self._worth(unit)
            if worth is None or (not unit and (parts or at < len(text))):
                return value  # a bare number beside others is an argument of its own
            parts, total = parts + 1, total + Fraction(number) * worth
        total *= sign
        return int(total) if total.denominator == 1 else str(total)

    def _past_blanks(self, text: str, at: int) -> int:
        while at < len(text) and text[at] in self.between:
            at += 1
        return at

    def _worth(self, unit: str) -> Fraction | None:
        worth = self.units.get(unit.lower() if self.ignore_case else unit)
        return None if worth is None else Fraction(worth)


@dataclass(frozen=True, slots=True)
class Words:
    """Words in one text: repeated separators mean nothing."""

    separators: str
    ordered: bool
    each: Reading = as_it_is
    blanks: bool = False
    """Whether white space around words means nothing."""
    key_ends: str | None = None
    """What ends the key of a word: of two words with one key the order counts."""

    def __call__(self, value: Scalar) -> Scalar:
        """Return the words, sorted and each once where their order means nothing, joined by the first separator."""
        if not isinstance(value, str):
            return value
        found = re.split(f"[{re.escape(self.separators)}]+", value)
        if self.blanks:
            found = [word.strip() for word in found]
        words = [str(self.each(word)) for word in found if word]
        return self.separators[0].join(words if self._order_counts(words) else sorted(set(words)))

    def _order_counts(self, words: list[str]) -> bool:
        return self.ordered or any(map(takes_back, words)) or self._keys_meet(words)

    def _keys_meet(self, words: list[str]) -> bool:
        return self.key_ends is not None and share_a_key(set(words), self.key_ends)


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
