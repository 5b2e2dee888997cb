"""Items as people name them on a command line: pasted from what driftd printed, or as the shell has them."""

from __future__ import annotations

import os
import re
from typing import Final

from driftd.model.item import real_path, shown_path

_NO_ESCAPE: Final = re.compile(r"\\x(?![0-9a-fA-F]{2})")
"""A backslash and an x that begin no escape: driftd prints no such item."""


def item_named(word: str) -> str:
    r"""Return the item that a word means: `\xNN` is a byte, as driftd prints it; any other byte is itself.

    So a name that really holds `\x41` has to be written as it is printed: `\x5cx41`.
    """
    if _NO_ESCAPE.search(word):
        return shown_path(os.fsencode(word))
    return shown_path(real_path(word))


def words_named(words: list[str]) -> list[str]:
    """Return what words mean of which each is the name of a baseline or an item: items begin with `/`."""
    return [item_named(word) if word.startswith("/") else word for word in words]
