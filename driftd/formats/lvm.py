"""lvm.conf and its profiles: sections of settings. See lvm.conf(5)."""

from __future__ import annotations

from driftd.formats.families.braces import Braces, parse_braces
from driftd.model.document import Document

NAME = "lvm"
VERSION = 1
PATTERNS = ("lvm.conf", "lvmlocal.conf", "*/lvm/*.conf", "*/lvm/profile/*.profile")

_SYNTAX = Braces(format=NAME, separator="=")


def parse(data: bytes, path: str) -> Document:
    """Read sections; values are kept with their quotes, which tell text from numbers."""
    return parse_braces(data, path, _SYNTAX)
