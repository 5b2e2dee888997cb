"""What TOML 1.1 adds is read, and noted; what is wrong is told in the lines of the file."""

from __future__ import annotations

import pytest

from driftd.formats.toml import parse
from driftd.model.document import Document, ParseError


def read(text: str) -> Document:
    return parse(text.encode(), "/x.toml")


@pytest.mark.parametrize(
    ("text", "expected", "line"),
    [
        ("a = {\n  b = 1, # one\n  c = [\n    2,\n  ],\n}\n", {"a": {"b": 1, "c": [2]}}, 1),
        ('x = 1\na = "\\e[0m \\x41 \\\\x"\n', {"x": 1, "a": "\x1b[0m A \\x"}, 2),
        ('"\\x41" = 1\n', {"A": 1}, 1),
        ("a = 07:32\nb = 1979-05-27T07:32Z\n", {"a": "07:32:00", "b": "1979-05-27T07:32:00Z"}, 1),
        ("a = { b = 1, }\n", {"a": {"b": 1}}, 1),
    ],
)
def test_a_text_in_toml_1_1_is_read_and_noted(text: str, expected: object, line: int) -> None:
    document = read(text)
    assert document.root.to_json() == expected
    assert [(problem.line, problem.message) for problem in document.problems] == [
        (line, "written in TOML 1.1, which not all programs read")
    ]


def test_lines_of_an_inline_table_are_known() -> None:
    document = read("a = {\n  b = 1,\n  c = 2\n}\n")
    node = document.root.at(("a", "c"))
    assert node is not None
    assert node.line == 3


@pytest.mark.parametrize(
    "text",
    [
        'a = "07:32, }"',
        "# 07:32 {\na = '''\n,\n}'''",
        "a = 1 # \\e {",
        "a = [\n 1,\n {b = '''x\n'''},\n]",
        '"a:07:32" = 1',
        "a = 1979-05-27T07:32:00Z",
        "[a.b]\nc = 1",
    ],
)
def test_a_text_in_toml_1_0_is_no_problem(text: str) -> None:
    assert read(text).problems == []


@pytest.mark.parametrize(
    ("text", "line"), [("a = {\n b = 1\n}\nc = ?\n", 4), ("a = 1\nb = {,}", 2), ("a = {\n,\n}", 1), ("a = 1,}", 1)]
)
def test_what_is_not_toml_is_refused(text: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)
    assert caught.value.line == line
