"""dhcpcd.conf: settings, those of an interface, a network or a profile in its own object. See dhcpcd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "dhcpcd"
VERSION = 1
PATTERNS = ("dhcpcd.conf",)

_SYNTAX = Directives(
    format=NAME,
    repeatable=frozenset(
        {
            *("allowinterfaces", "blacklist", "define", "define6", "denyinterfaces", "env", "ia_na", "ia_pd", "ia_ta"),
            *("ipv6ra_request", "nohook", "nooption", "option", "reject", "require", "static", "vendopt", "whitelist"),
        }
    ),
    sections=frozenset({"interface", "profile", "ssid"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read settings; an `interface`, `ssid` or `profile` is an object in a list with its name in `@`."""
    return parse_directives(data, path, _SYNTAX)
