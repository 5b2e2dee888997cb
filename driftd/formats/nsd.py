"""nsd.conf: clauses of attributes. See nsd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.clauses import Clauses, parse_clauses
from driftd.model.document import Document

NAME = "nsd"
VERSION = 2
PATTERNS = ("nsd.conf", "nsd.conf.sample", "*/nsd/*.conf", "*/nsd/*.conf.d/*.conf", "*/nsd/conf.d/*.conf")

_SYNTAX = Clauses(
    format=NAME,
    single=frozenset({"dnstap", "metrics", "remote-control", "server", "verify", "xdp"}),
    multiple=frozenset({"key", "pattern", "tls-auth", "zone"}),
    repeatable=frozenset(
        {
            *("allow-notify", "allow-query", "control-interface", "include-pattern", "interface", "ip-address"),
            *("notify", "outgoing-interface", "provide-xfr", "request-xfr", "tls-additional-port"),
        }
    ),
)


def parse(data: bytes, path: str) -> Document:
    """Read clauses; quotes are resolved."""
    return parse_clauses(data, path, _SYNTAX)
