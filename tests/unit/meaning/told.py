"""What driftd tells of two texts, and ways in which a text may look otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from driftd.audit import dialect_for
from driftd.compare.differ import compare
from driftd.formats.registry import by_name
from driftd.model.change import Change

Value = TypeVar("Value")


class Draw(Protocol):
    """Whatever draws from a strategy: of a composite one, or of a test's own data."""

    def __call__(self, strategy: st.SearchStrategy[Value], /) -> Value: ...


Told = tuple[str, str]
"""Kind and key of a change."""

NAMES = st.sampled_from(
    [
        f"x_{word}"
        for word in ["ab", "bed", "cut", "dot", "eve", "fig", "gas", "hub", "ink", "jam", "kit", "log", "mud", "net"]
    ]
)
"""Names that no program knows, so that no dialect says more about them than the format does."""
VALUES = st.sampled_from(
    [
        f"v{word}"
        for word in [
            "a",
            "ab",
            "b0",
            "c1x",
            "d",
            "e9",
            "f",
            "g",
            "h2",
            "k",
            "lm",
            "n",
            "o7",
            "pq",
            "r",
            "s",
            "t",
            "u",
            "v",
            "w",
            "xyz",
            "1",
            "22",
            "3e4",
        ]
    ]
)
SETTINGS = st.dictionaries(NAMES, VALUES, min_size=2, max_size=6)


def changes(format: str, before: str, after: str, path: str = "/x") -> Sequence[Change]:
    """Every change between two texts of a format; both must parse."""
    parse = by_name(format).parse
    one, other = parse(before.encode(), path), parse(after.encode(), path)
    return compare(one.root, other.root, dialect=dialect_for(other)).changes


def told(format: str, before: str, after: str, path: str = "/x") -> list[Told]:
    """Kind and key of every change between two texts of a format."""
    return [(change.kind.value, change.key) for change in changes(format, before, after, path)]


def otherwise(text: str, draw: Draw) -> str:
    """The same text with other ends of lines, and with or without a mark and an end of the last line."""
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return ("\ufeff" if draw(st.booleans()) else "") + text


def commented(lines: Sequence[str], marks: Sequence[str], draw: Draw) -> list[str]:
    """The lines with lines of comment and empty ones between them."""
    out: list[str] = []
    for line in lines:
        out.extend(draw(st.lists(st.sampled_from([*(f"{mark} said before = 1" for mark in marks), ""]), max_size=2)))
        out.append(line)
    return out
