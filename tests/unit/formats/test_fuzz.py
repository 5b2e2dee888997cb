"""No bytes make a parser do anything but return a Document or raise ParseError.

What is drawn is given to every format: making it up costs more than reading it. `make fuzz` draws more, and
bench/fuzz.py for as long as one likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from driftd.formats.detection import detect
from driftd.formats.reading import read
from driftd.formats.registry import FORMATS, Format
from driftd.model.document import Document, Node, ParseError
from driftd.model.keys import plain_steps, render_key

CASES = Path(__file__).parents[2] / "cases" / "formats"
SEEDS = {entry.name: [path.read_bytes() for path in sorted((CASES / entry.name).glob("*.input"))] for entry in FORMATS}
FRAGMENTS = [
    *(b"[", b"]", b"{", b"}", b"(", b")", b'"', b"'", b"\\", b"\n", b"\r\n", b"\t", b" ", b"=", b":", b";", b"#"),
    *(b"&a", b"*a", b"<<", b"!!", b"- ", b"? ", b"|", b">", b"---", b"...", b"%YAML 1.1", b"//", b"/*", b"*/", b"--[["),
    *(b"$", b"${", b"$(", b"`", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b'"""', b"'''", b"[["),
    *(b"1e999", b"0x", b"1979-05-27", b"Match ", b"include ", b"server {", b"x_by_lua_block {", b"export ", b"+="),
]
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
ANYTHING = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=8)), max_size=40).map(b"".join)


def holds_together(document: Document, data: bytes) -> None:
    """Lines exist in the file, keys can be spelled and found again."""
    last = data.count(b"\n") + data.count(b"\r") + 1  # YAML ends lines at either
    for steps, node in document.root.walk():
        assert isinstance(node, Node)
        assert node.line is None or 1 <= node.line <= last or data[:2] in UTF_16
        assert plain_steps(render_key(steps)) == steps
        assert document.root.at(steps) is node


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes that are put into a file in place of others; where, in ten-thousandths of it."""

    at: int
    length: int
    insertion: bytes

    def made_in(self, data: bytes) -> bytes:
        start = len(data) * self.at // 10_000
        return data[:start] + self.insertion + data[start + self.length :]


EDITS = st.lists(
    st.builds(
        Edit,
        st.integers(0, 10_000),
        st.integers(0, 12),
        st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=4), st.just(b"")),
    ),
    min_size=1,
    max_size=6,
)


def attempt(entry: Format, data: bytes) -> None:
    try:
        document = entry.parse(data, "/x")
    except ParseError:
        return
    except Exception as error:
        error.add_note(f"{entry.name} reads {data!r}")
        raise
    holds_together(document, data)


@example(data=b"---")  # an empty value behind the last end of line
@given(data=ANYTHING)
def test_any_bytes_are_a_document_or_a_parse_error(data: bytes) -> None:
    for entry in FORMATS:
        attempt(entry, data)


@given(case=st.integers(0, 63), edits=EDITS)
def test_any_change_to_a_real_file_is_a_document_or_a_parse_error(case: int, edits: list[Edit]) -> None:
    for entry in FORMATS:
        seeds = SEEDS[entry.name]
        data = seeds[case % len(seeds)]
        for edit in edits:
            data = edit.made_in(data)
        attempt(entry, data)


@given(
    data=ANYTHING, path=st.sampled_from(["/x", "/x.conf", "/etc/default/x", "/x.yml", "/etc/nginx/x.conf", "a/../b"])
)
def test_detecting_and_reading_never_raise(data: bytes, path: str) -> None:
    detect(path, data)
    reading = read(data, path)
    assert reading.problem is None or "please report it" not in reading.problem.message
    assert reading.document is not None or reading.problem is not None or reading.format is None
