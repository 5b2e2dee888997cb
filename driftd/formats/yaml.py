"""YAML: streams of documents, typed by the core schema of YAML 1.2. See docs/decisions/0010-yaml-typing.md.

Trees are made from the parser's stream of events: libyaml's own composing is recursive and can crash the interpreter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftd.formats.builder import MAX_DEPTH
from driftd.formats.lines import decode_strictly
from driftd.formats.yaml_composer import Composer
from driftd.model.document import Document, Node, ParseError

if TYPE_CHECKING:
    import yaml

NAME = "yaml"
VERSION = 1
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

_SECOND_OPINION = 64 * 1024
"""Texts up to this length that libyaml refuses are read by PyYAML's own parser, which knows more of YAML 1.2."""


def parse(data: bytes, path: str) -> Document:
    """Read all documents: one is the root, several are its members; a duplicate key becomes a problem."""
    import yaml

    text = decode_strictly(data, utf16=True)
    loaders: list[Any] = [yaml.BaseLoader]
    if hasattr(yaml, "CBaseLoader"):
        loaders = [yaml.CBaseLoader] if len(text) > _SECOND_OPINION else [yaml.CBaseLoader, yaml.BaseLoader]
    first_error: ParseError | None = None
    for loader in loaders:
        try:
            return _compose(text, path, loader)
        except ParseError as error:
            first_error = first_error or error
    assert first_error is not None
    raise first_error


def _compose(text: str, path: str, loader: Any) -> Document:
    import yaml

    composer = Composer(max(1, text.count("\n") + (not text.endswith("\n"))))
    try:
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.reader.ReaderError as error:
        raise ParseError("a character that YAML does not allow", _line_of_forbidden(text)) from error
    except yaml.MarkedYAMLError as error:
        raise ParseError(
            _REWORDED.get(error.problem or "", error.problem or "not valid YAML"), _line_of(error)
        ) from error
    documents = composer.documents
    root = documents[0] if len(documents) == 1 else Node(documents, 1) if documents else Node(None, 1)
    return Document(path, NAME, root, problems=composer.problems)


_REWORDED = {"exceeded maximum nesting depth": f"nested deeper than {MAX_DEPTH} levels"}
"""libyaml since 0.2.6 refuses deep nesting itself, before the events get to our own bound."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _line_of_forbidden(text: str) -> int | None:
    match = _FORBIDDEN.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else None


def _line_of(error: yaml.MarkedYAMLError) -> int | None:
    for mark in (error.problem_mark, error.context_mark):
        if mark is not None:
            return int(mark.line) + 1
    return None


_OPENING = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*+)?\r?\n)*+(?:%YAML[^\n]*+\n)?---[ \t]*\r?\n")
_FIRST = re.compile(rb"(?:[ \t]*(?:#[^\n]*+)?\r?\n)*+(?:- |[\w.\-/]++:(?:[ \t]|\r?\n))")


def sniff(data: bytes) -> bool:
    """Whether the file opens with `---` and a key or list member follows."""
    opening = _OPENING.match(data)
    return opening is not None and _FIRST.match(data, opening.end()) is not None
