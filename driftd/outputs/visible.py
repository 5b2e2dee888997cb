"""Text from files and names, made safe to show: a terminal obeys nothing in it."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    r"""Return text on one line with every character that is not printable escaped: `\x1b`, `\u202e`."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    match char:
        case "\n":
            return "\\n"
        case "\t":
            return "\\t"
        case "\r":
            return "\\r"
        case _ if "\udc80" <= char <= "\udcff":  # a byte that was not UTF-8
            return f"\\x{ord(char) - 0xDC00:02x}"
        case _ if ord(char) < 0x100:
            return f"\\x{ord(char):02x}"
        case _:
            return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def cells(text: str) -> int:
    """Return how many columns of a terminal printable text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def fit(text: str, width: int) -> str:
    """Return text cut to a width, `…` standing for the rest."""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for char in text:
        used += cells(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept) + "…"
