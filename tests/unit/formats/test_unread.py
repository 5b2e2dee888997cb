"""A line that a format cannot read is drift: it counts as it is written, or the file is compared as text.

Each line of junk is put at every place of every case of every format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.audit import dialect_for
from driftd.compare.meaning import Meanings
from driftd.formats.registry import FORMATS, Format
from driftd.model.document import Document, ParseError

CASES = Path(__file__).parents[2] / "cases" / "formats"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
JUNK = ("%%% junk", "= junk", "] junk", 'junk "', "@junk")
READ = {
    ("chrony", "%%% junk"): "chrony.conf(5): `%` starts a comment",
    ("yaml", "%%% junk"): "YAML 1.2.2, 6.8.1: a directive that is not known is ignored",
    ("properties", "= junk"): "Properties.load(): a value of the empty name, of which the last one counts",
}
"""What is no junk to a format, and says nothing."""
COMMENTS = {
    **dict.fromkeys(
        ("apt_conf", "bind", "ganglia", "hcl", "icinga2", "json", "radvd", "ucl", "vcl"), (rb"/\*", rb"\*/")
    ),
    "asterisk": (rb";--", rb"--;"),
    "envfile": (rb"(?m)^[#;].*\\\n\Z", rb"(?!)"),
}
"""What starts and what ends a comment of several lines."""


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_a_line_that_a_format_cannot_read_is_a_change(entry: Format) -> None:
    for source in sorted((CASES / entry.name).glob("*.input")):
        path = json.loads(source.with_suffix(".expected.json").read_text()).get("path", "/case")
        data = source.read_bytes()
        without = _attempt(entry, data, path)
        if data.startswith(UTF_16) or without is None:
            continue
        for junk in JUNK:
            if (entry.name, junk) in READ:
                continue
            for before, after in _places(data, entry.name):
                one = _attempt(entry, before + f"{junk} 1\n".encode() + after, path)
                other = _attempt(entry, before + f"{junk} 2\n".encode() + after, path)
                if one is None or other is None:
                    continue
                assert _differ(without, one), f"{source.name}: {junk!r} behind {before[-80:]!r} says nothing"
                assert _differ(one, other), f"{source.name}: what {junk!r} says behind {before[-80:]!r} means nothing"


def _attempt(entry: Format, data: bytes, path: str) -> Document | None:
    try:
        return entry.parse(data, path)
    except ParseError:
        return None


def _differ(one: Document, other: Document) -> bool:
    dialect = dialect_for(other)
    return Meanings(dialect).digest(one.root) != Meanings(dialect).digest(other.root)


def _places(data: bytes, format: str) -> Iterator[tuple[bytes, bytes]]:
    """What stands before and behind each start of a line that is not within a comment."""
    lines = data.splitlines(keepends=True)
    for at in range(len(lines) + 1):
        before = b"".join(lines[:at])
        if not _within_comment(before, format):
            yield before + (b"\n" if before and not before.endswith(b"\n") else b""), b"".join(lines[at:])


def _within_comment(text: bytes, format: str) -> bool:
    opening, closing = COMMENTS.get(format, (rb"(?!)", rb"(?!)"))
    return len(re.findall(opening, text)) > len(re.findall(closing, text))
