"""rsyslog.conf and syslog.conf: selectors with actions, `$Directive` lines, RainerScript.

See https://www.rsyslog.com/doc/configuration/index.html and syslog.conf(5). What is done with a message is the list
`rules`, in its order; `$Action...` lines are members of the rule that they come before. Names ignore case.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "rsyslog"
VERSION = 1
PATTERNS = (
    "rsyslog.conf",
    "*.rsyslog.conf",
    "*.rsyslog",
    "rsyslog.*.conf",
    "*/rsyslog.d/*",
    "/etc/syslog.conf",
    "/etc/syslog.d/*",
)
HINTS = ("*.conf",)


def parse(data: bytes, path: str) -> Document:
    """Read rules, directives and objects; ParseError names the line of what is none of them."""
    from driftd.formats.rsyslog.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME))


_TYPICAL = re.compile(
    rb"""
    ^[ \t]*+(?:
      \$(?:ModLoad|IncludeConfig|template|ActionFileDefaultTemplate|InputTCPServerRun|UDPServerRun|WorkDirectory)\s
    | (?:module\(\s*+load|input\(\s*+type|ruleset\(\s*+name|action\(\s*+type)\s*+=
    | :(?:msg|programname|hostname|syslogtag|fromhost|rawmsg)\s*+,\s*+!?\w++\s*+,
    | if\s*+\(*+\s*+\$(?:programname|msg|hostname|syslog|fromhost|!|\.)
    | (?:\*|auth|authpriv|cron|daemon|kern|local[0-7]|mail|news|user|lpr)(?=[^\s.]*+\.)[\w.,;=!*]++[ \t]++[-/@|:*~]
    )
    """,
    re.VERBOSE | re.MULTILINE,
)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a line that is typical of rsyslog or syslogd."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
