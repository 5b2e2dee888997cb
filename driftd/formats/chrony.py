"""chrony.conf: a directive and its arguments on each line; names ignore case. See chrony.conf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "chrony"
VERSION = 2
PATTERNS = (
    "chrony.conf",
    "chrony*.conf",
    "*/chrony/*.conf",
    "*/chrony/conf.d/*.conf",
    "*/chrony.d/*.conf",
    "*/chrony/sources.d/*.sources",
    "*/chrony-dhcp/*.sources",
)

_SYNTAX = Directives(
    format=NAME,
    comments=("#", "!", ";", "%"),
    ignore_case=True,
    repeatable=frozenset(
        {
            *("allow", "bindaddress", "broadcast", "cmdallow", "cmddeny", "confdir", "deny", "hwtimestamp"),
            *("include", "initstepslew", "mailonchange", "ntsservercert", "ntsserverkey", "ntstrustedcerts"),
            *("peer", "pool", "ratelimit", "refclock", "server", "sourcedir"),
        }
    ),
    includes=frozenset({"confdir", "include", "sourcedir"}),
    # The last line wins, also over what is included before it; `allow all` takes back what was denied before it.
    orders=(("confdir", "*", "include"), ("allow", "deny"), ("cmdallow", "cmddeny")),
)


def parse(data: bytes, path: str) -> Document:
    """Read directives; arguments are joined by one space."""
    return parse_directives(data, path, _SYNTAX)
