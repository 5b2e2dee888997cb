"""Lines of a file as the parsers of line formats see them: decoded, numbered, without their ends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from driftd.model.document import ParseError


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, or several that a continuation joined; `number` is that of the first."""

    number: int
    text: str


def decode(data: bytes) -> str:
    """Return the text of a file without its byte order mark, its lines ended by LF.

    Bytes that are not UTF-8 survive as lone surrogates.
    """
    text = _from_utf16(data)
    if text is None:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    return text.replace("\r\n", "\n")


def _from_utf16(data: bytes) -> str | None:
    """The text of a file with a mark of UTF-16; None where it has none, or is not UTF-16 after all."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError:
        return None


def decode_strictly(data: bytes, *, utf16: bool = False) -> str:
    """Return the text of a file whose format demands UTF-8; ParseError names the line of the first wrong byte.

    `utf16`: the format allows UTF-16 with a byte order mark, too.
    """
    try:
        if utf16 and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"not valid {error.encoding.upper()}", data.count(b"\n", 0, error.start) + 1) from error


def lines(data: bytes) -> Iterator[Line]:
    """Yield every line; LF and CRLF end one, and what follows the last end is a line unless it is empty."""
    text = decode(data)
    start, number = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        stop = len(text) if end < 0 else end
        yield Line(number, text[start:stop])
        start, number = stop + 1, number + 1


def significant(source: Iterable[Line], comments: tuple[str, ...] = ("#",)) -> Iterator[Line]:
    """Yield lines without surrounding white space; empty lines and whole-line comments are left out."""
    for line in source:
        text = line.text.strip()
        if text and not text.startswith(comments):
            yield Line(line.number, text)


def continued(
    source: Iterable[Line], joiner: str, *, inner_comments: tuple[str, ...] = (), unindent: bool = False
) -> Iterator[Line]:
    """Join a line that ends in a backslash with the next; comment lines amid such lines are left out.

    An even number of backslashes is escaped ones. Lines are joined with `joiner` in place of the backslash; where it
    is white space, that at the start of the next line does not count, nor that before the backslash unless a double
    quote is open.
    """
    parts: list[str] = []
    number = quotes = 0
    for line in source:
        text = line.text
        if inner_comments and text.lstrip().startswith(inner_comments):
            if not parts:
                yield line
            continue
        if not parts:
            number, quotes = line.number, 0
        elif joiner or unindent:
            text = text.lstrip()
        if ends_in_backslash(text):
            quotes += text.count('"') - text.count('\\"')
            parts.append(text[:-1].rstrip() if joiner and quotes % 2 == 0 else text[:-1])
            continue
        yield Line(number, joiner.join((*parts, text)))
        parts = []
    if parts:
        yield Line(number, joiner.join(parts))


def indented(source: Iterable[Line], comments: tuple[str, ...] = ("#",)) -> Iterator[Line]:
    """Join lines that start with white space to the one before; blank lines and comments amid them are left out."""
    number = 0
    parts: list[str] = []
    for line in source:
        text = line.text.strip()
        if not text or text.startswith(comments):
            continue
        if parts and line.text[0].isspace():
            parts.append(text)
            continue
        if parts:
            yield Line(number, " ".join(parts))
        number, parts = line.number, [text]
    if parts:
        yield Line(number, " ".join(parts))


def joined(data: bytes, comments: tuple[str, ...], *, by_backslash: bool, by_indent: bool) -> Iterator[Line]:
    """Yield the significant lines, those that a backslash or white space at their start belongs to joined."""
    source: Iterable[Line] = lines(data)
    if by_backslash:
        source = continued(source, " ", inner_comments=comments)
    if by_indent:
        source = indented(source, comments)
    return significant(source, comments)


def ends_in_backslash(text: str) -> bool:
    """Whether the last character is a backslash that no other escapes."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def line_starts(text: str) -> list[int]:
    """Return the offset at which each line starts, for `bisect_right(starts, offset)` = line number."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a match that starts at a place ends; the place itself where there is none."""
    match = pattern.match(text, at)
    return match.end() if match else at
