"""yaml-test-suite: the values its JSON states, by YAML 1.2's core schema, and refusals where a text is wrong."""

from __future__ import annotations

import json
from typing import Any

import yaml
from scoring.corpus import Record
from scoring.values import parsed, same


def case(record: Record) -> tuple[str, bool, bool | None] | None:
    """A case with an error must be refused; one with JSON must have those values."""
    text = str(record["yaml"])
    document = parsed("yaml", text.encode("utf-8", "surrogatepass"), "/x.yaml")
    library = _library(text)
    if record["error"]:
        return "errors refused", document is None, library is None
    if "json" not in record:
        return "others are read", document is not None, library is not None
    wanted = _stream(str(record["json"]))
    found = None if document is None else document.root.to_json()
    ours = found if len(wanted) > 1 else [found]
    if not wanted and found is None:
        ours = []
    return "values", document is not None and same(ours, wanted), library is not None and same(library, wanted)


def _library(text: str) -> list[Any] | None:
    try:
        return list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None


def _stream(text: str) -> list[Any]:
    decoder, at, out = json.JSONDecoder(), 0, []
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        out.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return out
