"""Files made to look otherwise: without their comments, with other ends of lines. Nothing that they mean changes.

What is not certain is left alone: a `#` may stand in a text of several lines, which is none of a comment.
"""

from __future__ import annotations

import codecs
import re

HASH = (b"#",)
SEMICOLON = (b"#", b";")
SLASHES = (b"#", b"//")

COMMENTS: dict[str, tuple[bytes, ...]] = {
    **dict.fromkeys(("ini", "mysql", "systemd", "samba", "resolv", "php", "asterisk"), SEMICOLON),
    **dict.fromkeys(("apt_conf", "hcl"), SLASHES),
    **dict.fromkeys(("xml", "json", "text", "iptables", "ipset"), ()),
    "bind": (b"//",),
    "dns_zone": (b";",),
    "properties": (b"#", b"!"),
    "sudoers": (b"# ",),  # `#include` and `#1000` say something
    "conf": (b"# ",),  # `#include` may be read
    "varnish": (b"#", b"//"),
}
"""What starts a line of comment; `#` in the formats that are not named."""

_MULTILINE = re.compile(rb"""<<-?\s*["']?\w|\"\"\"|'''|_by_lua|postrotate|prerotate|\$\(|`""")
_XML_COMMENT = re.compile(rb">[ \t\r\n]*<!--(?:(?!--).)*?-->(?=[ \t\r\n]*<)", re.DOTALL)


def without_comments(data: bytes, format: str | None) -> bytes | None:
    """Return a file without lines of comment; None where they cannot be told for sure from lines of a text."""
    if format == "xml":
        return None if b"CDATA" in data or b"<!DOCTYPE" in data else _XML_COMMENT.sub(b">", data)
    marks = COMMENTS.get(format or "", HASH)
    if not marks or _MULTILINE.search(data):
        return None
    kept: list[bytes] = []
    inside = _inside_texts(data) if format == "yaml" else frozenset()
    continued = open_quote = False
    for number, line in enumerate(data.split(b"\n")):
        text = line.strip()
        if text.startswith(marks) and not continued and number not in inside:
            if open_quote:
                return None
            continue
        continued = text.endswith(b"\\")
        open_quote ^= text.count(b'"') % 2 == 1
        kept.append(line)
    return b"\n".join(kept)


def _inside_texts(data: bytes) -> frozenset[int]:
    """Lines, from zero, that a scalar of several lines covers in YAML; all of them where it does not scan."""
    import yaml

    inside: set[int] = set()
    try:
        for token in yaml.scan(data, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.ScalarToken):
                inside.update(range(token.start_mark.line + 1, token.end_mark.line + 1))
    except yaml.YAMLError:
        return frozenset(range(data.count(b"\n") + 1))
    return frozenset(inside)


def with_crlf(data: bytes, format: str | None) -> bytes | None:  # noqa: ARG001
    """Return a file with the ends of lines of another system; None where it has some already."""
    return None if b"\r" in data else data.replace(b"\n", b"\r\n")


def with_mark(data: bytes, format: str | None) -> bytes | None:  # noqa: ARG001
    """Return a file that opens with the mark of UTF-8."""
    return None if data.startswith((codecs.BOM_UTF8, b"\xff\xfe", b"\xfe\xff")) else codecs.BOM_UTF8 + data


def other_end(data: bytes, format: str | None) -> bytes | None:
    """Return a file whose last line has an end where it had none, or has none; not in YAML, where that may count.

    None where an empty line is the last one: that would be a line less.
    """
    if not data.strip() or format == "yaml" or data.endswith((b"\n\n", b"\n\r\n")):
        return None
    return data[:-1] if data.endswith(b"\n") else data + b"\n"
