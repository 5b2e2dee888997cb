"""Which format a file is of: by its path, then by its content."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from driftd.formats import conf, text
from driftd.formats.conf.files import reads as is_configuration
from driftd.formats.path_index import PathIndex
from driftd.formats.registry import FORMATS, Format, by_name

_CONF = by_name(conf.NAME)
_TEXT = by_name(text.NAME)
_KNOWN = PathIndex((pattern, entry) for entry in FORMATS for pattern in entry.patterns)
_HINTED = PathIndex((pattern, entry) for entry in FORMATS for pattern in entry.hints)
_ANYWHERE = tuple(
    (entry, sniff)
    for entry in FORMATS
    if (sniff := entry.typical or (None if entry.hints else entry.sniff)) is not None
)


def detect(path: str, data: bytes) -> Format | None:
    """Return the format by path, else by content, else conf or text; None for binary content."""
    known = _KNOWN.first(path)
    if known is not None:
        return known
    if is_binary(data):
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    for entry in _HINTED.all(path):
        if entry.sniff is not None and _looks_like(entry.sniff, data):
            return entry
    for entry, sniff in _ANYWHERE:
        if _looks_like(sniff, data):
            return entry
    return _CONF if is_configuration(path, data) else _TEXT


def _looks_like(sniff: Callable[[bytes], bool], data: bytes) -> bool:
    """Whether content looks like a format; a mistake in asking is a no, and not the end of the audit."""
    try:
        return sniff(data)
    except Exception:  # noqa: BLE001 - the same bounds hold as for reading
        return False


def is_binary(data: bytes) -> bool:
    """Whether content is no text: it holds NUL bytes, and is not UTF-16 without control characters."""
    if b"\x00" not in data:
        return False
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        decoded = data.decode("utf-16")
    except UnicodeDecodeError:
        return True
    return any(char < " " and char not in "\t\n\r\f" for char in decoded)
