"""sysctl.conf: kernel parameters. `net/ipv4/ip_forward` and `net.ipv4.ip_forward` are one. See sysctl.d(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document

NAME = "sysctl"
VERSION = 3
PATTERNS = ("*/sysctl.conf", "*/sysctl.d/*.conf")

HINTS = ("*.sysctl",)

_TYPICAL = re.compile(r"-?(?:abi|dev|fs|kernel|net|sunrpc|user|vm)[./][\w./*-]++\s*+=.*")
_ALL = re.compile(r"(net\.ipv[46]\.conf\.)([^.]+)\.(disable_ipv6|forwarding)")
"""What is written for `all` is written for every interface, so that it takes back what was said for one before."""
_SWAP = str.maketrans("./", "/.")


def parse(data: bytes, path: str) -> Document:
    """Read assignments; `-` before a name (errors do not matter) is left out of it."""
    builder = DocumentBuilder(path, NAME)
    interfaces: dict[str, list[str]] = {}
    for line in significant(lines(data), ("#", ";")):
        written, equals, value = line.text.partition("=")
        name = _dotted(written.strip().removeprefix("-").strip())
        if equals and name:
            builder.add(name, " ".join(value.split()), line.number)
            if (match := _ALL.fullmatch(name)) is not None:
                interfaces.setdefault(match[1] + match[3], []).append(name)
        elif name and written.startswith("-"):
            builder.add(name, None, line.number)  # excludes the name from what a glob sets
        else:
            builder.unread(line.text, line.number, "not of the form name = value")
    for names in interfaces.values():
        if ".conf.all." in " ".join(names[1:]):
            builder.add("@order", " ".join(names), 1)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether the first line is an assignment to a kernel parameter."""
    first = next(significant(lines(data), ("#", ";")), None)
    return first is not None and _TYPICAL.fullmatch(first.text) is not None


def typical(data: bytes) -> bool:
    """Whether every line is an assignment to a kernel parameter."""
    return sniff(data) and all(_TYPICAL.fullmatch(line.text) for line in significant(lines(data), ("#", ";")))


def _dotted(name: str) -> str:
    """The name with dots as separators: whichever of `.` and `/` comes first is the separator."""
    slash, dot = name.find("/"), name.find(".")
    if slash >= 0 and (dot < 0 or slash < dot):
        return name.translate(_SWAP)
    return name
