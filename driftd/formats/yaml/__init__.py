"""YAML 1.2: streams of documents, typed by the core schema. See docs/decisions/0010-yaml-typing.md and yaml.org/spec/1.2.2."""

from __future__ import annotations

import re

from driftd.formats.parts.lines import decode_strictly
from driftd.model.document import Document, Node, ParseError

NAME = "yaml"
VERSION = 2
PATTERNS = (
    "*.yaml",
    "*.yml",
    "*/.clang-format",
    "*/.yamllint",
    "*/salt/minion",
    "*/salt/master",
    "*/salt/minion.d/*.conf",
    "*/salt/master.d/*.conf",
    "/etc/mongod.conf",
    "/etc/mongos.conf",
)


def parse(data: bytes, path: str) -> Document:
    """Read all documents: one is the root, several are its members; a duplicate key becomes a problem."""
    from driftd.formats.yaml.stream import Stream  # late: eight modules

    text = decode_strictly(data, utf16=True).replace("\r\n", "\n").replace("\r", "\n")
    if forbidden := _FORBIDDEN.search(text):
        line = text.count("\n", 0, forbidden.start()) + 1
        raise ParseError("a character that YAML does not allow", line)
    stream = Stream(text if text.endswith("\n") else text + "\n")
    documents = list(stream.documents())
    root = documents[0] if len(documents) == 1 else Node(documents, 1) if documents else Node(None, 1)
    return Document(path, NAME, root, problems=stream.problems)


_FORBIDDEN = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _line_of_forbidden(text: str) -> int | None:
    match = _FORBIDDEN.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else None


_OPENING = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*+)?\r?\n)*+(?:%YAML[^\n]*+\n)?---[ \t]*\r?\n")
_FIRST = re.compile(rb"(?:[ \t]*(?:#[^\n]*+)?\r?\n)*+(?:- |[\w.\-/]++:(?:[ \t]|\r?\n))")


def sniff(data: bytes) -> bool:
    """Whether the file opens with `---` and a key or list member follows."""
    opening = _OPENING.match(data)
    return opening is not None and _FIRST.match(data, opening.end()) is not None
