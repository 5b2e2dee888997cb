"""ntp.conf: a command and its arguments on each line; names ignore case. See ntp.conf(5) of NTP and NTPsec."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "ntp"
VERSION = 1
PATTERNS = (
    "ntp.conf",
    "*/ntp.conf",
    "*/ntp/*.conf",
    "*/ntpsec/*.conf",
    "*/ntpsec/ntp.d/*.conf",
    "ntpd.conf",
)

_SYNTAX = Directives(
    format=NAME,
    trailing=True,
    quotes=True,
    ignore_case=True,
    repeatable=frozenset(
        {
            *("broadcast", "broadcastclient", "constraint", "constraints", "crypto", "disable", "enable"),
            *("filegen", "fudge", "includefile", "interface", "listen", "manycastclient", "manycastserver", "mru"),
            *("multicastclient", "nic", "peer", "pool", "refclock", "restrict", "sensor", "server", "servers"),
            *("setvar", "statistics", "tinker", "tos", "trap", "trustedkey", "unpeer", "unrestrict"),
        }
    ),
    includes=frozenset({"includefile"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read commands; arguments are joined by one space."""
    return parse_directives(data, path, _SYNTAX)
