"""The text that scalars of YAML spell: their lines joined, their escapes resolved."""

from __future__ import annotations

import re

_ESCAPED = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|\Z)", re.DOTALL)
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_WHITE = " \t"


def plain(body: str) -> str:
    """Return the text of a plain scalar."""
    return _folded(body) if "\n" in body else body


def single_quoted(body: str) -> str:
    """Return the text between single quotes."""
    return plain(body).replace("''", "'")


def double_quoted(body: str) -> str:
    """Return the text between double quotes; ValueError names an escape that YAML does not know."""
    if "\n" in body:
        body = _folded(body, escapes=True)
    if "\\" not in body:
        return body
    return _HALVES.sub(_whole, _ESCAPE.sub(_unescaped, body))


def literal(lines: list[str], chomping: str) -> str:
    """Return the text of a literal block: its lines as they are; the end as `-` (none), `+` (all) or neither says."""
    return _chomped("\n".join(lines).rstrip("\n"), lines, chomping)


def folded(lines: list[str], chomping: str) -> str:
    """Return the text of a folded block: lines are joined by spaces, unless they are indented or blank ones are between."""
    parts: list[str] = []
    breaks = 0
    indented_before: bool | None = None
    for line in lines:
        if not line:
            breaks += 1
            continue
        indented = line[0] in _WHITE
        if indented_before is None:
            parts.append("\n" * breaks)
        elif indented or indented_before:
            parts.append("\n" * (breaks + 1))
        else:
            parts.append("\n" * breaks or " ")
        parts.append(line)
        indented_before, breaks = indented, 0
    return _chomped("".join(parts), lines, chomping)


def _chomped(text: str, lines: list[str], chomping: str) -> str:
    if chomping == "-":
        return text
    if chomping == "+":
        blank = next((at for at, line in enumerate(reversed(lines)) if line), len(lines))
        return text + "\n" * (blank + bool(text.strip("\n")))
    return text + "\n" if text.strip("\n") else ""


def _folded(body: str, *, escapes: bool = False) -> str:
    """Join lines: a single end of line is a space, one that is escaped is nothing, a blank line is an end of line."""
    first, *middle, last = body.split("\n")
    text, escaped = _line(first, escapes=escapes)
    parts, breaks = [text], 0
    for line in middle:
        text, escapes_end = _line(line.lstrip(_WHITE), escapes=escapes)
        if not text and not escapes_end:
            breaks += 1
            continue
        parts += ("\n" * breaks or ("" if escaped else " "), text)
        escaped, breaks = escapes_end, 0
    parts += ("\n" * breaks or ("" if escaped else " "), last.lstrip(_WHITE))
    return "".join(parts)


def _line(line: str, *, escapes: bool) -> tuple[str, bool]:
    """A line without the white space at its end, and whether a backslash escapes the end itself."""
    text = line.rstrip(_WHITE)
    if not escapes or (len(text) - len(text.rstrip("\\"))) % 2 == 0:
        return text, False
    if len(text) < len(line):
        return line[: len(text) + 1], False  # the backslash escapes white space
    return text[:-1], True


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape not in _ESCAPED:
        raise ValueError(f"`\\{escape}` is no escape of YAML")
    return _ESCAPED[escape]


def _whole(match: re.Match[str]) -> str:
    """Two escapes may be the halves of one character, as in JSON."""
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")
