"""systemd: units, drop-ins and `systemd/*.conf`. Sections hold settings; an empty value resets a list.

See systemd.syntax(7). A section is an object in the list under its name; units know each section once, the network's
files know some several times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import continued, lines, significant
from driftd.formats.systemd.lists import LIST_SETTINGS, REPEATED_SECTIONS
from driftd.model.document import Document, Node

NAME = "systemd"
VERSION = 3

_UNIT_SUFFIXES = (
    *("automount", "device", "dnssd", "link", "mount", "netdev", "network", "nspawn", "path"),
    *("scope", "service", "slice", "socket", "swap", "target", "timer"),
)


def _per_suffix(*shapes: str) -> tuple[str, ...]:
    return tuple(shape.format(suffix) for suffix in _UNIT_SUFFIXES for shape in shapes)


PATTERNS = (
    *_per_suffix("*/systemd/**/*.{0}", "*/*.{0}.d/*.conf"),
    "*/systemd/*.conf",
    "*/systemd/*.conf.d/*.conf",
)
HINTS = _per_suffix("*.{0}")


def parse(data: bytes, path: str) -> Document:
    """Read sections and settings; what is neither becomes a problem and the rest is still read."""
    builder = DocumentBuilder(path, NAME)
    sections: dict[str, Node] = {}
    current: Node | None = None
    for line in significant(continued(lines(data), " ", inner_comments=("#", ";")), ("#", ";")):
        if line.text.startswith("["):
            name = line.text[1:].removesuffix("]")
            if not line.text.endswith("]"):
                builder.problem(line.number, f"section {name!r} is not closed")
            if name in sections and name not in REPEATED_SECTIONS:
                current = sections[name]
            else:
                current = sections[name] = builder.block(name, None, line.number)
            continue
        setting, equals, value = line.text.partition("=")
        setting, value = setting.rstrip(), value.lstrip()
        if not equals or not setting:
            builder.unread(line.text, line.number, "not of the form Setting=value", at=current)
        elif setting in LIST_SETTINGS and not value:
            builder.reset(setting, line.number, at=current)
        else:
            builder.add(setting, value, line.number, at=current, repeatable=setting in LIST_SETTINGS)
        if current is None:
            builder.problem(line.number, "a setting before the first section")
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether the first thing that counts is a section."""
    return _first_character(data) == "["


def typical(data: bytes) -> bool:
    """Whether a file holds sections and settings as units, drop-ins and the network's files have them, and no others."""
    if _first_character(data) != "[":
        return False
    known = False
    for line in significant(continued(lines(data), " ", inner_comments=("#", ";")), ("#", ";")):
        if line.text.startswith("["):
            if line.text not in _TYPICAL_SECTIONS and not line.text.startswith("[X-"):
                return False
        elif not _SETTING.match(line.text):
            return False
        else:
            known = True
    return known


_TYPICAL_SECTIONS = frozenset(
    f"[{name}]"
    for name in (
        *("Automount", "Coredump", "Install", "Journal", "Link", "Login", "Manager", "Match", "Mount", "NetDev"),
        *(
            "Network",
            "Path",
            "Resolve",
            "Route",
            "Scope",
            "Service",
            "Slice",
            "Socket",
            "Swap",
            "Time",
            "Timer",
            "Unit",
        ),
    )
)
_SETTING = re.compile(r"[A-Z][A-Za-z0-9]*+[ \t]*+=")


def _first_character(data: bytes) -> str:
    first: Iterable[str] = (line.text[0] for line in significant(lines(data), ("#", ";")))
    return next(iter(first), "")
