"""INI of programs that have no format of their own here: `key = value` in sections.

`[remote "origin"]` is the section `remote.origin`. A line that is indented deeper than its setting continues the
value. Values are kept as written: whether quotes or a trailing `; ...` belong to them differs by program.
"""

from __future__ import annotations

import re

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.lines import lines
from driftd.model.document import Document

NAME = "ini"
VERSION = 2
PATTERNS = (
    "*.ini",
    "*/puppet/puppet.conf",
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


_HEADING = re.compile(r"\[[^\]\[\n]+\]\s*(?:[#;].*)?")
_WORDS = re.compile(r"\[[A-Za-z][\w .:/@-]*\]\s*(?:[#;].*)?")
_SETTING = re.compile(r"[^\s=:\[\]{}()<>;][^=:{};]*[=:].*")
_FIRST = re.compile(r"[A-Za-z][\w.-]*+(?: [\w.-]++)*+\s*+=(?![=~>]).*")


def sniff(data: bytes) -> bool:
    """Whether all lines are sections, settings or indented, and there is a setting in a section, or two sections."""
    sections = settings = words = 0
    for line in lines(data):
        text = line.text.strip()
        if not text or text.startswith(_COMMENTS):
            continue
        if text.startswith("["):
            if _HEADING.fullmatch(text):
                sections += 1
                words += _WORDS.fullmatch(text) is not None
            elif not settings or not line.text[0].isspace():
                return False
        elif not sections:
            if not _FIRST.fullmatch(text):
                return False
        elif _SETTING.fullmatch(text):
            settings += 1
        elif not settings or not line.text[0].isspace():
            return False
    return sections > 0 and (settings > 0 or (sections == words and sections >= 2))
