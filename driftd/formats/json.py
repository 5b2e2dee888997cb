"""JSON, with a line for every value. Comments and trailing commas are read; they are a problem where JSON is strict."""

from __future__ import annotations

import re

from driftd.formats.json_scanner import JsonScanner
from driftd.formats.lines import decode_strictly
from driftd.formats.path_patterns import PathPatterns
from driftd.model.document import Document

NAME = "json"
VERSION = 1
PATTERNS = (
    "*.json",
    "*.jsonc",
    "*.json5",
    "*.code-workspace",
    "*.geojson",
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
        "*/kea/*.conf",
        "kea-*.conf",
    )
)
"""Where programs are known to accept comments and trailing commas."""


def parse(data: bytes, path: str) -> Document:
    """Read one value; a duplicate key becomes a problem with both lines, and the last value counts."""
    scanner = JsonScanner(decode_strictly(data), lenient=LENIENT.match(path))
    root = scanner.read()
    return Document(path, NAME, root, problems=scanner.problems)


_OPENING = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*+(?:\{\s*+["}]|\[\s*+[\[{"\]])')


def sniff(data: bytes) -> bool:
    """Whether the file opens like an object or a list of values and ends with its bracket."""
    return _OPENING.match(data) is not None and data.rstrip()[-1:] in (b"}", b"]")
