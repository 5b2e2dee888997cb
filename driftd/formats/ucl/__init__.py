"""UCL, the language of rspamd and of FreeBSD's pkg. See https://github.com/vstakhov/libucl#basic-structure.

`section name { }` is `section { name { } }`; a key that comes again makes a list. Numbers with a unit and `yes`, `on` are
what UCL takes them for.
"""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "ucl"
VERSION = 1
PATTERNS = (
    "rspamd.conf",
    "rspamd.conf.local",
    "rspamd.conf.local.override",
    "rspamd.conf.override",
    "*/rspamd/*.conf",
    "*/rspamd/**/*.conf",
    "*/rspamd/*.inc",
    "*/rspamd/local.d/*.inc",
    "*/rspamd/override.d/*.inc",
    "*/rspamd/modules.d/*.inc",
    "*/rspamd/scores.d/*.inc",
    "*/pkg/repos/*.conf",
    "*/etc/pkg.conf",
    "*.ucl",
)


def parse(data: bytes, path: str) -> Document:
    """Read keys and sections; ParseError names the line of what is not closed."""
    from driftd.formats.ucl.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME, untyped=False))
