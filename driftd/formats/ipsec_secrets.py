"""Secrets of IPsec: a table of which hosts or users share which secret. See ipsec.secrets(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.parts.lines import Line, lines
from driftd.model.document import Document

NAME = "ipsec_secrets"
VERSION = 1
PATTERNS = ("ipsec.secrets", "*/ipsec.d/*.secrets", "*.ipsec.secrets")

_TABLE = Table(format=NAME, columns=("selectors", "type", "secret"), least=2)
_SEPARATOR = re.compile(r"(?:\A|\s):\s++")


def parse(data: bytes, path: str) -> Document:
    """Read secrets, each a row; `selectors` is empty where a secret is for everyone."""
    reader = TableReader(data, path, _TABLE)
    for line in _joined(data):
        keyword, _, included = line.text.partition(" ")
        separator = _SEPARATOR.search(line.text)
        if keyword == "include" and included:
            reader.builder.add("include", included.strip(), line.number, at=reader.other(line))
            reader.builder.include(included.strip())
        elif separator is None:
            reader.row(line, fields=[line.text])
        else:
            selectors = " ".join(line.text[: separator.start()].split())
            kind, *secret = line.text[separator.end() :].split(None, 1)
            reader.row(line, fields=[selectors, kind.upper(), *secret])
    return reader.done()


def _joined(data: bytes) -> Iterator[Line]:
    """Lines that say something; one that is indented continues the one before."""
    number, parts = 0, list[str]()
    for line in lines(data):
        text = line.text.strip()
        if not text or text.startswith("#"):
            continue
        if parts and not line.text[0].isspace():
            yield Line(number, " ".join(parts))
            parts = []
        number = number if parts else line.number
        parts.append(text)
    if parts:
        yield Line(number, " ".join(parts))
