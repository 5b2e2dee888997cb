"""Items as people name them on a command line: pasted from what driftd printed, or as the shell has them."""

from __future__ import annotations

import os

from driftd.model.item import real_path, shown_path


def item_named(word: str) -> str:
    r"""Return the item that a word means: `\xNN` is a byte, as driftd prints it; any other byte is itself.

    So a name that really holds `\x41` has to be written as it is printed: `\x5cx41`.
    """
    try:
        return shown_path(real_path(word))
    except (ValueError, UnicodeEncodeError):
        return shown_path(os.fsencode(word))  # a backslash and an x that begin no escape
