"""JSON and JSON5, with a line for every value. Comments and trailing commas are read; they are a problem where JSON is strict."""

from __future__ import annotations

import re

from driftd.formats.parts.lines import decode_strictly
from driftd.formats.path_patterns import PathPatterns
from driftd.model.document import Document

NAME = "json"
VERSION = 2
PATTERNS = (
    "*.json",
    "*.jsonc",
    "*.json5",
    "*.code-workspace",
    "*.geojson",
    "*.ndjson",
    "*.jsonl",
    "*.webmanifest",
    "*/.babelrc",
    "*/.eslintrc",
    "*/.jshintrc",
    "*/.jscsrc",
    "*/docker/daemon.json",
    "*/.docker/config.json",
    "*/kea/*.conf",
    "kea-*.conf",
)
LENIENT = PathPatterns(
    (
        "*.jsonc",
        "*.json5",
        "*.code-workspace",
        "*/.vscode/*.json",
        "*/.babelrc",
        "*/.eslintrc",
        "*/.eslintrc.json",
        "*/.jshintrc",
        "*/.jscsrc",
        "*/devcontainer.json",
        "*/jsconfig*.json",
        "*/tsconfig*.json",
        "*/waybar/config",
        "*.conf",
        "*.cfg",
    )
)
"""Where programs accept comments and trailing commas: they are known to, or the file is JSON by its content alone."""
JSON5 = PathPatterns(("*.json5", "*/.babelrc"))
STREAMS = PathPatterns(("*.ndjson", "*.jsonl"))
"""One value a line: they are the members of a list."""


def parse(data: bytes, path: str) -> Document:
    """Read one value; a duplicate key becomes a problem with both lines, and the last value counts."""
    from driftd.formats.json.json5_scanner import Json5Scanner  # late: it is only declared here
    from driftd.formats.json.scanner import JsonScanner

    kind = Json5Scanner if JSON5.match(path) else JsonScanner
    scanner = kind(decode_strictly(data), lenient=LENIENT.match(path))
    root = scanner.read_stream() if STREAMS.match(path) else scanner.read()
    return Document(path, NAME, root, problems=scanner.problems, includes=scanner.includes)


_GAP = rb"(?:\s++|//[^\n]*+|\#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+"
_OPENING = re.compile(
    rb"\A(?:\xef\xbb\xbf)?" + _GAP + rb"(?:\{" + _GAP + rb'(?:"(?:[^"\\\n]++|\\.)*+"\s*+:|\})|\[' + _GAP + rb'[\[{"\]])'
)
_END = 4_096
_CLOSING = re.compile(rb"[}\]]\s*+(?:(?://|\#)[^\n]*+\s*+)*+\Z")


def sniff(data: bytes) -> bool:
    """Whether the file opens like an object or a list of values and ends with its bracket, but for comments."""
    return _OPENING.match(data) is not None and _CLOSING.search(data[-_END:]) is not None
