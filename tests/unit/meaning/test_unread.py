"""A line that a format does not know is never silence: it makes the file unreadable, or counts as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftd.audit import dialect_for
from driftd.compare.differ import compare
from driftd.formats.registry import by_name
from driftd.model.document import Document, ParseError

CASES = Path(__file__).parents[2] / "cases" / "formats"
INPUTS = sorted(CASES.glob("*/*.input"))
LINES = (
    b"???",
    b"two words",
    b"=",
    b"= x",
    b": y",
    b"[x",
    b'"unclosed',
    b"it's",
    b"))",
    b'"a" b',
    b"a b c d e f g h i j k",
)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(format: str, data: bytes) -> Document | None:
    try:
        return by_name(format).parse(data, "/x")
    except ParseError:
        return None


@pytest.mark.parametrize("source", INPUTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_line_of_no_sense_is_drift(source: Path) -> None:
    format, data = source.parent.name, source.read_bytes()
    before = read(format, data)
    if before is None or data.startswith(UTF_16):
        pytest.skip("not a text of lines")
    lines = data.split(b"\n")
    names = set(before.root.value) if isinstance(before.root.value, dict) else set()
    for at in {0, len(lines) // 2, len(lines) - 1}:
        if at and lines[at - 1].rstrip().endswith(b"\\"):
            continue  # it would continue the line before
        for line in LINES:
            after = read(format, b"\n".join([*lines[:at], line, *lines[at:]]))
            if after is None or (format == "properties" and "" in names):
                continue
            assert compare(before.root, after.root, dialect=dialect_for(after)).changes, (at, line)
