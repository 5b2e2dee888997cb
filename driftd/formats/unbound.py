"""unbound.conf: clauses of attributes. See unbound.conf(5)."""

from __future__ import annotations

from driftd.formats.families.clauses import Clauses, looks_like_clauses, parse_clauses
from driftd.model.document import Document

NAME = "unbound"
VERSION = 2
PATTERNS = (
    "unbound.conf",
    "unbound*.conf",
    "*/unbound/*.conf",
    "*/unbound/*.conf.d/*.conf",
    "*/unbound/conf.d/*.conf",
    "*/unbound/local.d/*.conf",
)
HINTS = ("*/*unbound*/*.conf", "*.conf")

_SYNTAX = Clauses(
    format=NAME,
    single=frozenset(
        {"cachedb", "dnscrypt", "dnstap", "dynlib", "ipset", "python", "redis", "remote-control", "server"}
    ),
    multiple=frozenset({"auth-zone", "forward-zone", "rpz", "stub-zone", "view"}),
    repeatable=frozenset(
        {
            *("access-control", "access-control-tag", "access-control-tag-action", "access-control-tag-data"),
            *("access-control-view", "allow-notify", "auto-trust-anchor-file", "caps-exempt", "caps-whitelist"),
            *("client-subnet-always-forward", "client-subnet-zone", "control-interface", "define-tag"),
            *("do-not-query-address", "domain-insecure", "edns-client-string", "forward-addr", "forward-host"),
            *("interface", "interface-action", "interface-tag", "interface-tag-action", "interface-tag-data"),
            *("interface-view", "ip-address", "local-data", "local-data-ptr", "local-zone", "local-zone-override"),
            *("local-zone-tag", "master", "outgoing-interface", "outgoing-port-avoid", "outgoing-port-permit"),
            *("primary", "private-address", "private-domain", "proxy-protocol-port", "ratelimit-below-domain"),
            *("ratelimit-for-domain", "response-ip", "response-ip-data", "response-ip-tag", "rpz-signal-nxdomain-ra"),
            *("send-client-subnet", "stub-addr", "stub-host", "tls-additional-port", "tls-session-ticket-keys"),
            *("trust-anchor", "trust-anchor-file", "trusted-keys-file", "url"),
        }
    ),
)


def parse(data: bytes, path: str) -> Document:
    """Read clauses; quotes are resolved."""
    return parse_clauses(data, path, _SYNTAX)


def sniff(data: bytes) -> bool:
    """Whether it opens with a clause of Unbound and holds nothing but attributes."""
    return looks_like_clauses(data, _SYNTAX)
