"""What content says about its format, for those that paths do not tell."""

from __future__ import annotations

from collections.abc import Callable

from driftd.model.document import Document, ParseError


def is_well_formed(data: bytes, parse: Callable[[bytes, str], Document]) -> bool:
    """Whether a parser reads all of it."""
    try:
        parse(data, "")
    except ParseError:
        return False
    return True
