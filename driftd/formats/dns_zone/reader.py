"""The reader of zones of DNS; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, line_starts
from driftd.model.document import Document, Node, ParseError

_TOKEN = re.compile(
    r"""
      (?P<newline>\n) | (?P<space>[^\S\n]++) | ;[^\n]*+ | (?P<open>\() | (?P<close>\))
    | (?P<word>(?:[^\s;()"\\]++ | \\. | "(?:[^"\\\n]++|\\.)*+")++)
    """,
    re.VERBOSE,
)
_TTL = re.compile(r"(?:[0-9]++[smhdw]?)++", re.IGNORECASE)
_CLASS = re.compile(r"IN|CH|HS|CS|ANY|NONE|CLASS[0-9]++", re.IGNORECASE)
_TYPE = re.compile(r"[A-Z][A-Z0-9-]*+", re.IGNORECASE)
_SOA_FIELDS = ("MNAME", "RNAME", "SERIAL", "REFRESH", "RETRY", "EXPIRE", "MINIMUM")
# Types whose last field is base64 or hexadecimal text, in which white space says nothing: how many stand before it.
_KEY_AFTER = {
    "CDNSKEY": 3,
    "CDS": 3,
    "CERT": 3,
    "DHCID": 0,
    "DNSKEY": 3,
    "DS": 3,
    "OPENPGPKEY": 0,
    "RRSIG": 8,
    "SMIMEA": 3,
    "SSHFP": 2,
    "TLSA": 3,
}


def read(data: bytes, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(builder).read(data)


@dataclass(slots=True)
class _Entry:
    """The words of one record or directive; `inherits`: it starts with white space, its owner is the one before."""

    line: int
    inherits: bool
    words: list[str] = field(default_factory=list)


class _Reader:
    """Makes a row of each entry."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._owner: str | None = None
        self._records = 0

    def read(self, data: bytes) -> Document:
        """Return the document; ParseError where nothing is a record or directive."""
        for entry in _entries(decode(data)):
            if entry.words[0].startswith("$") and not entry.inherits:
                self._directive(entry)
            elif not self._record(entry):
                self._builder.problem(entry.line, "not a resource record")
        document = self._builder.done()
        if document.problems and not self._records:
            raise ParseError("no line is a resource record", document.problems[0].line)
        return document

    def _directive(self, entry: _Entry) -> None:
        name, *arguments = entry.words
        self._add(self._row(entry), name.upper(), _spell(arguments), entry)
        if name.upper() == "$INCLUDE" and arguments:
            self._builder.include(_spell(arguments[:1]))

    def _record(self, entry: _Entry) -> bool:
        words = list(entry.words)
        if not entry.inherits:
            self._owner = words.pop(0)
        ttl, of_class = _take_ttl_and_class(words)
        row = self._row(entry)
        if not words or not _TYPE.fullmatch(words[0]) or self._owner is None:
            self._add(row, "RDATA", _spell(entry.words), entry)
            return False
        self._add(row, "domain-name", self._owner, entry)
        if ttl is not None:
            self._add(row, "TTL", ttl, entry)
        if of_class is not None:
            self._add(row, "class", of_class.upper(), entry)
        self._add(row, "type", words[0].upper(), entry)
        self._data(row, words[0].upper(), words[1:], entry)
        self._records += 1
        return True

    def _data(self, row: Node, kind: str, words: list[str], entry: _Entry) -> None:
        before = _KEY_AFTER.get(kind)
        if kind == "SOA" and len(words) == len(_SOA_FIELDS):
            for name, word in zip(_SOA_FIELDS, words, strict=True):
                self._add(row, name, word, entry)
        elif before is not None and len(words) > before and words[0] != r"\#":
            self._add(row, "RDATA", " ".join((*words[:before], "".join(words[before:]))), entry)
        else:
            self._add(row, "RDATA", _spell(words), entry)

    def _row(self, entry: _Entry) -> Node:
        return self._builder.row(entry.line)

    def _add(self, row: Node, name: str, value: str, entry: _Entry) -> None:
        self._builder.add(name, value, entry.line, at=row)


def _entries(text: str) -> Iterator[_Entry]:
    """Yield what stands on each line, or on several where parentheses are open."""
    starts = line_starts(text)
    entry: _Entry | None = None
    opened: int | None = None
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        line = bisect_right(starts, at)
        if match is None:
            raise ParseError("a quote is not closed" if text[at] == '"' else "a stray backslash", line)
        kind = match.lastgroup
        if kind == "newline" and opened is None:
            if entry is not None and entry.words:
                yield entry
            entry = None
        elif kind in ("word", "open", "space") and entry is None:
            entry = _Entry(line, inherits=kind == "space")
        if kind == "word" and entry is not None:
            entry.words.append(match[0])
        elif kind == "open":
            opened = line
        elif kind == "close":
            if opened is None:
                raise ParseError("unexpected `)`", line)
            opened = None
        at = match.end()
    if opened is not None:
        raise ParseError("a parenthesis is not closed", opened)
    if entry is not None and entry.words:
        yield entry


def _take_ttl_and_class(words: list[str]) -> tuple[str | None, str | None]:
    """Take both off the start, in either order."""
    ttl: str | None = None
    of_class: str | None = None
    while words:
        if ttl is None and _TTL.fullmatch(words[0]):
            ttl = words.pop(0)
        elif of_class is None and _CLASS.fullmatch(words[0]):
            of_class = words.pop(0)
        else:
            break
    return ttl, of_class


_QUOTED = re.compile(r'"([^"\\\s;()]++)"')


def _spell(words: list[str]) -> str:
    """Words joined by one space; quotes stand only where they say something."""
    return " ".join(_QUOTED.sub(r"\1", word) for word in words)
