"""Colours, where whoever reads can see them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Style:
    """Whether a stream shows colours."""

    color: bool

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Return what suits a stream: colours on a terminal, unless NO_COLOR is set."""
        return cls(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")

    @classmethod
    def chosen(cls, when: str, stream: TextIO, *, paged: bool = False) -> Style:
        """Return what `--color` says; `paged`: a pipe whose other end is a terminal."""
        if when != "auto":
            return cls(when == "always")
        if paged and not stream.isatty():
            return cls(not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
        return cls.of(stream)

    def paint(self, text: str, code: str) -> str:
        """Return text in a colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text
