"""Java properties: `key=value`, `key: value` or `key value`, with escapes. See java.util.Properties.load()."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, decode, ends_in_backslash
from driftd.model.document import Document, ParseError

NAME = "properties"
VERSION = 2
PATTERNS = (
    "*.properties",
    "*.properties.template",
    "*/java*/**/java.security",
    "*/java*/**/java.policy.properties",
    "zoo.cfg",
    "zoo_sample.cfg",
    "zoo.cfg.dynamic*",
)

_BLANK = " \t\f"
_KEY = re.compile(r"((?:[^\\=: \t\f]++|\\.|\\\Z)*+)[ \t\f]*+(?:[=:][ \t\f]*+)?", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.|\Z)", re.DOTALL)
_ESCAPED = {"t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def parse(data: bytes, path: str) -> Document:
    r"""Read settings; a key without value has an empty one, ParseError where a `\u` is not followed by four digits."""
    builder = DocumentBuilder(path, NAME)
    for line in _logical(_natural(data)):
        match = _KEY.match(line.text)
        assert match is not None
        builder.add(_resolved(match[1], line.number), _resolved(line.text[match.end() :], line.number), line.number)
    return builder.done()


def _natural(data: bytes) -> Iterator[Line]:
    """Lines as Java ends them: at LF, CR LF and a lone CR, which is no line of its own to anybody else."""
    for number, text in enumerate(_decode(data).split("\n"), 1):
        for part in text.split("\r"):
            yield Line(number, part.lstrip(_BLANK))


def _decode(data: bytes) -> str:
    """Text in UTF-8 or UTF-16, else in Latin-1, which properties were in until Java 9."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            # Some writers spell the halves of a character one by one (CESU-8).
            return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogatepass").replace("\r\n", "\n")
        except UnicodeDecodeError:
            return data.decode("latin-1").replace("\r\n", "\n")
    return decode(data)


def _logical(source: Iterator[Line]) -> Iterator[Line]:
    """Join lines that a backslash continues; blank lines and comments are left out, unless they continue a line."""
    parts: list[str] = []
    first = 0
    for line in source:
        if not parts:
            if not line.text or line.text[0] in "#!":
                continue
            first = line.number
        if ends_in_backslash(line.text):
            parts.append(line.text[:-1])
            continue
        text = "".join((*parts, line.text))
        if text:
            yield Line(first, text)
        parts = []
    if any(parts):
        yield Line(first, "".join(parts))


def _resolved(text: str, number: int) -> str:
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped == "u":
            raise ParseError("\\u is not followed by four hexadecimal digits", number)
        return chr(int(escaped[1:], 16)) if len(escaped) == 5 else _ESCAPED.get(escaped, escaped)

    resolved = _ESCAPE.sub(character, text)
    # Two escapes may be the halves of one character.
    return resolved.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
