"""corosync.conf: sections of settings. See corosync.conf(5)."""

from __future__ import annotations

from driftd.formats.families.braces import Braces, parse_braces
from driftd.model.document import Document

NAME = "corosync"
VERSION = 1
PATTERNS = ("corosync.conf", "*/corosync/*.conf", "*/corosync/uidgid.d/*")

_SYNTAX = Braces(format=NAME, separator=":", multiple=frozenset({"device", "interface", "logger_subsys", "node"}))


def parse(data: bytes, path: str) -> Document:
    """Read sections."""
    return parse_braces(data, path, _SYNTAX)
