"""Lines: their ends, their continuations, their encoding."""

from __future__ import annotations

import pytest

from driftd.formats.parts.lines import Line, continued, decode, decode_strictly, lines, significant
from driftd.model.document import ParseError


def test_lines_end_with_lf_or_crlf_and_nothing_else() -> None:
    assert [line.text for line in lines(b"a\r\nb\x0bc\xe2\x80\xa8d\n\ne")] == ["a", "b\x0bc\u2028d", "", "e"]


def test_the_last_end_starts_no_line() -> None:
    assert list(lines(b"a\n")) == [Line(1, "a")]
    assert list(lines(b"")) == []


def test_bytes_that_are_not_utf_8_survive() -> None:
    assert decode(b"\xef\xbb\xbfcaf\xe9").encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_what_only_looks_like_utf_16_keeps_its_bytes() -> None:
    assert decode(b"\xff\xfea").encode("utf-8", "surrogateescape") == b"\xff\xfea"


def test_strict_decoding_names_the_line() -> None:
    with pytest.raises(ParseError) as caught:
        decode_strictly(b"a\nb\n\xff")
    assert caught.value.line == 3


def test_significant_lines_have_no_comments_and_keep_their_numbers() -> None:
    assert list(significant(lines(b"# c\n\n  a  # b\n;d\n"), ("#", ";"))) == [Line(3, "a  # b")]


def test_a_backslash_continues_unless_it_is_escaped() -> None:
    joined = continued(lines(b"a\\\n  b\nc\\\\\nd\\\n# x\ne\\"), " ", inner_comments=("#",))
    assert list(joined) == [Line(1, "a b"), Line(3, "c\\\\"), Line(4, "d e")]
