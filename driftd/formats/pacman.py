"""pacman.conf: options and repositories of pacman. See pacman.conf(5)."""

from __future__ import annotations

from driftd.formats.families.sections import WHOLE_LINE, SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "pacman"
VERSION = 2
PATTERNS = (
    "pacman.conf",
    "*/pacman.d/*.conf",
    "*/pacman.d/mirrorlist",
    "*/pacman.d/hooks/*.hook",
    "*/libalpm/hooks/*.hook",
)

_SYNTAX = SectionSyntax(
    format=NAME,
    comments=("#",),
    separators=("=",),
    heading=WHOLE_LINE,
    repeatable=frozenset(
        {
            *("CacheDir", "HookDir", "HoldPkg", "IgnoreGroup", "IgnorePkg", "Include", "NoExtract", "NoUpgrade"),
            *("Server", "Target", "Trigger.Type", "Trigger.Operation"),
        }
    ),
    includes=frozenset({"Include"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read options and repositories; a switch without value is null."""
    return parse_sections(data, path, _SYNTAX)
