"""Where in a text secrets stand: passwords in URLs, keys by their shape, `password=...` inside longer lines.

Every function here takes time linear in the text: what it searches is first asked for by a plain substring, and
expressions repeat only up to a bound.
"""

from __future__ import annotations

from collections.abc import Iterator

from driftd.secrets.assignments import named_secrets
from driftd.secrets.detectors import Pattern, detectors
from driftd.secrets.stretches import PRIVATE_KEY, stretch_spans
from driftd.secrets.urls import url_passwords
from driftd.secrets.values import is_placeholder

Span = tuple[int, int]


def secret_spans(text: str, *, lines: bool = False, patterns: tuple[Pattern, ...] | None = None) -> list[Span]:
    """Return the parts of a text that must be hidden, in order, none overlapping; `lines`: it is lines of a file.

    `patterns`: the likely ones of the document the text is from.
    """
    shapes = _shaped(text, detectors().patterns if patterns is None else patterns, lines=lines)
    found = [*url_passwords(text), *shapes, *_private_keys(text), *named_secrets(text, lines=lines)]
    if "\n" in text:
        found += stretch_spans(text)
    return _merged(found)


def likely_patterns(text: str) -> tuple[Pattern, ...]:
    """Return the patterns that anything in a whole document can match, so that its values are not asked for the others."""
    lowered = text.lower()
    return tuple(pattern for pattern in detectors().patterns if pattern.is_needed(lowered))


def _merged(spans: list[Span]) -> list[Span]:
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
    if "-----BEGIN " not in text:
        return
    position = 0
    while match := PRIVATE_KEY.search(text, position):
        end = text.find("-----END ", match.end())
        stop = len(text) if end < 0 else text.find("\n", end)
        position = len(text) if stop < 0 else stop
        yield match.start(), position
