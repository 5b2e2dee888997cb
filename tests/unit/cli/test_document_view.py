"""A document as a tree, each value with its line."""

from __future__ import annotations

from driftd.cli.document_view import document_lines
from driftd.cli.style import Style
from driftd.formats.reading import read
from driftd.model.document import Node

PLAIN = Style(color=False)


def told(text: str, path: str = "/x.yml") -> list[str]:
    document = read(text.encode(), path).document
    assert document is not None
    return document_lines(document.root, PLAIN)


def test_mappings_lists_and_texts() -> None:
    assert told("a:\n  - x: 1\n    y: [2, [3]]\n  - []\nt: |\n  one\n  two\n") == [
        "    1  a:",
        "    2    - x: 1",
        "    3      y:",
        "    3        - 2",
        "    3        - - 3",
        "    4    - []",
        "    5  t: |",
        "         one",
        "         two",
    ]


def test_a_document_without_members() -> None:
    assert document_lines(Node([], 1), PLAIN) == ["    1  []"]
    assert document_lines(Node("x", 2), PLAIN) == ["    2  x"]


def test_a_type_can_be_told_from_the_text_that_spells_it() -> None:
    assert told("a: 1\nb: '1'\nc: null\nd: 'null'\n") == [
        "    1  a: 1",
        '    2  b: "1"',
        "    3  c: null",
        '    4  d: "null"',
    ]


def test_names_have_colours_and_control_characters_none() -> None:
    [row] = document_lines(Node({"a\x1b": Node("b\x1b[2J", 1)}, 1), Style(color=True))
    assert row == "\x1b[2m    1\x1b[0m  \x1b[36ma\\x1b\x1b[0m: b\\x1b[2J"
