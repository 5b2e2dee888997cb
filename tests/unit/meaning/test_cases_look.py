"""Every case of every format means the same with other ends of lines, a byte order mark, or one line's end more."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftd.audit import dialect_for
from driftd.compare.differ import compare
from driftd.formats.registry import by_name

CASES = Path(__file__).parents[2] / "cases" / "formats"
INPUTS = sorted(CASES.glob("*/*.input"))
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
MARK = b"\xef\xbb\xbf"
COMMENTS = {
    **dict.fromkeys(("php", "asterisk", "dns_zone"), b";"),
    **dict.fromkeys(("bind", "json", "icinga2"), b"//"),
    "systemctl_show": None,
    "xml": None,
    "text": None,
}
"""What starts a line of comment at the end of a file, where that is not `#`; None: there are none."""


def same(format: str, data: bytes, other: bytes) -> bool:
    parse = by_name(format).parse
    one, two = parse(data, "/x"), parse(other, "/x")
    return not compare(one.root, two.root, dialect=dialect_for(two)).changes


@pytest.mark.parametrize("source", INPUTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_means_the_same_however_its_lines_end(source: Path) -> None:
    format, data = source.parent.name, source.read_bytes()
    if data.startswith(UTF_16):
        pytest.skip("has its own mark and ends of lines")
    if b"\r" not in data:
        assert same(format, data, data.replace(b"\n", b"\r\n")), "CRLF"
    assert same(format, data, MARK + data.removeprefix(MARK)), "a byte order mark"


@pytest.mark.parametrize("source", INPUTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_comment_at_the_end_says_nothing(source: Path) -> None:
    format, data = source.parent.name, source.read_bytes()
    mark = COMMENTS.get(format, b"#")
    if mark is None or data.startswith(UTF_16) or data.rstrip(b"\r\n").endswith(b"\\"):
        pytest.skip("nothing can be said behind its last line")
    assert same(format, data, data.rstrip(b"\r\n") + b"\n" + mark + b" x = 1\n")
