"""FreeRADIUS: settings and sections of radiusd.conf(5), and the policies of unlang(5).

A section is an object in the list under its name, its argument the member `@`. A policy is done line by line: its lines are
the list `statements`, in their order.
"""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "freeradius"
VERSION = 1
PATTERNS = (
    "radiusd.conf",
    *(
        f"*/{directory}/{name}"
        for directory in ("freeradius", "freeradius/*", "raddb")
        for name in (
            *("*.conf", "sites-available/*", "sites-enabled/*", "mods-available/*", "mods-enabled/*", "policy.d/*"),
            *("modules/*", "mods-config/**/*.conf"),
        )
    ),
)


def parse(data: bytes, path: str) -> Document:
    """Read settings and sections; ParseError names the line of a section that is not closed."""
    from driftd.formats.freeradius.reader import read  # late: few hosts have such files

    in_policies = "/policy.d/" in path
    return read(decode(data), DocumentBuilder(path, NAME), named_policies=in_policies)
