"""Where in a text secrets stand: passwords in URLs, keys by their shape, `password=...` inside longer lines.

Every function here takes time linear in the text: what it searches is first asked for by a plain substring, and
expressions repeat only up to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from driftd.secrets.assignments import HINTS, LEAST_RANDOM, named_secrets
from driftd.secrets.detectors import Pattern, detectors
from driftd.secrets.stretches import PRIVATE_KEY, PRIVATE_KEY_BEGINS, stretch_spans
from driftd.secrets.urls import url_passwords
from driftd.secrets.values import is_placeholder

Span = tuple[int, int]

_MAX_GLANCED: Final = 4096
"""A longer text is looked at closely."""
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]{3,1000})(?=[\"'`])")


def secret_spans(text: str, *, lines: bool = False, patterns: tuple[Pattern, ...] | None = None) -> list[Span]:
    """Return the parts of a text that must be hidden, in order, none overlapping; `lines`: it is lines of a file.

    `patterns`: the likely ones of the document the text is from.
    """
    shapes = _shaped(text, detectors().patterns if patterns is None else patterns, lines=lines)
    found = [*url_passwords(text), *shapes, *_private_keys(text), *named_secrets(text, lines=lines)]
    if "\n" in text:
        found += stretch_spans(text)
    return merged(found)


def quoted_spans(message: str, patterns: tuple[Pattern, ...] | None = None) -> list[Span]:
    """Return the parts of a message that must be hidden: also what is one in a line that it quotes."""
    found = secret_spans(message, lines=True, patterns=patterns)
    for quoted in _QUOTED.finditer(message):
        start = quoted.start(1)
        spans = secret_spans(quoted[1], lines=True, patterns=patterns)
        found += [(start + begin, start + end) for begin, end in spans]
    return merged(found)


@dataclass(frozen=True, slots=True)
class Likely:
    """What a secret could be told by in one document: most have little of it, and most of their texts none."""

    patterns: tuple[Pattern, ...]
    """The patterns that anything in the document can match."""
    marks: tuple[str, ...]
    """The lower-case texts, of which each place where `secret_spans` finds anything has one; those that the document has."""

    @classmethod
    def of(cls, text: str) -> Likely:
        """Return what is likely in the whole text of a document."""
        lowered = text.lower()
        found = {mark for mark in _FIRST if mark in lowered}
        found |= {need for need, mark in _needs().items() if (mark is None or mark in found) and need in lowered}
        patterns = tuple(pattern for pattern in detectors().patterns if not found.isdisjoint(pattern.needs))
        return cls(
            patterns, tuple(mark for mark in found if not any(other in mark for other in found if other != mark))
        )

    def is_plain(self, text: str, *, lines: bool) -> bool:
        """Whether `secret_spans` finds nothing in a text of the document, as far as that is told without looking closely."""
        if len(text) > _MAX_GLANCED or (lines and len(text) >= LEAST_RANDOM):
            return False
        lowered = text.lower()
        for mark in self.marks:  # noqa: SIM110 - the generator of `any` costs more than all these searches
            if mark in lowered:
                return False
        return True


_FIRST: Final = (*HINTS, "://", PRIVATE_KEY_BEGINS.lower(), "\n")


@cache
def _needs() -> dict[str, str | None]:
    """Return what patterns need, each with one of the marks that it holds, if any: without that it need not be looked for."""
    needs = (need for pattern in detectors().patterns for need in pattern.needs)
    return {need: next((mark for mark in _FIRST if mark in need), None) for need in needs}


def merged(spans: list[Span]) -> list[Span]:
    """Return spans in order, those that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _shaped(text: str, patterns: tuple[Pattern, ...], *, lines: bool) -> Iterator[Span]:
    lowered = text.lower()
    for pattern in patterns:
        if (lines or not pattern.lines) and pattern.is_needed(lowered):
            for match in pattern.expression.finditer(text):
                group = match.lastgroup or "secret"
                if not is_placeholder(match[group]):
                    yield match.span(group)


def _private_keys(text: str) -> Iterator[Span]:
    if PRIVATE_KEY_BEGINS not in text:
        return
    position = 0
    while match := PRIVATE_KEY.search(text, position):
        end = text.find("-----END ", match.end())
        stop = len(text) if end < 0 else text.find("\n", end)
        position = len(text) if stop < 0 else stop
        yield match.start(), position
