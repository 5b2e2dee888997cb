"""INI of programs that have no format of their own here: `key = value` in sections.

`[remote "origin"]` is the section `remote.origin`. A line that is indented deeper than its setting continues the
value. Values are kept as written: whether quotes or a trailing `; ...` belong to them differs by program.
"""

from __future__ import annotations

import re

from driftd.formats.lines import lines
from driftd.formats.sections import SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "ini"
VERSION = 1
PATTERNS = (
    "*.ini",
    "*/puppet/puppet.conf",
    "*/mke2fs.conf",
    "*/avahi/avahi-daemon.conf",
    "*/sssd/*.conf",
    "*/sssd/conf.d/*.conf",
    "*/sddm.conf",
    "*/sddm.conf.d/*.conf",
    "*/ceph/*.conf",
    "ceph.conf",
    "*/ufw/applications.d/*",
    "odbcinst.ini",
    "hgrc",
    ".hgrc",
)

_COMMENTS = ("#", ";")
_SYNTAX = SectionSyntax(format=NAME, comments=_COMMENTS, indented=True, subsections=True)


def parse(data: bytes, path: str) -> Document:
    """Read sections and settings; a key that comes again is kept as a repeated one, one without value is null."""
    return parse_sections(data, path, _SYNTAX)


_LINE = re.compile(r"\[[^\]\[\n]+\]\s*(?:[#;].*)?|[^\s=:\[\]{}()<>;][^=:{};]*[=:].*")


def sniff(data: bytes) -> bool:
    """Whether the first line is a section and all others are sections, settings or indented."""
    seen_section = seen_setting = False
    for line in lines(data):
        text = line.text.strip()
        if not text or text.startswith(_COMMENTS):
            continue
        if not seen_section and not text.startswith("["):
            return False
        if not _LINE.fullmatch(text) and not (seen_setting and line.text[0].isspace()):
            return False
        seen_section = True
        seen_setting = seen_setting or not text.startswith("[")
    return seen_setting
